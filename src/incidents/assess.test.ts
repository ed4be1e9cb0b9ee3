// When the ledger is asked what an incident has come to, and what is made of its answer.

import { expect, test } from "bun:test";
import { believe, MIN, only, open, S, T0 } from "../../test/support/incident-book.ts";
import type { LedgerImpact } from "../core/incident.ts";
import { VirtualClock } from "../sim/clock.ts";
import { type Assessed, createAssessor, takeImpact } from "./assess.ts";
import { report } from "./people.ts";
import { clientsSee, costsText } from "./sentences.ts";

function found(calls: number, more: Partial<LedgerImpact> = {}): LedgerImpact {
  const counts = { calls, rescued: calls, honest: 0, failed: 0 };
  const users = { hit: 3, failed: 1, namedCalls: calls };
  return { counts, byRoute: { chat: counts }, left: 0, users, money: { unknownCalls: 0 }, ...more };
}

test("each open incident every five seconds, one at a time, and once more when it is over; people's own never", async () => {
  const book = open();
  const clock = new VirtualClock();
  const asked: Assessed[] = [];
  const look = createAssessor(book, clock, async (one) => {
    asked.push(one);
    return found(asked.length);
  });
  const until = async (fromMs: number, toMs: number): Promise<void> => {
    for (let atMs = fromMs; atMs < toMs; atMs += S) {
      look(atMs);
      await Promise.resolve();
      await Promise.resolve();
    }
  };
  report(book, { title: "x", text: "x", severity: "minor", routes: [] }, T0);
  await until(T0, T0 + MIN);
  expect(asked).toEqual([]);
  believe(book, "ejected", T0);
  believe(book, "ejected", T0, "beta/m");
  await until(T0, T0 + MIN);
  expect(asked.length).toBe(24);
  expect(asked[0]).toEqual({ domain: "alpha", fromMs: T0, toMs: T0 });
  for (const incident of book.incidents.values()) {
    incident.state = "resolved";
    incident.resolvedMs = T0 + MIN;
  }
  book.open.clear();
  await until(T0 + MIN, T0 + 5 * MIN);
  expect(asked.at(-1)?.toMs).toBe(T0 + MIN);
  expect(asked.length).toBeLessThan(50);
});

test("a ledger that is slow is asked seldom; one that fails or hangs costs nothing but its numbers", async () => {
  const book = open();
  believe(book, "ejected", T0);
  const clock = new VirtualClock();
  let asked = 0;
  const slow = createAssessor(book, clock, async () => {
    asked++;
    await clock.advanceTo(1_000);
    return found(5);
  });
  slow(T0);
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advanceTo(19_000);
  slow(T0 + MIN);
  expect(asked).toBe(1);
  await clock.advanceTo(22_000);
  slow(T0 + MIN);
  expect(asked).toBe(2);
  const failing = createAssessor(book, clock, () => Promise.reject(new Error("no disk")));
  const hanging = createAssessor(book, clock, () => new Promise(() => {}));
  for (let atMs = T0; atMs < T0 + MIN; atMs += S) {
    failing(atMs);
    hanging(atMs);
    await Promise.resolve();
  }
});

test("its counts stand where it saw as much as we did; users and money are known of it alone", () => {
  const book = open();
  believe(book, "ejected", T0);
  const incident = only(book);
  Object.assign(incident.counts, { calls: 10, rescued: 9, failed: 1 });
  expect([clientsSee(incident), costsText(incident)]).toEqual([
    "10 calls met it: 9 answered by another target, 1 failed",
    undefined,
  ]);
  takeImpact(book, incident, found(4));
  expect(clientsSee(incident)).toBe("10 calls of 3 end users met it: 9 answered by another target, 1 failed");
  takeImpact(book, incident, found(12, { money: { extraUsd: 1.234, unknownCalls: 2, lostUsd: 3 } }));
  expect([clientsSee(incident), incident.byRoute.chat?.calls, costsText(incident)]).toEqual([
    "12 calls of 3 end users met it: 12 answered by another target, 0 failed",
    12,
    "1.23 USD more for the answers of other targets, 3.00 USD of calls without an answer; unknown of 2 of 12 rescued calls",
  ]);
});
