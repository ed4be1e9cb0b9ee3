// Local models that are last resorts: kept loaded, asked what they hold, and then asked only for what fits, in their measure.

import { describe, expect, test } from "bun:test";
import { handEngine, respond } from "../../test/support/hand-engine.ts";
import { CHAT, callOf } from "../../test/support/virtual.ts";
import { LOCAL_CALLS, LOCAL_OUTPUT_TOKENS } from "../answers/local-model.ts";
import type { Criticality } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import type { Settings } from "../core/settings.ts";
import { keepWarm } from "./keep-warm.ts";
import { contextIn, contextUrls } from "./local-context.ts";

const DOWN = respond.bind(undefined, 503, JSON.stringify({ error: { message: "down", type: "overloaded" } }));
const WHOLE = JSON.stringify({
  id: "c",
  object: "chat.completion",
  created: 1,
  model: "small",
  choices: [{ index: 0, message: { role: "assistant", content: "1" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});
const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "small", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const STREAM = `${chunk({ role: "assistant", content: "1" }, null)}${chunk({}, "stop")}data: [DONE]\n\n`;

/** A route whose target is down, over a local model. */
function standby(isUp = true) {
  const told = { data: [{ id: "small", max_model_len: 2_048 }] };
  const hand = handEngine(
    [CHAT],
    ({ url, method, body }) => {
      if (!isUp || !url.startsWith("http://local.test")) return DOWN();
      if (method === "GET") {
        return url === "http://local.test/v1/models" ? respond(200, JSON.stringify(told)) : respond(404, "{}");
      }
      const isStream = new TextDecoder().decode(body).includes('"stream":true');
      return isStream ? respond(200, STREAM, { "content-type": "text/event-stream" }) : respond(200, WHOLE);
    },
    { attempts: 1 },
  );
  const { settings } = hand.engine;
  const local: Settings["providers"][number] = {
    name: "local",
    dialect: CHAT,
    url: "http://local.test/v1",
    keys: [],
    tier: "local",
  };
  const lastResort = [{ type: "local", target: { provider: "local", model: "small" } }] as const;
  const routes = settings.routes.map((route) => ({ ...route, lastResort }));
  hand.engine.reload({ ...settings, routes, providers: [...settings.providers, local] });
  let calls = 0;
  const ask = async (body: object, criticality: Criticality = "default") => {
    const messages = [{ role: "user", content: `question ${++calls}` }];
    const bytes = new TextEncoder().encode(JSON.stringify({ model: "chat", messages, ...body }));
    const call = { ...callOf(`c${calls}`, { dialect: CHAT, body: bytes }), criticality };
    const reply = hand.engine.answer(call, new CancelSource());
    await hand.advance(10);
    return reply;
  };
  const posted = () => hand.sent.filter(({ url, method }) => method === "POST" && url.startsWith("http://local.test"));
  return { ...hand, ask, posted };
}

test("is asked for one token every few minutes, and nothing is told of it", async () => {
  const { engine, advance, posted, events } = standby();
  const warming = keepWarm(engine);
  await advance(6_000);
  expect(posted().length).toBe(1);
  expect(new TextDecoder().decode(posted()[0]?.body)).toContain('"max_tokens":1');
  await advance(600_000);
  expect(posted().length).toBe(3);
  warming.stop();
  await advance(600_000);
  expect([posted().length, events.filter(({ type }) => type !== "belief")]).toEqual([3, []]);
});

test("one that an operator took out is left alone; one that is down does no harm", async () => {
  const { engine, advance, posted, events } = standby();
  engine.cells.drains.set("local/*", Number.POSITIVE_INFINITY, 0);
  const warming = keepWarm(engine);
  await advance(6_000);
  expect(posted().length).toBe(0);
  warming.stop();
  const dead = standby(false);
  const trying = keepWarm(dead.engine);
  await dead.advance(1_000_000);
  expect(dead.posted().length).toBeGreaterThan(2);
  expect([events, dead.events.filter(({ type }) => type !== "belief")]).toEqual([[], []]);
  trying.stop();
});

test("is asked for what it can hold, and no more than it may write", async () => {
  const { engine, advance, ask, posted } = standby();
  const warming = keepWarm(engine);
  await advance(6_000);
  const long = { messages: [{ role: "user", content: "long ".repeat(900) }] };
  const replies = [
    await ask({}),
    await ask({ max_tokens: 50 }),
    await ask({ max_completion_tokens: 9_000 }),
    await ask(long),
  ];
  expect(replies.map(({ ok }) => ok)).toEqual([true, true, true, false]);
  const limits = posted()
    .slice(1)
    .map(({ body }) => JSON.parse(new TextDecoder().decode(body)))
    .map((sent) => sent.max_tokens ?? sent.max_completion_tokens);
  expect(limits).toEqual([LOCAL_OUTPUT_TOKENS, 50, LOCAL_OUTPUT_TOKENS]);
  warming.stop();
});

test("lets in the important calls when there is little room", async () => {
  const { engine, ask } = standby();
  const cell = engine.cells.local(engine.routes.get("chat")?.locals[0]?.target.identity ?? "");
  const served = async (criticality: Criticality) => (await ask({}, criticality)).ok;
  cell.calls = LOCAL_CALLS.sheddable;
  expect([await served("sheddable"), await served("default"), await served("critical")]).toEqual([false, true, true]);
  cell.calls = LOCAL_CALLS.default;
  expect([await served("default"), await served("critical")]).toEqual([false, true]);
  cell.calls = LOCAL_CALLS.critical;
  expect(await served("critical")).toBe(false);
});

describe("what a server says of its context", () => {
  test.each<[string, unknown, number | undefined]>([
    ["llama.cpp", { default_generation_settings: { n_ctx: 4_096 } }, 4_096],
    [
      "vLLM",
      {
        data: [
          { id: "other", max_model_len: 1_024 },
          { id: "small", max_model_len: 32_768 },
        ],
      },
      32_768,
    ],
    ["llama.cpp, its list", { data: [{ id: "small", meta: { n_ctx: 8_192 } }] }, 8_192],
    ["Ollama", { models: [{ name: "small:latest", model: "small:latest", context_length: 4_096 }] }, 4_096],
    ["another model", { data: [{ id: "large", max_model_len: 32_768 }] }, undefined],
    [
      "nonsense",
      { data: [{ id: "small", max_model_len: "many" }], models: 5, default_generation_settings: [] },
      undefined,
    ],
    ["too little to be true", { default_generation_settings: { n_ctx: 0 } }, undefined],
    ["a list", [1], undefined],
  ])("%s", (_, told, expected) => {
    expect(contextIn(new TextEncoder().encode(JSON.stringify(told)), "small")).toBe(expected);
  });

  test("is asked at the server's own places", () => {
    expect(contextUrls("http://127.0.0.1:11434/v1")).toEqual([
      "http://127.0.0.1:11434/props",
      "http://127.0.0.1:11434/api/ps",
      "http://127.0.0.1:11434/v1/models",
    ]);
    expect(contextIn(new TextEncoder().encode("<html>"), "small")).toBeUndefined();
  });
});
