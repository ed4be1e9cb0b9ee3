// What a second answer may come to, through the whole engine and on all lanes: loops, refusals, tools, and JSON.

import { describe, expect, test } from "bun:test";
import { delivered, streamed } from "../../test/support/answers-said.ts";
import { bytesSent, handEngine, respond } from "../../test/support/hand-engine.ts";
import type { Sent } from "../../test/support/hand-runtime.ts";
import { read } from "../../test/support/lanes.ts";
import { ANTHROPIC, CHAT } from "../../test/support/virtual.ts";
import type { DialectId } from "../core/call.ts";

const SSE = { "content-type": "text/event-stream" };
const SAID = ["The sea ", "is calm ", "tonight, ", "and the ", "tide is ", "full, "];
const TEXT = SAID.join("");
const ANCHOR = TEXT.trimEnd();
const LANES = [
  [ANTHROPIC, ANTHROPIC],
  [CHAT, CHAT],
  [CHAT, ANTHROPIC],
  [ANTHROPIC, CHAT],
] as const;

/** Without its stop reason and all that follows it. */
function cut(whole: string): string {
  return whole.slice(0, whole.search(/event: message_delta|data: [^\n]*"finish_reason":"/));
}

async function play(target: DialectId, client: DialectId, second: string, body: object = {}) {
  const sent: Sent[] = [];
  const engine = handEngine(
    [target, target],
    (request) => {
      sent.push(request);
      const first = cut(streamed[target](...SAID.map((text) => ({ text }))));
      return respond(200, request.url.startsWith("http://p0") ? first : second, SSE);
    },
    { resume: "text", attempts: 2 },
  );
  const request = {
    model: "chat",
    max_tokens: 400,
    stream: true,
    messages: [{ role: "user", content: "go" }],
    ...body,
  };
  const delivery = await engine.ask({ dialect: client, stream: true, body: JSON.stringify(request) });
  const heard = read(client, new TextEncoder().encode(await delivered(delivery)), false);
  const ends = engine.events.flatMap((event) => (event.type === "attempt-end" ? [event] : []));
  return { heard, ends, sent };
}

describe.each(LANES)("a target of %s and a client of %s", (target, client) => {
  test("a loop behind the seam is shown, held against who said it, and no good end", async () => {
    const loop = Array.from({ length: 400 }, () => ({ text: "the " }));
    const { heard, ends } = await play(target, client, streamed[target]({ text: `${ANCHOR} ` }, ...loop));
    expect([heard.closed, heard.errors.length, heard.text.startsWith(`${TEXT}the the`)]).toEqual([false, 1, true]);
    expect(ends.map(({ flaw }) => flaw !== undefined)).toEqual([false, true]);
  });

  test("a loop that never comes to the seam is given up", async () => {
    const loop = Array.from({ length: 2_000 }, () => ({ text: "no, no. " }));
    const { heard } = await play(target, client, streamed[target](...loop));
    expect([heard.closed, heard.errors.length, heard.text]).toEqual([false, 1, TEXT]);
  });

  test("the anchor, again and again and nothing else, is no other answer", async () => {
    const again = Array.from({ length: 5 }, () => ({ text: `${ANCHOR}\n` }));
    const { heard } = await play(target, client, streamed[target](...again));
    expect(heard.text.startsWith(TEXT.trimEnd())).toBe(true);
    expect(heard.closed || heard.errors.length === 1).toBe(true);
  });

  test("a refusal of the second is not the first one's end, and is not shown", async () => {
    const refusal = streamed[target]({ text: ANCHOR })
      .replace('"end_turn"', '"refusal"')
      .replace('"finish_reason":"stop"', '"finish_reason":"content_filter"');
    const { heard } = await play(target, client, refusal);
    expect([heard.closed, heard.errors.length, heard.text, heard.stop]).toEqual([false, 1, TEXT, undefined]);
  });

  test("a call of a tool is not shown to a client that has none", async () => {
    const { heard } = await play(target, client, streamed[target]({ text: ANCHOR }, { name: "look", input: {} }));
    expect([heard.closed, heard.errors.length, heard.tools]).toEqual([false, 1, []]);
  });

  test("what is asked: the history as it was, the answer so far, the last words", async () => {
    const { heard, sent } = await play(target, client, streamed[target]({ text: `${ANCHOR} they say.` }));
    expect([heard.text, heard.closed]).toEqual([`${TEXT}they say.`, true]);
    const [first, second] = sent.map((request) => JSON.parse(bytesSent(request)));
    expect(second.messages.slice(0, first.messages.length)).toEqual(first.messages);
    const [answer, asked] = second.messages.slice(first.messages.length);
    expect([answer.role, answer.content.trimEnd(), asked.role]).toEqual(["assistant", ANCHOR, "user"]);
    expect(asked.content).toContain(ANCHOR);
  });
});

test("what the second one could not be told of the request is said at the seam", async () => {
  const engine = handEngine(
    [ANTHROPIC, CHAT],
    ({ url }) => {
      const isFirst = url.startsWith("http://p0");
      const first = cut(streamed[ANTHROPIC](...SAID.map((text) => ({ text }))));
      return respond(200, isFirst ? first : streamed[CHAT]({ text: `${ANCHOR} so.` }), SSE);
    },
    { resume: "text" },
  );
  const messages = [{ role: "user", content: "go" }];
  const body = JSON.stringify({ model: "chat", max_tokens: 99, stream: true, messages, top_k: 5 });
  const delivery = await engine.ask({ dialect: ANTHROPIC, stream: true, body });
  expect(delivery.headers["x-holdfast-lossy"]).toBeUndefined();
  expect((await delivered(delivery)).match(/"lossy":\["top_k"\]/g)).toHaveLength(2);
});

describe("what is counted from 1", () => {
  const from1 = (text: string) =>
    text.replace(/"index":(\d+)(?=,"(?:content_block|delta|id)"|})/g, (all, index: string) =>
      all.includes('"choices"') ? all : `"index":${Number(index) + 1}`,
    );
  const call = { name: "look", input: { at: "the sea" } };

  test("natively in a Chat stream passes to the byte", async () => {
    const source = streamed[CHAT](call).replaceAll('"tool_calls":[{"index":0', '"tool_calls":[{"index":1');
    const engine = handEngine([CHAT], () => respond(200, source, SSE), { resume: "text", usage: "as-asked" });
    const tools = [{ type: "function", function: { name: "look" } }];
    const body = { model: "chat", stream: true, messages: [{ role: "user", content: "go" }], tools };
    const delivery = await engine.ask({ dialect: CHAT, stream: true, body: JSON.stringify(body) });
    const own = (text: string) => text.split("\n\n").filter((frame) => frame.includes("tool_calls"));
    expect(own(await delivered(delivery))).toEqual(own(source));
  });

  test.each([
    [ANTHROPIC, ANTHROPIC],
    [ANTHROPIC, CHAT],
    [CHAT, ANTHROPIC],
  ] as const)(
    "of %s for a client of %s: SDKs would lose it, so that it is whole from another, or counted anew",
    async (target, client) => {
      const first =
        target === ANTHROPIC
          ? from1(streamed[ANTHROPIC]({ text: TEXT }, call))
          : streamed[CHAT](call).replaceAll('"tool_calls":[{"index":0', '"tool_calls":[{"index":1');
      const engine = handEngine(
        [target, target],
        ({ url }) => respond(200, url.startsWith("http://p0") ? first : streamed[target](call), SSE),
        { resume: "text" },
      );
      const tools = [
        client === CHAT
          ? { type: "function", function: { name: "look" } }
          : { name: "look", input_schema: { type: "object" } },
      ];
      const body = { model: "chat", max_tokens: 99, stream: true, messages: [{ role: "user", content: "go" }], tools };
      const delivery = await engine.ask({ dialect: client, stream: true, body: JSON.stringify(body) });
      const text = await delivered(delivery);
      const heard = read(client, new TextEncoder().encode(text), false);
      expect([heard.violations, heard.closed, heard.tools.map(({ name, json }) => [name, JSON.parse(json)])]).toEqual([
        [],
        true,
        [[call.name, call.input]],
      ]);
    },
  );
});
