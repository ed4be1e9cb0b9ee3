// Facts that wait are told once, in order, to every reader, at the latest after their time or when somebody looks.

import { expect, test } from "bun:test";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { createBacklog } from "./backlog.ts";

function backlog(...others: ((event: GatewayEvent) => void)[]) {
  const timers: (() => void)[] = [];
  const seen: string[] = [];
  const after = (_: number, fire: () => void) => {
    timers.push(fire);
    return () => {};
  };
  const made = createBacklog({ after }, [...others, ({ call }) => void seen.push(call)]);
  return { ...made, timers, seen };
}

const fact = (call: string): GatewayEvent => ({ type: "call-open", atMs: 0, call });

test("facts wait for one timer and are told in their order, once", () => {
  const { read, drain, timers, seen } = backlog();
  for (const call of ["a", "b", "c"]) read(fact(call));
  expect([seen, timers.length]).toEqual([[], 1]);
  timers[0]?.();
  drain();
  expect(seen).toEqual(["a", "b", "c"]);
  read(fact("d"));
  expect([seen.length, timers.length]).toEqual([3, 2]);
  drain();
  timers[1]?.();
  expect(seen).toEqual(["a", "b", "c", "d"]);
});

test("a reader that throws or causes a fact harms nobody", () => {
  let isFirst = true;
  const made: ReturnType<typeof backlog> = backlog(({ call }) => {
    if (isFirst) made.read(fact(`${call}'`));
    isFirst = false;
    throw new Error("a bug of a reader");
  });
  made.read(fact("a"));
  made.read(fact("b"));
  made.drain();
  expect(made.seen).toEqual(["a", "b"]);
  made.drain();
  expect(made.seen).toEqual(["a", "b", "a'"]);
});

test("what waits is bounded", () => {
  const { read, seen } = backlog();
  for (let i = 0; i < 10_000; i++) read(fact(String(i)));
  expect(seen.length).toBeGreaterThan(10_000 - 4_096);
  expect(seen.every((call, place) => call === String(place))).toBe(true);
});

test("many are not waited with", () => {
  const armed: number[] = [];
  let disarmed = 0;
  const after = (delayMs: number) => {
    armed.push(delayMs);
    return () => void disarmed++;
  };
  const { read } = createBacklog({ after }, []);
  for (let i = 0; i < 1_000; i++) read(fact(String(i)));
  expect([armed, disarmed]).toEqual([[100, 0], 1]);
});
