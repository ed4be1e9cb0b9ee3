// A client's stream: written at its pace, kept alive, given up when it takes nothing; over once, whatever happens.

import { describe, expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { FrameTaker } from "../core/reply.ts";
import { pumpFrames } from "../engine/stream.ts";
import { streamBody, streamTicks } from "./body.ts";

const PING = new TextEncoder().encode(": ping\n\n");

function harness(early = false) {
  const { clock, advance } = handRuntime(() => fault("bug", "nothing is sent here"));
  const cancel = new CancelSource();
  const open = { open: 1 };
  let give: (bytes: Uint8Array | undefined) => void = () => {};
  let asked = 0;
  const outflow = {
    pingFrame: PING,
    tail: () => Promise.resolve(undefined),
    read: () => {
      asked++;
      return new Promise<Uint8Array | undefined>((resolve) => {
        give = resolve;
      });
    },
    pump: (taker: FrameTaker) => pumpFrames(outflow, taker),
  };
  const reader = streamBody(outflow, { ticks: streamTicks(clock), direct: false, cancel, early, open }).getReader();
  const got: string[] = [];
  /** Reads everything that comes, as it comes. */
  const drink = () => {
    void (async () => {
      try {
        for (;;) {
          const { done: ended, value } = await reader.read();
          got.push(ended ? "END" : new TextDecoder().decode(value));
          if (ended) return;
        }
      } catch (error) {
        got.push(`ERROR ${error instanceof Error ? error.message : error}`);
      }
    })();
  };
  return {
    clock,
    advance,
    cancel,
    reader,
    got,
    drink,
    give: (text: string | undefined) => give(text === undefined ? undefined : new TextEncoder().encode(text)),
    asked: () => asked,
    /** How often it was counted out. */
    over: () => 1 - open.open,
  };
}

test("pieces go out as they come; the end closes it, once, and leaves no timer", async () => {
  const { drink, got, give, advance, over, clock } = harness();
  drink();
  await advance(0);
  give("a");
  await advance(0);
  give("b");
  await advance(0);
  give(undefined);
  await advance(0);
  expect(got).toEqual(["a", "b", "END"]);
  expect([over(), clock.timers]).toEqual([1, 0]);
});

test("silence is filled with pings, at most ten seconds apart", async () => {
  const { drink, got, give, advance } = harness();
  drink();
  await advance(10_000);
  expect(got).toEqual([": ping\n\n"]);
  await advance(10_000);
  expect(got.length).toBe(2);
  give("a");
  await advance(0);
  expect(got.at(-1)).toBe("a");
  const before = got.length;
  await advance(10_000);
  expect(got.slice(before)).toEqual([": ping\n\n"]);
});

test("an early open begins with a ping", async () => {
  const { drink, got, advance } = harness(true);
  drink();
  await advance(0);
  expect(got).toEqual([": ping\n\n"]);
});

describe("a client that takes nothing", () => {
  test("is given up a minute after the piece that it does not take", async () => {
    const { reader, give, advance, cancel, over, clock, got, drink } = harness();
    await advance(1_000);
    give("a");
    await advance(60_000);
    expect(cancel.fault).toBeUndefined();
    await advance(5_000);
    expect([cancel.fault?.kind, over(), clock.timers]).toEqual(["client-stall", 1, 0]);
    drink();
    await advance(0);
    expect(got.at(-1)).toStartWith("ERROR");
    await reader.closed.catch(() => {});
  });

  test("not even the first ping of an early open", async () => {
    const { reader, advance, cancel, over, clock, asked } = harness(true);
    reader.closed.catch(() => {});
    await advance(65_000);
    expect([asked(), cancel.fault?.kind, over(), clock.timers]).toEqual([0, "client-stall", 1, 0]);
  });

  test("is given up while the provider is silent too", async () => {
    const { reader, advance, cancel, over, clock } = harness();
    reader.closed.catch(() => {});
    // The first ping finds room, the others do not.
    await advance(90_000);
    expect([cancel.fault?.kind, over(), clock.timers]).toEqual(["client-stall", 1, 0]);
  });

  test("one that takes a piece every fifty seconds is not", async () => {
    const { reader, give, advance, cancel } = harness();
    for (let i = 0; i < 5; i++) {
      await advance(0);
      give("a");
      await advance(50_000);
      await reader.read();
    }
    expect(cancel.fault).toBeUndefined();
    await reader.cancel();
  });
});

test("a client that leaves cancels, once, also while a piece is awaited", async () => {
  const { reader, advance, cancel, over, clock, give } = harness();
  await advance(1_000);
  await reader.cancel();
  expect([cancel.fault?.kind, over(), clock.timers]).toEqual(["cancelled", 1, 0]);
  give("late");
  await advance(0);
  expect([over(), clock.timers]).toEqual([1, 0]);
});
