// Answers over HTTP: what their headers say, how a stream is opened, kept alive and given up, and that a client that leaves
// takes its provider's request with it.

import { afterEach, describe, expect, test } from "bun:test";
import { readChat } from "../../test/support/chat-reader.ts";
import { type HttpWorld, httpWorld } from "../../test/support/http-world.ts";
import { readMessages } from "../../test/support/messages-reader.ts";
import { ANTHROPIC, CHAT, on, sim, type VirtualOptions } from "../../test/support/virtual.ts";

let here: HttpWorld;
const MESSAGES = "/v1/messages";
const COMPLETIONS = "/v1/chat/completions";
const WORDS = 8;

function open(options: Partial<VirtualOptions> = {}): HttpWorld {
  const providers = [sim("alpha", ANTHROPIC, { words: WORDS }), sim("beta", CHAT, { words: WORDS })];
  here = httpWorld({ providers, targets: ["alpha/m", "beta/n"], ...options });
  return here;
}

afterEach(async () => {
  expect(here.handler.open).toBe(0);
  await here.rest();
});

const user = [{ role: "user", content: "hello" }];
const anthropic = (more: object = {}) => ({ model: "chat", max_tokens: 99, messages: user, ...more });
const chat = (more: object = {}) => ({ model: "chat", messages: user, ...more });
const bytesOf = async (response: Response) => new Uint8Array(await here.settle(response.arrayBuffer()));

describe("headers", () => {
  test("of an answer of the first target", async () => {
    open();
    for (const stream of [true, false]) {
      const response = await here.post(MESSAGES, anthropic({ stream }));
      const headers = Object.fromEntries(response.headers);
      expect(headers).toMatchObject({
        "content-type": stream ? "text/event-stream; charset=utf-8" : "application/json",
        "x-holdfast-target": "alpha/m",
        "x-holdfast-attempts": "1",
        "x-holdfast-trail": "alpha/m=ok",
        "x-holdfast-served-by": "target",
        "server-timing": expect.stringMatching(/^provider;dur=\d+, total;dur=\d+$/),
        // The provider's own id passes; the call's is beside it.
        "request-id": expect.stringMatching(/^req_/),
        "anthropic-organization-id": "sim",
      });
      expect(headers["x-holdfast-call"]).toMatch(/^call_/);
      expect(Object.keys(headers)).not.toContain("x-holdfast-degraded");
      expect(Object.keys(headers)).not.toContain("x-holdfast-lossy");
      await bytesOf(response);
    }
  });

  test("of an answer after a failover, translated", async () => {
    open({ faults: [on("alpha", { kind: "overloaded" })] });
    const response = await here.post(MESSAGES, anthropic({ top_k: 5 }));
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      "x-holdfast-target": "beta/n",
      "x-holdfast-attempts": "2",
      "x-holdfast-trail": "alpha/m=overloaded, beta/n=ok",
      "x-holdfast-degraded": "model",
      "x-holdfast-lossy": "top_k",
      "request-id": headers["x-holdfast-call"] ?? "",
      "x-request-id": headers["x-holdfast-call"] ?? "",
    });
    expect(Object.keys(headers).filter((name) => /^(openai|anthropic|x-ratelimit)/.test(name))).toEqual([]);
    // The model that answered is named.
    expect(await response.json()).toMatchObject({ type: "message", model: "n" });
  });

  test("strict: what would be lost is refused, or goes to who loses nothing", async () => {
    open({ faults: [on("alpha", { kind: "overloaded" })] });
    const response = await here.post(MESSAGES, anthropic({ top_k: 5 }), { "x-holdfast-strict": "true" });
    expect(response.status).toBe(529);
    expect(response.headers.get("x-holdfast-trail")).toBe("alpha/m=overloaded, beta/n=lossy");
  });

  test.each(["modèle-ü🪨", "a\r\nset-cookie: x=y", "tab\there", "\ud800", "long-".repeat(50)])(
    "a model named %j does not break them",
    async (name) => {
      open();
      const { settings } = here.engine;
      const [route] = settings.routes;
      const targets = [{ provider: "beta", model: "*" }];
      here.engine.reload({ ...settings, routes: [{ ...route!, name: "*", targets }] });
      const response = await here.post(MESSAGES, anthropic({ model: name }));
      expect([response.status, response.headers.has("set-cookie")]).toEqual([200, false]);
      const target = response.headers.get("x-holdfast-target") ?? "";
      expect(target).toMatch(/^beta\/[\x20-\x7e]+$/);
      if (name.isWellFormed()) expect(decodeURIComponent(target)).toBe(`beta/${name}`);
    },
  );

  test("and neither does one that no route has", async () => {
    open();
    for (const model of ["modèle", "a\r\nb", "\ud800"])
      expect((await here.post(COMPLETIONS, chat({ model }))).status).toBe(404);
  });
});

describe("a stream", () => {
  test("comes whole, in both dialects", async () => {
    open();
    const messages = readMessages(await bytesOf(await here.post(MESSAGES, anthropic({ stream: true }))));
    const completions = readChat(await bytesOf(await here.post(COMPLETIONS, chat({ stream: true }))), false);
    for (const heard of [messages, completions]) {
      expect(heard).toMatchObject({ closed: true, errors: [], violations: [] });
      expect(heard.text).toStartWith("This is alpha with m: ");
    }
  });

  test.each([
    [undefined, 10_000],
    ["10", 4_000],
    ["600", 10_000],
  ])("with x-stainless-timeout %s it is opened at %d ms, and kept alive from then on", async (timeout, openMs) => {
    const timeouts = { connectMs: 5_000, firstTokenMs: 45_000, wholeMs: 45_000, idleMs: 15_000, totalMs: 600_000 };
    open({ faults: [on("alpha", { kind: "silence" })], route: { timeouts } });
    const headers: Record<string, string> = timeout === undefined ? {} : { "x-stainless-timeout": timeout };
    const response = await here.post(MESSAGES, anthropic({ stream: true }), headers);
    expect([here.world.clock.now(), response.status]).toEqual([openMs, 200]);
    expect(response.headers.get("x-holdfast-target")).toBeNull();
    const reader = response.body!.getReader();
    const pings: number[] = [];
    let rest = "";
    for (;;) {
      const { done, value } = await here.settle(reader.read());
      if (done) break;
      const text = new TextDecoder().decode(value);
      if (text.startsWith("event: ping") && rest === "") pings.push(here.world.clock.now());
      else rest += text;
    }
    expect(pings[0]).toBe(openMs);
    for (const [index, atMs] of pings.entries())
      expect((pings[index + 1] ?? 45_200) - atMs).toBeLessThanOrEqual(10_000);
    expect(rest).toContain('"holdfast":{"call":');
    expect(rest).toContain("message_stop");
  });

  test("that breaks says so once, in-band", async () => {
    open({ faults: [on("alpha", { kind: "cut-body" })] });
    const heard = readChat(await bytesOf(await here.post(COMPLETIONS, chat({ stream: true }))), false);
    expect([heard.closed, heard.errors.length, heard.violations]).toEqual([false, 1, []]);
  });
});

describe("a client that leaves", () => {
  test("in the middle of a stream", async () => {
    open({ providers: [sim("alpha", ANTHROPIC, { words: 2_000 })], targets: ["alpha/m"] });
    const response = await here.post(MESSAGES, anthropic({ stream: true, max_tokens: 9_000 }));
    const reader = response.body!.getReader();
    for (let i = 0; i < 5; i++) await here.settle(reader.read());
    await reader.cancel();
    await here.rest();
    expect(here.world.log).toMatchObject([{ ended: "cancelled" }]);
    expect(here.events.at(-1)).toMatchObject({ type: "call-end", ending: "cancelled" });
  });

  test.each([true, false])("before there is an answer; stream: %s", async (stream) => {
    open({ faults: [on("alpha", { kind: "silence" })] });
    const leaving = new AbortController();
    const init = { method: "POST", body: JSON.stringify(anthropic({ stream })), signal: leaving.signal };
    const pending = here.handler.handle(new Request(`http://127.0.0.1:4000${MESSAGES}`, init));
    here.world.clock.after(2_000, () => leaving.abort());
    const response = await here.settle(pending);
    expect([here.world.clock.now(), response.status]).toEqual([2_000, 499]);
    expect(here.world.log).toMatchObject([{ ended: "cancelled", endedAtMs: 2_000 }]);
  });

  test("after an early open", async () => {
    open({ faults: [on("alpha", { kind: "silence" })], route: { timeouts: LONG } });
    const response = await here.post(MESSAGES, anthropic({ stream: true }));
    await response.body!.cancel();
    await here.rest();
    expect(here.world.log).toMatchObject([{ ended: "cancelled", endedAtMs: 10_000 }]);
    expect(here.events.at(-1)).toMatchObject({ type: "call-end", ending: "cancelled" });
  });
});

const LONG = { connectMs: 5_000, firstTokenMs: 300_000, wholeMs: 300_000, idleMs: 15_000, totalMs: 600_000 };

describe("a client that takes nothing", () => {
  test("of a long answer is given up, and its provider let go", async () => {
    open({ providers: [sim("alpha", ANTHROPIC, { words: 5_000 })], targets: ["alpha/m"] });
    const response = await here.post(MESSAGES, anthropic({ stream: true, max_tokens: 9_000 }));
    const reader = response.body!.getReader();
    await here.settle(reader.read());
    await here.world.run(200_000);
    expect(here.world.log).toMatchObject([{ ended: "cancelled" }]);
    expect(Number(here.world.log[0]?.endedAtMs)).toBeWithin(60_000, 67_000);
    expect(here.events.at(-1)).toMatchObject({ type: "call-end", ending: "cancelled", fault: "client-stall" });
    const ends = async () => {
      for (;;) if ((await reader.read()).done) return "a clean end";
    };
    // Half an answer must not end like a whole one.
    expect(await here.settle(ends().catch(() => "an error"))).toBe("an error");
  });

  test("of an early open too", async () => {
    open({ faults: [on("alpha", { kind: "silence" })], route: { timeouts: LONG } });
    const response = await here.post(MESSAGES, anthropic({ stream: true }));
    await here.world.run(200_000);
    expect(here.world.log[0]).toMatchObject({ ended: "cancelled", endedAtMs: 75_000 });
    expect(here.events.at(-1)).toMatchObject({ type: "call-end", ending: "cancelled", fault: "client-stall" });
    await response.body!.cancel().catch(() => {});
  });
});

test("the deadline of the client ends a stream that has begun", async () => {
  open({ providers: [sim("alpha", ANTHROPIC, { words: 2_000 })], targets: ["alpha/m"] });
  const headers = { "x-holdfast-deadline-ms": "3000" };
  const response = await here.post(MESSAGES, anthropic({ stream: true, max_tokens: 9_000 }), headers);
  const heard = readMessages(await bytesOf(response));
  expect([here.world.clock.now(), heard.closed, heard.violations]).toEqual([3_000, false, []]);
  expect(heard.errors).toMatchObject([{ error: { type: "timeout_error" } }]);
});
