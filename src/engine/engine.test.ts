// The engine as a whole, beside what the virtual world shows: routes and their names, readers that throw, how calls end.

import { describe, expect, test } from "bun:test";
import { handEngine, respond, settingsOf } from "../../test/support/hand-engine.ts";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import { ANTHROPIC, CHAT, callOf, on, ROUTE, sim, virtual } from "../../test/support/virtual.ts";
import { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { RouteSettings } from "../core/settings.ts";
import { createEngine } from "./engine.ts";

describe("routes", () => {
  const route = (name: string, ...models: readonly string[]): RouteSettings => ({
    ...ROUTE,
    name,
    targets: models.map((model, index) => ({ provider: `p${index}`, model })),
  });
  const { runtime } = handRuntime(() => fault("connect-failed", "nobody"));
  const engine = createEngine({
    settings: {
      ...settingsOf([ANTHROPIC, CHAT]),
      routes: [
        route("claude-*", "*", "gpt-for-*"),
        route("claude-opus-*", "big"),
        route("claude-opus-5", "exact"),
        route("house/*", "*"),
      ],
    },
    runtime,
    maxOutput: (model) => (model === "exact" ? 64 : undefined),
  });
  const idsOf = (model: string) => engine.routes.get(model)?.targets.map(({ id }) => id);

  test("an exact name wins over a pattern, a longer pattern over a shorter", () => {
    expect(idsOf("claude-opus-5")).toEqual(["p0/exact"]);
    expect(idsOf("claude-opus-4")).toEqual(["p0/big"]);
    expect(idsOf("claude-haiku")).toEqual(["p0/claude-haiku", "p1/gpt-for-haiku"]);
    expect(idsOf("claude")).toBeUndefined();
    expect(idsOf("")).toBeUndefined();
  });

  test("what a target is", () => {
    expect(engine.routes.get("claude-opus-5")?.targets[0]).toMatchObject({
      id: "p0/exact",
      provider: "p0",
      model: "exact",
      dialect: ANTHROPIC,
      domain: "p0",
      tier: "remote",
      maxOutputTokens: 64,
    });
    expect(engine.routes.names).toEqual(["claude-*", "claude-opus-*", "claude-opus-5", "house/*"]);
  });

  test("a pattern's models are compiled once each, and a flood of names is bounded", () => {
    const first = engine.routes.get("claude-a");
    expect(engine.routes.get("claude-a")).toBe(first);
    for (let i = 0; i < 1_100; i++) engine.routes.get(`claude-${i}`);
    expect(engine.routes.get("claude-a")).not.toBe(first);
  });
});

test("a model that no route has is told with the nearest name", async () => {
  const { ask, sent, events } = handEngine([ANTHROPIC], () => respond(200, "{}"));
  const delivery = await ask({ body: '{"model":"chta","max_tokens":1,"messages":[{"role":"user","content":"x"}]}' });
  const { error } = JSON.parse(new TextDecoder().decode(delivery.body as Uint8Array));
  expect([delivery.status, error.type]).toEqual([404, "not_found_error"]);
  expect(error.message).toContain('Did you mean "chat"?');
  expect(sent.length).toBe(0);
  expect(events.map(({ type }) => type)).toEqual(["call-start", "call-end"]);
});

test("a reader of facts that throws harms neither the call nor the other readers", async () => {
  const { world, engine } = virtual({ providers: [sim("alpha", CHAT)] });
  const seen: GatewayEvent[] = [];
  const broken = createEngine({
    settings: engine.settings,
    runtime: world.runtime,
    readers: [
      () => {
        throw new Error("a reader's mistake");
      },
      (event) => void seen.push(event),
    ],
  });
  let answered: boolean | undefined;
  const cancel = new CancelSource();
  void broken.answer(callOf("call_1", { stream: false }), cancel).then((reply) => {
    answered = reply.ok;
  });
  await world.run(Number.POSITIVE_INFINITY);
  expect(answered).toBe(true);
  expect(seen.map(({ type }) => type)).toEqual([
    "call-start",
    "attempt-start",
    "attempt-end",
    "call-commit",
    "call-end",
  ]);
});

test("a client that stops taking bytes has ended its call itself", async () => {
  const here = virtual({ providers: [sim("alpha", CHAT)], faults: [on("alpha", { kind: "silence" })] });
  const client = here.ask();
  await here.world.run(1_000);
  client.cancel.cancel(fault("client-stall", "took nothing"));
  await here.rest();
  expect(here.events.at(-1)).toMatchObject({ type: "call-end", ending: "cancelled", fault: "client-stall" });
});

test("what happened is told in full", async () => {
  const here = virtual({
    providers: [sim("alpha", CHAT), sim("beta", ANTHROPIC)],
    targets: ["alpha/m", "beta/n"],
    faults: [on("alpha", { kind: "overloaded" })],
  });
  here.ask();
  await here.rest();
  expect(here.events).toMatchObject([
    { type: "call-start", atMs: 0, call: "call_1", route: "chat", dialect: ANTHROPIC, stream: true, tenant: "default" },
    { type: "attempt-start", target: "alpha/m", number: 1 },
    {
      type: "attempt-end",
      atMs: 20,
      target: "alpha/m",
      fault: "overloaded",
      status: 503,
      committed: false,
      tookMs: 20,
    },
    { type: "attempt-start", atMs: 20, target: "beta/n", number: 2 },
    { type: "call-commit", atMs: 220, target: "beta/n", attempts: 2 },
    {
      type: "attempt-end",
      atMs: 290,
      target: "beta/n",
      status: 200,
      committed: true,
      firstContentMs: 200,
      tookMs: 270,
      pausedMs: 0,
      usage: { inputTokens: expect.any(Number), outputTokens: 8 },
      requestId: expect.stringMatching(/^req_/),
    },
    {
      type: "call-end",
      atMs: 290,
      ending: "complete",
      target: "beta/n",
      attempts: 2,
      servedBy: "target",
      degraded: "model",
      firstContentMs: 220,
      tookMs: 290,
    },
  ]);
});

test("a call that fails inside is refused, and leaves no timer", async () => {
  const { runtime, clock } = handRuntime(() => fault("connect-failed", "nobody"));
  const random = () => {
    throw new Error("a bug");
  };
  const engine = createEngine({ settings: settingsOf([ANTHROPIC]), runtime: { ...runtime, random } });
  const reply = await engine.answer(callOf("call_1", {}), new CancelSource());
  expect(reply).toMatchObject({ ok: false, fault: { kind: "bug" } });
  expect(clock.timers).toBe(0);
});
