// Successes of no use through the whole engine: replaced while they can be, noted as a flaw afterwards, and taken as they
// are where nobody is left to give another.

import { describe, expect, test } from "bun:test";
import { type Block, delivered, streamed, whole } from "../../test/support/answers-said.ts";
import { type Answering, handEngine, respond } from "../../test/support/hand-engine.ts";
import { ANTHROPIC, CHAT } from "../../test/support/virtual.ts";
import type { DialectId } from "../core/call.ts";

const SCHEMA = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const MESSAGES = [{ role: "user", content: "hello" }];
const ASKED = { model: "chat", max_tokens: 99, messages: MESSAGES };

/** A request of either dialect that declares a tool, or asks for output of a form. */
const request: Readonly<Record<DialectId, Readonly<Record<"tools" | "schema" | "plain", object>>>> = {
  [ANTHROPIC]: {
    tools: { tools: [{ name: "count", input_schema: SCHEMA }] },
    schema: { output_config: { format: { type: "json_schema", schema: SCHEMA } } },
    plain: {},
  },
  [CHAT]: {
    tools: { tools: [{ type: "function", function: { name: "count", parameters: SCHEMA } }] },
    schema: { response_format: { type: "json_schema", json_schema: { name: "n", schema: SCHEMA } } },
    plain: {},
  },
};

const LOOP = `I see. ${"the ".repeat(400)}`;
const FLAWED = [
  ["a tool's input breaks its schema", "tools", { name: "count", input: { n: "five" } }],
  ["a tool that was not declared", "tools", { name: "delete", input: {} }],
  ["output that breaks the schema", "schema", { text: '{"n":"five"}' }],
  ["output that is no JSON", "schema", { text: "Here you are: 5" }],
  ["a loop", "plain", { text: LOOP }],
] as const;
const FINE = [
  ["a tool's input as declared", "tools", { name: "count", input: { n: 5, more: true } }],
  ["output as asked", "schema", { text: ' {"n":5}\n' }],
  ["prose", "plain", { text: "the end" }],
] as const;

const bodyOf = (dialect: DialectId, asks: "tools" | "schema" | "plain", stream: boolean) =>
  JSON.stringify({ model: "chat", max_tokens: 99, stream, messages: MESSAGES, ...request[dialect][asks] });
const LANES = [
  [ANTHROPIC, ANTHROPIC],
  [CHAT, CHAT],
  [CHAT, ANTHROPIC],
  [ANTHROPIC, CHAT],
] as const;
const EVENT_STREAM = { "content-type": "text/event-stream" };

/** What the first of two targets says, and what came of it. */
async function play(
  target: DialectId,
  client: DialectId,
  script: { asks: "tools" | "schema" | "plain"; answer: string; stream?: boolean; alone?: boolean; resume?: "text" },
) {
  const { asks, answer, stream = false, alone = false, resume = "off" } = script;
  const good = stream ? streamed : whole;
  const block: Block = asks === "tools" ? { name: "count", input: { n: 1 } } : { text: '{"n":1}' };
  const answering: Answering = ({ url }) => {
    const body = url.startsWith("http://p0") ? answer : good[target](block);
    return respond(200, body, stream ? EVENT_STREAM : undefined);
  };
  const engine = handEngine(alone ? [target] : [target, target], answering, { resume });
  const delivery = await engine.ask({ dialect: client, stream, body: bodyOf(client, asks, stream) });
  const text = await delivered(delivery);
  const flaw = engine.events.find((event) => event.type === "attempt-end" && event.flaw !== undefined);
  return { trail: delivery.headers["x-holdfast-trail"], status: delivery.status, text, flawed: flaw !== undefined };
}

describe.each(LANES)("a target of %s and a client of %s", (target, client) => {
  test.each(FLAWED)("a whole reply, %s: the next target answers", async (_, asks, block) => {
    const played = await play(target, client, { asks, answer: whole[target](block) });
    expect(played).toMatchObject({ status: 200, trail: "p0/m0=useless-reply, p1/m1=ok", flawed: false });
  });

  test.each(FLAWED)("a whole reply, %s, and no other target: it is given, and noted", async (_, asks, block) => {
    const played = await play(target, client, { asks, answer: whole[target](block), alone: true });
    expect(played).toMatchObject({ status: 200, trail: "p0/m0=ok", flawed: true });
  });

  test.each(FINE)("a whole reply, %s: it is given", async (_, asks, block) => {
    expect(await play(target, client, { asks, answer: whole[target](block) })).toMatchObject({
      trail: "p0/m0=ok",
      flawed: false,
    });
  });

  test("a reply that was cut by its limit is not held against a schema", async () => {
    const cut = whole[target]({ text: '{"n":' }, target === CHAT ? "length" : "max_tokens");
    expect(await play(target, client, { asks: "schema", answer: cut })).toMatchObject({
      trail: "p0/m0=ok",
      flawed: false,
    });
  });

  test.each(FLAWED.filter(([, asks]) => asks === "tools"))(
    "a stream that begins with it, %s: the next target answers",
    async (_, asks, block) => {
      const played = await play(target, client, { asks, answer: streamed[target](block), stream: true });
      expect(played).toMatchObject({ trail: "p0/m0=useless-reply, p1/m1=ok", flawed: false });
      expect(played.text).not.toContain("five");
    },
  );

  test.each(FLAWED.filter(([, asks]) => asks === "tools"))(
    "a stream that has spoken, %s: it goes on, and is noted",
    async (_, asks, block) => {
      const played = await play(target, client, {
        asks,
        answer: streamed[target]({ text: "Well." }, block),
        stream: true,
      });
      expect(played).toMatchObject({ trail: "p0/m0=ok", flawed: true });
      expect(played.text).toContain(JSON.stringify("name" in block ? block.name : ""));
    },
  );

  test.each(FLAWED.filter(([, asks]) => asks === "schema"))(
    "a stream, %s: it is given, and noted",
    async (_, asks, block) => {
      const played = await play(target, client, { asks, answer: streamed[target](block), stream: true });
      expect(played).toMatchObject({ trail: "p0/m0=ok", flawed: true });
    },
  );

  test.each(FINE)("a stream, %s: nothing is held against it", async (_, asks, block) => {
    const played = await play(target, client, { asks, answer: streamed[target](block), stream: true });
    expect(played).toMatchObject({ trail: "p0/m0=ok", flawed: false });
  });
});

test.each(LANES)("a stream of %s for a client of %s that ends in a loop is noted", async (target, client) => {
  const words = Array.from({ length: 400 }, () => ({ text: "the " }));
  const looped = await play(target, client, {
    asks: "plain",
    answer: streamed[target](...words),
    stream: true,
    resume: "text",
  });
  expect(looped).toMatchObject({ trail: "p0/m0=ok", flawed: true });
  const counted = Array.from({ length: 400 }, (_, i) => ({ text: `${i} ` }));
  const fine = await play(target, client, {
    asks: "plain",
    answer: streamed[target](...counted),
    stream: true,
    resume: "text",
  });
  expect(fine.flawed).toBe(false);
});

test("parallel calls are each checked, of a tool that the provider defines nothing is known", async () => {
  const calls = [
    { name: "count", input: { n: 1 } },
    { name: "count", input: {} },
  ] as const;
  for (const target of [ANTHROPIC, CHAT] as const) {
    const played = await play(target, target, { asks: "tools", answer: streamed[target](...calls), stream: true });
    expect(played.flawed).toBe(true);
  }
});

test("a tool whose name the target does not take keeps it for the client, whole and streamed", async () => {
  const name = `mcp__${"a_long_server__".repeat(6)}find`;
  const tools = [{ name, input_schema: SCHEMA }];
  const history = [
    { role: "user", content: "go" },
    { role: "assistant", content: [{ type: "tool_use", id: "t0", name, input: { n: 0 } }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "t0", content: "0" }] },
  ];
  for (const stream of [false, true]) {
    const engine = handEngine([CHAT], ({ body }) => {
      const asked = JSON.parse(new TextDecoder().decode(body));
      const sent = asked.tools[0].function.name;
      expect(sent).toMatch(/^[\w-]{1,64}$/);
      expect(asked.messages[1].tool_calls[0].function.name).toBe(sent);
      expect(asked.tool_choice.function.name).toBe(sent);
      const call = { name: sent, input: { n: 1 } };
      return stream ? respond(200, streamed[CHAT](call), EVENT_STREAM) : respond(200, whole[CHAT](call));
    });
    const request = {
      model: "chat",
      max_tokens: 9,
      stream,
      tools,
      tool_choice: { type: "tool", name },
      messages: history,
    };
    const delivery = await engine.ask({ dialect: ANTHROPIC, stream, body: JSON.stringify(request) });
    expect(await delivered(delivery)).toContain(JSON.stringify(name));
    expect(delivery.headers["x-holdfast-lossy"]).toBeUndefined();
    expect(delivery.headers["x-holdfast-trail"]).toBe("p0/m0=ok");
  }
});

test("an answer of no use is not kept for an outage", async () => {
  for (const [text, kept] of [
    [LOOP, false],
    ["It is calm.", true],
  ] as const) {
    let isUp = true;
    const engine = handEngine(
      [ANTHROPIC],
      () => (isUp ? respond(200, whole[ANTHROPIC]({ text })) : respond(529, "{}")),
      {
        cache: { healthy: "off", outage: "exact", scope: "tenant", ttlMs: 1e6, staleIfErrorMs: 1e6 },
        lastResort: [{ type: "stale-cache" }],
      },
    );
    await engine.ask({});
    await engine.advance(1_000);
    isUp = false;
    const { headers } = await engine.ask({});
    expect(headers["x-holdfast-served-by"]).toBe(kept ? "stale-cache" : undefined);
  }
});

describe("whoever gives no other answer is not waited for", () => {
  const loop = () => respond(200, whole[ANTHROPIC]({ text: LOOP }));
  const flaws = (engine: ReturnType<typeof handEngine>) =>
    engine.events.filter((event) => event.type === "attempt-end" && event.flaw === "useless-reply").length;

  test("where the first target cannot be asked", async () => {
    const engine = handEngine([CHAT, ANTHROPIC], loop, { strict: true });
    const body = JSON.stringify({ model: "chat", max_tokens: 99, messages: MESSAGES, metadata: { odd: 1 } });
    const { status, headers } = await engine.ask({ body });
    expect([status, headers["x-holdfast-attempts"], flaws(engine)]).toEqual([200, "1", 1]);
  });

  test("where the first target is out of rotation", async () => {
    let text = "It is calm.";
    const engine = handEngine([ANTHROPIC, ANTHROPIC], ({ url }) =>
      url.startsWith("http://p0") ? respond(529, "{}") : respond(200, whole[ANTHROPIC]({ text })),
    );
    for (let i = 0; i < 60; i++) await engine.ask({ body: JSON.stringify({ ...ASKED, max_tokens: i + 1 }) });
    text = LOOP;
    const { status, headers } = await engine.ask({ body: JSON.stringify(ASKED) });
    expect([status, headers["x-holdfast-target"], flaws(engine)]).toEqual([200, "p1/m1", 1]);
  });

  test("but a third one is", async () => {
    const engine = handEngine(
      [CHAT, ANTHROPIC, ANTHROPIC],
      ({ url }) => (url.startsWith("http://p1") ? loop() : respond(200, whole[ANTHROPIC]({ text: "It is calm." }))),
      { strict: true },
    );
    const body = JSON.stringify({ model: "chat", max_tokens: 99, messages: MESSAGES, metadata: { odd: 1 } });
    const { headers } = await engine.ask({ body });
    expect([headers["x-holdfast-target"], headers["x-holdfast-attempts"], flaws(engine)]).toEqual(["p2/m2", "2", 0]);
  });
});
