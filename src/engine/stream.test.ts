// A provider's stream in a test's hand: every way in which it can end, and that each ending happens once and leaves nothing.

import { describe, expect, test } from "bun:test";
import { HandBody, handRuntime } from "../../test/support/hand-runtime.ts";
import { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { openaiChat } from "../dialects/openai-chat/dialect.ts";
import type { Lane } from "./lane.ts";
import { Relay } from "./relay.ts";
import { Settlement } from "./settlement.ts";
import { StreamReader } from "./stream.ts";

const chunk = (delta: unknown, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const A = chunk({ content: "a" });
const STOP = chunk({}, "stop");
const DONE = "data: [DONE]\n\n";
const PING = ": keep-alive\n\n";
const TIMEOUTS = { firstTokenMs: 10_000, idleMs: 15_000, progressMs: 20_000 };

function stream(lane: Lane = new Relay(openaiChat.wire, { dropUsage: false, emptyAllowed: false })) {
  const hand = handRuntime(() => fault("bug", "nothing is sent here"));
  const body = new HandBody();
  const scope = new CancelSource();
  const events: GatewayEvent[] = [];
  const emit = (event: GatewayEvent) => void events.push(event);
  const inspected = { model: "m", stream: true, thinks: false, modelSpan: { start: 0, end: 0 } };
  const call = { id: "c1", inspected } as ConstructorParameters<typeof Settlement>[0]; // all that is read of it here
  const attempt = new Settlement(call, { runtime: hand.runtime, cancel: scope, emit }, "alpha/m", 1);
  const reader = new StreamReader(body, lane, attempt, { timeouts: TIMEOUTS, clock: hand.clock });
  const seen = { opened: "pending" as unknown, ending: undefined as unknown, text: "", done: false };
  void Promise.resolve(attempt.ending).then((ending) => {
    seen.ending = ending;
  });
  const open = async () => {
    void reader.open().then((failed) => {
      seen.opened = failed;
    });
    await hand.advance(0);
  };
  const drink = async () => {
    void (async () => {
      for (let bytes = await reader.read(); bytes !== undefined; bytes = await reader.read())
        seen.text += new TextDecoder().decode(bytes);
      seen.done = true;
    })();
    await hand.advance(0);
  };
  return { ...hand, body, scope, events, attempt, reader, seen, open, drink };
}

const endsOf = (events: readonly GatewayEvent[]) => events.filter(({ type }) => type === "attempt-end");

test("a good stream: complete, once, and the connection is drained for reuse", async () => {
  const { body, seen, open, drink, events, clock, advance } = stream();
  await open();
  expect(seen.opened).toBe("pending");
  body.push(A);
  await advance(0);
  expect(seen.opened).toBeUndefined();
  await drink();
  body.push(STOP + DONE);
  await advance(0);
  expect(seen).toMatchObject({ text: A + STOP + DONE, done: true, ending: { kind: "complete" } });
  expect([endsOf(events).length, body.isRead]).toEqual([1, true]);
  body.end();
  await advance(5_000);
  expect([body.cancelled, clock.timers]).toEqual([undefined, 0]);
});

test("a connection that stays open after the end is closed after a second, and so is one that goes on talking", async () => {
  for (const more of [undefined, "data: more\n\n"]) {
    const { body, open, drink, clock, advance } = stream();
    await open();
    body.push(A + STOP + DONE);
    await advance(0);
    await drink();
    if (more !== undefined) body.push(more);
    await advance(more === undefined ? 999 : 0);
    expect(body.cancelled?.kind).toBe(more === undefined ? undefined : "superseded");
    await advance(1);
    expect([body.cancelled?.kind, clock.timers]).toEqual(["superseded", 0]);
  }
});

describe("before the commit", () => {
  test("whoever opens settles: the fault comes back, and the body is let go", async () => {
    const { body, scope, seen, open, attempt, advance } = stream();
    await open();
    scope.cancel(fault("cancelled", "the client left"));
    await advance(0);
    expect(seen.opened).toMatchObject({ kind: "cancelled" });
    expect([body.cancelled?.kind, attempt.settled]).toEqual(["cancelled", false]);
  });

  test("the first token is late", async () => {
    const { seen, open, advance, body } = stream();
    await open();
    body.push(PING);
    await advance(9_999);
    expect(seen.opened).toBe("pending");
    await advance(1);
    expect(seen.opened).toMatchObject({ kind: "first-token-timeout" });
  });

  test.each([
    ["a clean end", (body: HandBody) => body.end(), "stream-broken"],
    ["a break", (body: HandBody) => body.break(), "stream-broken"],
    [
      "an error inside",
      (body: HandBody) => body.push('data: {"error":{"code":"server_is_overloaded"}}\n\n'),
      "overloaded",
    ],
    ["what is no frame", (body: HandBody) => body.push("data: <html>\n\n"), "malformed-reply"],
  ])("%s", async (_, act, kind) => {
    const { seen, open, advance, body } = stream();
    await open();
    act(body);
    await advance(0);
    expect(seen.opened).toMatchObject({ kind });
  });
});

describe("after it", () => {
  async function begun(lane?: Lane) {
    const all = stream(lane);
    await all.open();
    all.body.push(A);
    await all.advance(0);
    await all.drink();
    return all;
  }

  test.each([
    ["a clean end", (body: HandBody) => body.end(), "stream-broken"],
    ["a break", (body: HandBody) => body.break(), "stream-broken"],
    [
      "an error inside",
      (body: HandBody) => body.push('data: {"error":{"code":"rate_limit_exceeded"}}\n\n'),
      "rate-limited",
    ],
  ])("%s: broken, once, what came before it delivered", async (_, act, kind) => {
    const { seen, body, events, clock, advance } = await begun();
    act(body);
    await advance(0);
    expect(seen).toMatchObject({ text: A, done: true, ending: { kind: "broken", fault: { kind } } });
    expect(endsOf(events)).toMatchObject([{ fault: kind, committed: true }]);
    expect(clock.timers).toBe(0);
  });

  test("pings are no progress, though they are bytes", async () => {
    const { seen, body, advance, clock } = await begun();
    for (let i = 0; i < 3; i++) {
      await advance(6_000);
      body.push(PING);
    }
    await advance(1_999);
    expect(seen.done).toBe(false);
    await advance(1);
    expect(clock.now()).toBe(20_000);
    expect(seen.ending).toMatchObject({ kind: "broken", fault: { kind: "idle-timeout" } });
    expect(body.cancelled?.kind).toBe("idle-timeout");
  });

  test("words are", async () => {
    const { seen, body, advance } = await begun();
    for (let i = 0; i < 10; i++) {
      await advance(14_000);
      body.push(A);
    }
    await advance(0);
    expect([seen.done, seen.text]).toEqual([false, A.repeat(11)]);
  });

  test("a stop reason without its marker: complete after five seconds, the marker supplied", async () => {
    const { seen, body, advance } = await begun();
    body.push(STOP);
    await advance(4_999);
    expect(seen.done).toBe(false);
    await advance(1);
    expect(seen).toMatchObject({ text: A + STOP + DONE, done: true, ending: { kind: "complete" } });
    expect(body.cancelled).toBeDefined();
  });

  test("the client leaves: cancelled, in the same instant", async () => {
    const { seen, body, scope, advance, clock } = await begun();
    scope.cancel(fault("cancelled", "left"));
    expect(body.cancelled?.kind).toBe("cancelled");
    await advance(0);
    expect(seen).toMatchObject({ done: true, ending: { kind: "cancelled" } });
    expect(clock.timers).toBe(0);
  });

  test("time in which nobody reads is the client's, and is told", async () => {
    const { body, open, reader, seen, attempt, advance } = stream();
    await open();
    body.push(A);
    await advance(0);
    await reader.read();
    await advance(100_000);
    body.push(A + STOP + DONE);
    await reader.read();
    await advance(0);
    expect(attempt.settled).toBe(true);
    expect(seen.ending).toMatchObject({ kind: "complete", pausedMs: 100_000 });
  });

  test("a lane that throws is a bug, told as the ending", async () => {
    const relay = new Relay(openaiChat.wire, { dropUsage: false, emptyAllowed: false });
    let feeds = 0;
    const feed = relay.feed.bind(relay);
    relay.feed = (bytes) => {
      if (++feeds > 1) throw new Error("a codec's mistake");
      return feed(bytes);
    };
    const { seen, body, advance, clock } = await begun(relay);
    body.push(A);
    await advance(0);
    expect(seen).toMatchObject({ text: A, done: true, ending: { kind: "broken", fault: { kind: "bug" } } });
    expect([body.cancelled?.kind, clock.timers]).toEqual(["bug", 0]);
  });
});
