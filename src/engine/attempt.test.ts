// One try at one target through the whole engine, against a transport in the test's hand: what is sent, and what is made
// of whatever comes back. Streams have their own tests, and so has the choice of targets.

import { describe, expect, test } from "bun:test";
import { delivered } from "../../test/support/answers-said.ts";
import { type Answering, bytesSent, HandBody, handEngine, respond } from "../../test/support/hand-engine.ts";
import { ANTHROPIC, CHAT } from "../../test/support/virtual.ts";
import { fault } from "../core/fault.ts";

const WHOLE = {
  [ANTHROPIC]: JSON.stringify({
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "m",
    content: [{ type: "text", text: "hi" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 3, output_tokens: 1 },
  }),
  [CHAT]: JSON.stringify({
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
  }),
} as const;

/** A route with one place to go would try it again. */
const ONCE = { attempts: 1 } as const;

const error = (type: string) => JSON.stringify({ type: "error", error: { type, message: "words of the provider" } });
const trailOf = (headers: Readonly<Record<string, string>> | undefined) => headers?.["x-holdfast-trail"];

describe("what is sent", () => {
  test("natively: the client's bytes with the target's model, its path, its query, the provider's own key", async () => {
    const { ask, sent } = handEngine([ANTHROPIC], () => respond(200, WHOLE[ANTHROPIC]));
    const body = '{ "model" : "chat","max_tokens":5,  "messages":[{"role":"user","content":"\\u00e9"}]}';
    await ask({
      body,
      headers: { "anthropic-version": "2024-01-01", authorization: "Bearer stolen", cookie: "a=b", "x-api-key": "own" },
      query: "?beta=true",
    });
    expect(bytesSent(sent[0])).toBe(body.replace('"chat"', '"m0"'));
    expect(sent[0]).toMatchObject({ method: "POST", url: "http://p0.test/v1/messages?beta=true", connectMs: 5_000 });
    expect(sent[0]?.headers).toMatchObject({ "x-api-key": "key-0", "anthropic-version": "2024-01-01" });
    expect(Object.keys(sent[0]?.headers ?? {})).not.toContain("cookie");
    expect(JSON.stringify(sent[0]?.headers)).not.toContain("stolen");
  });

  test("translated: no query, and the other dialect's path and credential", async () => {
    const { ask, sent } = handEngine([CHAT], () => respond(200, WHOLE[CHAT]));
    const delivery = await ask({ query: "?beta=true" });
    expect(sent[0]?.url).toBe("http://p0.test/chat/completions");
    expect(sent[0]?.headers.authorization).toBe("Bearer key-0");
    expect(JSON.parse(new TextDecoder().decode(delivery.body as Uint8Array))).toMatchObject({ type: "message" });
  });

  test.each([
    [
      "exact",
      '{"model":"m0","stream":true,"messages":[{"role":"user","content":"x"}],"stream_options":{"include_usage":true}}',
    ],
    ["as-asked", '{"model":"m0","stream":true,"messages":[{"role":"user","content":"x"}]}'],
  ] as const)("usage %s", async (usage, expected) => {
    const { ask, sent } = handEngine([CHAT], () => respond(503, ""), { usage });
    await ask({ dialect: CHAT, body: '{"model":"chat","stream":true,"messages":[{"role":"user","content":"x"}]}' });
    expect(JSON.parse(bytesSent(sent[0]))).toEqual(JSON.parse(expected));
  });

  test("strict: what would lose a field is not sent at all", async () => {
    const { ask, sent } = handEngine([CHAT, ANTHROPIC], () => respond(200, WHOLE[ANTHROPIC]), { strict: true });
    const body = '{"model":"chat","max_tokens":5,"top_k":4,"messages":[{"role":"user","content":"x"}]}';
    const delivery = await ask({ body });
    expect([sent.length, sent[0]?.url]).toEqual([1, "http://p1.test/v1/messages"]);
    expect(trailOf(delivery.headers)).toBe("p0/m0=lossy, p1/m1=ok");
  });

  test("a strict call reaches the target that loses nothing, however many would lose something before it", async () => {
    const dialects = [CHAT, CHAT, CHAT, ANTHROPIC] as const;
    const { ask, sent, events } = handEngine(dialects, () => respond(200, WHOLE[ANTHROPIC]), { strict: true });
    const body = '{"model":"chat","max_tokens":5,"top_k":4,"messages":[{"role":"user","content":"x"}]}';
    const delivery = await ask({ body });
    expect(sent.map(({ url }) => url)).toEqual(["http://p3.test/v1/messages"]);
    expect(trailOf(delivery.headers)).toBe("p0/m0=lossy, p1/m1=lossy, p2/m2=lossy, p3/m3=ok");
    expect(delivery.headers?.["x-holdfast-attempts"]).toBe("1");
    expect(events.filter(({ type }) => type === "attempt-start")).toHaveLength(1);
  });

  test("what cannot be translated is named as the client named it", async () => {
    const targets = [{ provider: "p0", model: "claude-sonnet-5" }];
    const { ask, sent } = handEngine([ANTHROPIC], () => respond(200, WHOLE[ANTHROPIC]), { targets });
    const messages = ["user", "assistant"].map((role) => ({ role, content: "x" }));
    const delivery = await ask({ dialect: CHAT, body: JSON.stringify({ model: "chat", messages }) });
    expect([delivery.status, sent]).toEqual([400, []]);
    expect(JSON.parse(await delivered(delivery)).error).toMatchObject({
      message: expect.stringMatching(/^messages: this model goes on with no message of the assistant/),
      param: "messages",
    });
  });

  test("an operation that the target's dialect does not have goes elsewhere", async () => {
    const { ask, sent } = handEngine([CHAT, ANTHROPIC], () => respond(200, '{"input_tokens":7}'));
    const body = '{"model":"chat","messages":[{"role":"user","content":"x"}]}';
    const delivery = await ask({ body, operation: "count-tokens" });
    expect(sent.map(({ url }) => url)).toEqual(["http://p1.test/v1/messages/count_tokens"]);
    expect([delivery.status, new TextDecoder().decode(delivery.body as Uint8Array)]).toEqual([
      200,
      '{"input_tokens":7}',
    ]);
  });
});

describe("what comes back, whole", () => {
  const cases: readonly (readonly [name: string, answer: Answering, fault: string])[] = [
    ["a redirect", () => respond(307, "", { location: "http://elsewhere.test" }), "malformed-reply"],
    ["HTML", () => respond(200, "<html>", { "content-type": "text/html" }), "malformed-reply"],
    ["nothing", () => respond(200, ""), "malformed-reply"],
    ["half of it", () => respond(200, WHOLE[ANTHROPIC].slice(0, 80)), "malformed-reply"],
    ["an error inside", () => respond(200, error("overloaded_error")), "overloaded"],
    ["no content", () => respond(200, WHOLE[ANTHROPIC].replace('{"type":"text","text":"hi"}', "")), "empty-reply"],
    ["no connection", () => fault("connect-failed", "refused"), "connect-failed"],
    ["403", () => respond(403, error("permission_error")), "credential-rejected"],
    ["529", () => respond(529, error("overloaded_error")), "overloaded"],
    ["an error without a body", () => respond(500, ""), "server-error"],
    ["an error of half a megabyte", () => respond(529, "x".repeat(524_288)), "overloaded"],
  ];

  test.each(cases)("%s: the next target answers", async (_, answer, kind) => {
    const { ask } = handEngine([ANTHROPIC, ANTHROPIC], (request) =>
      request.url.includes("p0") ? answer(request) : respond(200, WHOLE[ANTHROPIC]),
    );
    const delivery = await ask({});
    expect(delivery.status).toBe(200);
    expect(trailOf(delivery.headers)).toEndWith(`p0/m0=${kind}, p1/m1=ok`);
  });

  test("an answer that is empty once translated: the next target answers", async () => {
    const native = '{"type":"server_tool_use","id":"s","name":"web_search","input":{}}';
    const { ask } = handEngine([ANTHROPIC, CHAT], (request) =>
      respond(
        200,
        request.url.includes("p0") ? WHOLE[ANTHROPIC].replace('{"type":"text","text":"hi"}', native) : WHOLE[CHAT],
      ),
    );
    const delivery = await ask({ dialect: CHAT });
    expect(trailOf(delivery.headers)).toBe("p0/m0=empty-reply, p1/m1=ok");
  });

  test("thinking that used up the limit is an answer, though nothing of it is seen once translated", async () => {
    const hidden = { role: "assistant", content: "", reasoning_content: "hm" };
    const reply = {
      ...{ id: "c", object: "chat.completion", created: 1, model: "m" },
      choices: [{ index: 0, message: hidden, finish_reason: "length" }],
      usage: { prompt_tokens: 1, completion_tokens: 5, total_tokens: 6 },
    };
    const engine = handEngine([CHAT], () => respond(200, JSON.stringify(reply)));
    const delivery = await engine.ask({});
    expect(delivery.status).toBe(200);
    expect(JSON.parse(await delivered(delivery))).toMatchObject({ content: [], stop_reason: "max_tokens" });
  });

  test("a caller's own 400 is final and comes back as it was", async () => {
    const { ask, sent } = handEngine([ANTHROPIC, ANTHROPIC], () => respond(400, error("invalid_request_error")));
    const delivery = await ask({});
    expect([delivery.status, sent.length]).toEqual([400, 1]);
    expect(new TextDecoder().decode(delivery.body as Uint8Array)).toBe(error("invalid_request_error"));
  });

  test("a 400 to a request that we wrote proves nothing: another target is asked", async () => {
    const { ask } = handEngine([CHAT, ANTHROPIC], ({ url }) =>
      url.includes("p0")
        ? respond(400, '{"error":{"message":"no","type":"invalid_request_error"}}')
        : respond(200, WHOLE[ANTHROPIC]),
    );
    expect(trailOf((await ask({})).headers)).toBe("p0/m0=unsupported, p1/m1=ok");
  });

  test("a body over the limit is the provider's fault, not the caller's", async () => {
    for (const stream of [true, false]) {
      const body = new HandBody();
      body.whole = async () => fault("too-large", "over the limit");
      const { ask } = handEngine([ANTHROPIC], () => respond(200, body), ONCE);
      const delivery = await ask({ stream });
      expect(delivery.status).toBe(529);
      expect(trailOf(delivery.headers)).toBe("p0/m0=malformed-reply");
    }
  });
});

describe("what comes back, for a stream", () => {
  test("a whole reply instead is malformed, an error instead is that error", async () => {
    for (const [body, kind] of [
      [WHOLE[ANTHROPIC], "malformed-reply"],
      [error("overloaded_error"), "overloaded"],
    ] as const) {
      const { ask } = handEngine([ANTHROPIC], () => respond(200, body), ONCE);
      expect(trailOf((await ask({ stream: true })).headers)).toBe(`p0/m0=${kind}`);
    }
  });

  test("an error whose body hangs is known by its status, after five seconds", async () => {
    for (const [status, kind] of [
      [529, "overloaded"],
      [200, "first-token-timeout"],
    ] as const) {
      const { ask, clock } = handEngine([ANTHROPIC], () => respond(status, new HandBody()), ONCE);
      const delivery = await ask({ stream: true });
      expect([clock.now(), trailOf(delivery.headers)]).toEqual([5_000, `p0/m0=${kind}`]);
    }
  });
});

describe("bugs", () => {
  test("a transport that throws is one fault like any other, told as a bug", async () => {
    const { ask, events, engine, clock } = handEngine([ANTHROPIC, ANTHROPIC], () => {
      throw new Error("a mistake in a transport");
    });
    const delivery = await ask({});
    expect(delivery.status).toBe(500);
    expect(events.map(({ type }) => type)).toEqual(["call-start", "attempt-start", "bug", "attempt-end", "call-end"]);
    expect([engine.inFlight, clock.timers]).toEqual([0, 0]);
  });
});
