import { expect, test } from "bun:test";
import { CancelSource } from "../core/cancel.ts";
import { VirtualClock } from "../sim/clock.ts";
import { createClientWatch } from "./client-watch.ts";

function world() {
  const clock = new VirtualClock();
  const clients = createClientWatch(clock);
  const begin = () => {
    const client = new AbortController();
    const request = new Request("http://127.0.0.1/", { signal: client.signal });
    const cancel = new CancelSource();
    const seen = { patient: 0 };
    const place = clients.begin(request, () => seen.patient++, cancel);
    return { client, cancel, seen, end: () => clients.end(place) };
  };
  const pass = (ms: number) => {
    const untilMs = clock.now() + ms;
    while (clock.nextDueMs <= untilMs) clock.fireNext();
    clock.advanceTo(untilMs);
  };
  return { clock, clients, begin, pass };
}

test("a call that is answered at once is never watched, and leaves no timer", () => {
  const { clock, begin, pass } = world();
  const call = begin();
  pass(10);
  call.end();
  expect(clock.timers).toBe(0);
  pass(100);
  expect(call.seen.patient).toBe(0);
});

test("each is watched in its time, whoever ends meanwhile", () => {
  const { clock, begin, pass } = world();
  const early = begin();
  pass(10);
  const ended = begin();
  const late = begin();
  ended.end();
  pass(15);
  expect([early.seen.patient, ended.seen.patient, late.seen.patient]).toEqual([1, 0, 0]);
  pass(10);
  expect(late.seen.patient).toBe(1);
  early.client.abort();
  expect(early.cancel.fault?.kind).toBe("cancelled");
  expect(late.cancel.fault).toBeUndefined();
  late.end();
  early.end();
  late.client.abort();
  expect(late.cancel.fault).toBeUndefined();
  expect(clock.timers).toBe(0);
});

test("a client that left before it was watched is found gone", () => {
  const { begin, pass } = world();
  const call = begin();
  call.client.abort();
  expect(call.cancel.fault).toBeUndefined();
  pass(25);
  expect(call.cancel.fault?.kind).toBe("cancelled");
});

test("the queue goes on after it was empty", () => {
  const { clock, begin, pass } = world();
  for (let round = 0; round < 3; round++) {
    const calls = Array.from({ length: 5 }, begin);
    pass(30);
    expect(calls.map(({ seen }) => seen.patient)).toEqual([1, 1, 1, 1, 1]);
    for (const call of calls) call.end();
    expect(clock.timers).toBe(0);
  }
});
