// What Claude Code asks of a gateway: its path and query as they are, its headers unchanged, real token counts in the
// first event, and somebody at home for `HEAD /`. And whose headers the client gets.

import { describe, expect, test } from "bun:test";
import { door, MESSAGE, respond } from "../../test/support/door.ts";

const STREAM = [
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1234,"output_tokens":1}}}',
  'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}',
  'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}',
  'event: message_stop\ndata: {"type":"message_stop"}',
]
  .map((frame) => `${frame}\n\n`)
  .join("");

const OVERLOADED = JSON.stringify({ type: "error", error: { type: "overloaded_error", message: "busy" } });
const MESSAGES = [{ role: "user", content: "x" }];

test("path, query and headers reach the provider as they were sent", async () => {
  const { ask, sent } = door({
    answering: ({ url }) => respond(200, url.includes("count_tokens") ? '{"input_tokens":3}' : MESSAGE),
  });
  const own = {
    "anthropic-version": "2026-10-21",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
  };
  const body = JSON.stringify({ model: "chat", max_tokens: 5, messages: MESSAGES });
  for (const path of ["/v1/messages?beta=true", "/v1/messages/count_tokens?beta=true"]) {
    await ask(path, { method: "POST", headers: { ...own, authorization: "Bearer theirs" }, body });
    expect(sent.at(-1)?.url).toBe(`https://alpha.test${path}`);
    expect(sent.at(-1)?.headers).toMatchObject({ ...own, "x-api-key": "sk-alpha" });
    expect(JSON.stringify(sent.at(-1)?.headers)).not.toContain("theirs");
  }
});

test("the stream is the provider's own, token counts included", async () => {
  const { ask } = door({
    answering: () => respond(200, STREAM, { "content-type": "text/event-stream; charset=utf-8" }),
  });
  const body = JSON.stringify({ model: "m", max_tokens: 5, stream: true, messages: MESSAGES });
  const response = await ask("/v1/messages?beta=true", { method: "POST", body: body.replace('"m"', '"chat"') });
  expect(await response.text()).toBe(STREAM);
});

test("HEAD / is answered", async () => {
  expect((await door().ask("/", { method: "HEAD" })).status).toBe(200);
});

describe("the provider's own headers", () => {
  const own = {
    "request-id": "req_provider",
    "anthropic-ratelimit-requests-remaining": "7",
    "anthropic-organization-id": "org_1",
    "retry-after": "9",
    "set-cookie": "c=1",
    server: "cloudflare",
  };

  test("limits and ids of the first target pass", async () => {
    const { headers } = await door({ answering: () => respond(200, MESSAGE, own) }).call("chat");
    expect(headers.get("request-id")).toBe("req_provider");
    expect(headers.get("anthropic-ratelimit-requests-remaining")).toBe("7");
    expect(headers.get("x-holdfast-degraded")).toBeNull();
    for (const name of ["retry-after", "set-cookie", "server"])
      expect([name, headers.has(name)]).toEqual([name, false]);
  });

  test("after a failover they are stripped: they speak of another account's bucket", async () => {
    const answering = ({ url }: { readonly url: string }) =>
      url.includes("alpha") ? respond(529, OVERLOADED, own) : respond(200, MESSAGE, own);
    const { headers } = await door({ answering }).call("chat");
    // A short `retry-after` would be waited for; this one is not.
    expect(headers.get("x-holdfast-trail")).toBe("alpha/m=overloaded, beta/m=ok");
    expect(headers.get("request-id")).toStartWith("call_");
    expect([...headers.keys()].filter((name) => name.startsWith("anthropic-"))).toEqual([]);
  });

  test("so they are where the first target was passed over", async () => {
    const { ask, call } = door({ answering: () => respond(200, MESSAGE, own) });
    await ask("/admin/v1/targets/alpha/m/drain", { method: "POST" });
    const { headers } = await call("chat");
    expect(headers.get("x-holdfast-target")).toBe("beta/m");
    expect(headers.has("anthropic-ratelimit-requests-remaining")).toBe(false);
  });
});
