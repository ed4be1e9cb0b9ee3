// A flight under hand-made frames: every rider gets every byte, whatever its pace, and the buffer has an end.

import { expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import { callOf } from "../../test/support/virtual.ts";
import { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { Answer, Ending, Reply } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import { BUFFER_BYTES_MAX, createFlights } from "./flight.ts";

const ENDED: Ending = { kind: "complete", usage: { outputTokens: 9 }, firstContentMs: 1, tookMs: 2, pausedMs: 0 };
const FRAME_BYTES = 65_536;

/** An upstream that gives `count` frames as fast as they are read, and counts how many were. */
function upstream(count: number, end: Ending = ENDED) {
  const seen = { read: 0, calls: 0, cancelled: false };
  let settle: (ending: Ending) => void = () => {};
  const answer: Answer = {
    ok: true,
    target: "a/m",
    dialect: "openai-chat",
    status: 200,
    headers: {},
    frames: {
      async read() {
        if (seen.read >= count || seen.cancelled) {
          settle(seen.cancelled ? { ...end, kind: "cancelled" } : end);
          return undefined;
        }
        return new Uint8Array(FRAME_BYTES).fill(seen.read++ % 251);
      },
    },
    ending: new Promise((resolve) => {
      settle = resolve;
    }),
    servedBy: "target",
    lossy: [],
    trail: [{ target: "a/m", fault: "ok", ms: 1 }],
    cancel: { cancel() {} },
  };
  const next = (_: unknown, { cancel }: Scope): Promise<Reply> => {
    seen.calls++;
    cancel.onCancel(() => {
      seen.cancelled = true;
    });
    return Promise.resolve(answer);
  };
  return { seen, next };
}

function passenger(flights: ReturnType<typeof createFlights>, next: ReturnType<typeof upstream>["next"]) {
  const { runtime } = handRuntime(() => fault("bug", "nothing is sent here"));
  const cancel = new CancelSource();
  const scope: Scope = { runtime, cancel, emit: () => {} };
  return { cancel, reply: flights.board("k", callOf("c", { stream: true }), scope, next) };
}

const answerOf = async (reply: Promise<Reply>): Promise<Answer> => {
  const got = await reply;
  if (!got.ok) throw new Error(got.fault.kind);
  return got;
};

async function drain({ frames }: Answer): Promise<number[]> {
  const got: number[] = [];
  for (let bytes = await frames.read(); bytes !== undefined; bytes = await frames.read()) got.push(bytes[0] ?? -1);
  return got;
}

test("the slowest sets the pace once the buffer is full, and nobody misses a frame", async () => {
  const flights = createFlights();
  const count = (BUFFER_BYTES_MAX / FRAME_BYTES) * 3;
  const { seen, next } = upstream(count);
  const [fast, slow] = [passenger(flights, next), passenger(flights, next)];
  const [one, two] = [await answerOf(fast.reply), await answerOf(slow.reply)];
  const racing = drain(one);
  await Bun.sleep(5);
  expect(seen.read * FRAME_BYTES).toBeWithin(BUFFER_BYTES_MAX, BUFFER_BYTES_MAX + 2 * FRAME_BYTES);
  // Who comes now has missed the beginning: a flight of its own.
  const late = upstream(1);
  expect((await drain(await answerOf(passenger(flights, late.next).reply))).length).toBe(1);
  const all = Array.from({ length: count }, (_, index) => index % 251);
  expect(await drain(two)).toEqual(all);
  expect(await racing).toEqual(all);
  expect([(await one.ending).usage, (await two.ending).usage]).toEqual([
    { outputTokens: 9 },
    { inputTokens: 0, outputTokens: 0 },
  ]);
});

test("a slow one that leaves holds nobody up", async () => {
  const flights = createFlights();
  const count = (BUFFER_BYTES_MAX / FRAME_BYTES) * 2;
  const { seen, next } = upstream(count);
  const [fast, slow] = [passenger(flights, next), passenger(flights, next)];
  const [one, two] = [await answerOf(fast.reply), await answerOf(slow.reply)];
  const racing = drain(one);
  await Bun.sleep(5);
  slow.cancel.cancel(fault("cancelled", "left"));
  expect((await racing).length).toBe(count);
  expect([await two.frames.read(), (await two.ending).kind, seen.cancelled]).toEqual([undefined, "cancelled", false]);
});

test("an upstream that breaks breaks for all, and is not boarded again", async () => {
  const flights = createFlights();
  const broken: Ending = { ...ENDED, kind: "broken", fault: fault("stream-broken", "cut") };
  const { next } = upstream(3, broken);
  const answers = await Promise.all([1, 2].map(() => answerOf(passenger(flights, next).reply)));
  expect((await Promise.all(answers.map(drain))).map(({ length }) => length)).toEqual([3, 3]);
  expect((await Promise.all(answers.map(({ ending }) => ending))).map(({ kind }) => kind)).toEqual([
    "broken",
    "broken",
  ]);
  const again = upstream(1);
  await drain(await answerOf(passenger(flights, again.next).reply));
  expect(again.seen.calls).toBe(1);
});

test("a bug inside is everybody's, and the next begins anew", async () => {
  const flights = createFlights();
  const failing = () => Promise.reject(new Error("bug"));
  const both = [passenger(flights, failing), passenger(flights, failing)];
  const settled = await Promise.allSettled(both.map(({ reply }) => reply));
  expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const { seen, next } = upstream(1);
  await drain(await answerOf(passenger(flights, next).reply));
  expect(seen.calls).toBe(1);
});
