// The sum of one incident, asked again and again while the ledger grows.

import { expect, test } from "bun:test";
import { CALL, createVector } from "../observe/ledger/fields.ts";
import { mergePacked } from "../observe/ledger/pack.ts";
import { readLedger } from "../observe/ledger/read.ts";
import { LEDGER_STEPS } from "../observe/ledger/store.ts";
import { openMemoryDatabase } from "../runtime/sqlite.ts";
import { createIncidentTally } from "./incident-impact.ts";

const MINUTE = 60_000;
const T0 = 29_000_000 * MINUTE;

function setUp() {
  const database = openMemoryDatabase();
  database.migrate("ledger", LEDGER_STEPS);
  const reader = readLedger(database);
  if (reader === undefined) throw new Error("no ledger");
  const series = database.prepare("INSERT INTO ledger_series VALUES (?, 'calls', ?, '', '', '', ?, 'web')");
  series.run(1, "alpha", "chat");
  series.run(2, "alpha", "mail");
  series.run(3, "beta", "chat");
  const minutes = database.prepare("INSERT OR REPLACE INTO ledger_minute (minute, attempts, calls) VALUES (?, ?, ?)");
  const calls = database.prepare(
    "INSERT INTO ledger_call (at_ms, call, route, tenant, provider, outcome, fault, user, added_ms) VALUES (?, '', 'chat', 'web', ?, ?, '', ?, 0)",
  );
  let looked = 0;
  return {
    /** So many rescued calls of each series. */
    minute(number: number, rescued: Readonly<Record<number, number>>): void {
      const deltas = new Map(
        Object.entries(rescued).map(([id, count]) => {
          const vector = createVector();
          vector[CALL.rescued] = count;
          return [Number(id), vector] as const;
        }),
      );
      minutes.run(T0 / MINUTE + number, mergePacked(undefined, new Map()), mergePacked(undefined, deltas));
    },
    call: (atMs: number, provider: string, outcome: string, user: string) =>
      void calls.run(atMs, provider, outcome, user),
    tally: createIncidentTally(
      {
        ...reader,
        *minutes(span) {
          for (const one of reader.minutes(span)) {
            looked++;
            yield one;
          }
        },
      },
      "alpha",
      T0 + 30_000,
    ),
    looked: () => looked,
  };
}

test("minutes of this provider alone, by route; those that are over are read once", async () => {
  const here = setUp();
  let turns = 0;
  const turn = async () => void turns++;
  here.minute(-1, { 1: 100 });
  for (let number = 0; number <= 20; number++) here.minute(number, { 1: 2, 2: 1, 3: 50 });
  const first = await here.tally.read(T0 + 20 * MINUTE, turn);
  expect(first).toMatchObject({
    counts: { calls: 63, rescued: 63, honest: 0, failed: 0 },
    byRoute: { chat: { calls: 42 }, mail: { calls: 21 } },
  });
  expect([here.looked(), turns >= 4]).toEqual([21, true]);
  // The present minute grows; what is past is added once.
  here.minute(20, { 1: 5, 2: 1 });
  here.minute(21, { 1: 1 });
  const second = await here.tally.read(T0 + 21 * MINUTE, turn);
  expect(second.counts.calls).toBe(63 + 3 + 1);
  expect(here.looked()).toBeLessThan(21 + 6);
  expect(await here.tally.read(T0 + 21 * MINUTE, turn)).toEqual(second);
});

test("an end user counts once, by the provider that failed them, in this time alone", async () => {
  const here = setUp();
  here.call(T0 - MINUTE, "alpha", "rescued", "before");
  for (let call = 0; call < 1_300; call++) here.call(T0 + call, "alpha", "rescued", `user ${call % 10}`);
  here.call(T0 + 2_000, "alpha", "refused", "user 3");
  here.call(T0 + 2_000, "alpha", "answered", "a sample");
  here.call(T0 + 2_000, "alpha", "rescued", "");
  here.call(T0 + 2_000, "beta", "refused", "another's");
  const turn = async () => {};
  expect((await here.tally.read(T0 + MINUTE, turn)).users).toEqual({ hit: 10, failed: 1, namedCalls: 1_301 });
  here.call(T0 + 3_000, "alpha", "broken", "user 11");
  expect((await here.tally.read(T0 + MINUTE, turn)).users).toEqual({ hit: 11, failed: 2, namedCalls: 1_302 });
});
