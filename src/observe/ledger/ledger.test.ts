import { expect, test } from "bun:test";
import { settingsOf, sim } from "../../../test/support/virtual.ts";
import type { Database } from "../../core/database.ts";
import type { FaultKind } from "../../core/fault.ts";
import type { GatewayEvent } from "../../core/gateway-event.ts";
import type { Usage } from "../../core/usage.ts";
import { openMemoryDatabase } from "../../runtime/sqlite.ts";
import { VirtualClock } from "../../sim/clock.ts";
import { createCallFollower } from "../follow-calls.ts";
import type { TokenPrice } from "./facts.ts";
import { ATTEMPT, CALL, createVector, type Vector } from "./fields.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { foldPacked } from "./pack.ts";
import { readLedger } from "./read.ts";
import { isOwn } from "./series.ts";
import { KEPT_ON_DISK, type Keeping } from "./store.ts";

const EPOCH_MS = Date.UTC(2026, 10, 1);
const DATED = { source: "https://prices.example.com", verified: "2026-10-01" };
const PRICES: Readonly<Record<string, TokenPrice>> = {
  alpha: { inputPerMillion: 1, outputPerMillion: 2, ...DATED },
  beta: { inputPerMillion: 4, outputPerMillion: 8, ...DATED },
};

interface Bench {
  readonly clock: VirtualClock;
  readonly database: Database;
  readonly ledger: Ledger;
  readonly warnings: string[];
  readonly told: GatewayEvent[];
  tell(event: Plain): void;
  /** A call that tries targets in turn; the last one answers, unless its fault is given too. */
  call(...tries: readonly Try[]): void;
  sums(): Record<"attempts" | "calls", Vector>;
}

type Plain = GatewayEvent extends infer Event ? (Event extends GatewayEvent ? Omit<Event, "atMs"> : never) : never;

interface Try {
  readonly target: string;
  readonly fault?: FaultKind;
  readonly status?: number;
  readonly usage?: Usage;
  readonly ms?: number;
}

function bench(database = openMemoryDatabase(), keeping: Keeping = KEPT_ON_DISK): Bench {
  const clock = new VirtualClock();
  const warnings: string[] = [];
  const told: GatewayEvent[] = [];
  const wallMs = () => EPOCH_MS + clock.now();
  const providers = [sim("alpha", "anthropic-messages"), sim("beta", "anthropic-messages")];
  const settings = settingsOf({ url: (name) => `http://${name}` }, { providers, route: { valueUsd: 2 } });
  const ledger = createLedger({
    database,
    keeping,
    settings: () => settings,
    priceOf: ({ name }) => PRICES[name],
    clock,
    wallMs,
    random: () => 0.5,
    newKey: () => new Uint8Array(16).fill(database === undefined ? 0 : 9),
    warn: (message) => warnings.push(message),
    emit: (event) => told.push(event),
  });
  const follower = createCallFollower(wallMs, [ledger.read]);
  let number = 0;
  const tell = (event: Plain): void => {
    const fact = { ...event, atMs: clock.now() } as GatewayEvent; // a fact less its time, and its time
    follower.read(fact);
    ledger.see(fact);
  };
  return {
    clock,
    database,
    ledger,
    warnings,
    told,
    tell,
    call(...tries) {
      const call = `call_${++number}`;
      const beganMs = clock.now();
      const common = { operation: "generate", dialect: "anthropic-messages", stream: true, tenant: "t" } as const;
      tell({ type: "call-start", call, route: "chat", model: "chat", endUser: "u", ...common });
      tries.forEach(({ target, fault, status, usage, ms = 100 }, index) => {
        tell({ type: "attempt-start", call, target, number: index + 1 });
        pass(clock, ms);
        const end = { target, number: index + 1, fault, status, usage, committed: fault === undefined, pausedMs: 0 };
        tell({ type: "attempt-end", call, ...end, tookMs: ms, requestId: `req_${number}` });
      });
      const last = tries.at(-1);
      const tookMs = clock.now() - beganMs;
      const ending = last?.fault === undefined ? "complete" : "refused";
      const target = last?.fault === undefined ? last?.target : undefined;
      const servedBy = target === undefined ? undefined : "target";
      tell({ type: "call-end", call, ending, target, fault: last?.fault, attempts: tries.length, servedBy, tookMs });
    },
    sums: () => sumsOf(database),
  };
}

function sumsOf(database: Database): Record<"attempts" | "calls", Vector> {
  const sums = { attempts: createVector(), calls: createVector() };
  for (const { attempts, calls } of readLedger(database)?.minutes({ fromMinute: 0, toMinute: 1e9 }) ?? []) {
    foldPacked(attempts, () => sums.attempts);
    foldPacked(calls, () => sums.calls);
  }
  return sums;
}

const OK: Try = { target: "alpha/m", status: 200, usage: { inputTokens: 1_000, outputTokens: 100 } };
const DOWN: Try = { target: "alpha/m", fault: "overloaded", status: 529, ms: 40 };
const SPARE: Try = { target: "beta/m", status: 200, usage: { inputTokens: 1_000, outputTokens: 100 } };

/** Lets the timer of the writer fire. */
function pass(clock: VirtualClock, ms: number): void {
  const untilMs = clock.now() + ms;
  while (clock.timers > 0 && clock.nextDueMs <= untilMs) clock.fireNext();
  clock.advanceTo(untilMs);
}

test("a second after a call it is written, and then no timer is left", () => {
  const { clock, call, sums } = bench();
  call(OK);
  expect([clock.timers, sums().calls[CALL.answered]]).toEqual([1, 0]);
  pass(clock, 1_000);
  expect([clock.timers, sums().calls[CALL.answered], sums().attempts[ATTEMPT.ok]]).toEqual([0, 1, 1]);
});

test("a rescued call: what it waited, what it cost more, who was to blame, who it was", () => {
  const { ledger, call, sums, database } = bench();
  call(DOWN, SPARE);
  ledger.close();
  const { attempts, calls } = sums();
  expect([attempts[ATTEMPT.overloaded529], attempts[ATTEMPT.ok]]).toEqual([1, 1]);
  expect([calls[CALL.rescued], calls[CALL.addedMs]]).toEqual([1, 40]);
  // 1 000 tokens in at 4 instead of 1, 100 out at 8 instead of 2: billionths of a dollar.
  expect(calls[CALL.extraNano]).toBe(1_000 * (1_000 * 3 + 100 * 6));
  const reader = readLedger(database);
  expect(reader?.prices().map(({ target, verified }) => [target, verified])).toEqual([
    ["alpha/m", "2026-10-01"],
    ["beta/m", "2026-10-01"],
  ]);
  const span = { fromMinute: 0, toMinute: 1e9 };
  expect(reader?.users(span, "alpha")).toEqual({ hit: 1, rescued: 1, word: 0, rawError: 0, records: 1, named: 1 });
  expect(reader?.users(span, "beta").hit).toBe(0);
  const [record, ...others] = reader?.attempts(span, "alpha", 10) ?? [];
  expect(others).toEqual([]);
  expect(record).toMatchObject({ outcome: "overloaded529", status: 529, requestId: "req_1", target: "alpha/m" });
});

test("a lost call is worth what its route says; one that was wrong is nobody's failure", () => {
  const { ledger, call, sums } = bench();
  call(DOWN, { target: "beta/m", fault: "server-error", status: 500 });
  call({ target: "alpha/m", fault: "invalid-request", status: 400 });
  ledger.close();
  const { calls } = sums();
  expect([calls[CALL.refused], calls[CALL.lostNano], calls[CALL.lostValued]]).toEqual([1, 2e9, 1]);
  expect([calls[CALL.callerErrors], calls[CALL.left]]).toEqual([1, 0]);
});

test("an unknown price is counted in tokens, not in money", () => {
  const { ledger, call, sums, database } = bench();
  call({ ...SPARE, target: "gamma/m" });
  ledger.close();
  const { attempts } = sums();
  expect([attempts[ATTEMPT.inputTokens], attempts[ATTEMPT.unpriced], attempts[ATTEMPT.costNano]]).toEqual([
    1_000, 1, 0,
  ]);
  expect(readLedger(database)?.prices()).toEqual([]);
});

const CAUSE = { outcomes: 9, silence: 0, siblings: 0, page: 0, ejectAt: 8, probes: 0 };

test("a call past its first target is hit only while that one is in trouble", () => {
  const { ledger, clock, call, tell, sums } = bench();
  call(SPARE);
  tell({
    type: "belief",
    call: "x",
    target: "alpha/m",
    domain: "alpha",
    from: "healthy",
    state: "ejected",
    score: 9,
    admission: 0,
    cause: CAUSE,
  });
  call(SPARE);
  tell({
    type: "belief",
    call: "x",
    target: "alpha/m",
    domain: "alpha",
    from: "ramp",
    state: "healthy",
    score: 0,
    admission: 1,
    cause: CAUSE,
  });
  call(SPARE);
  call(DOWN, SPARE);
  call(SPARE);
  pass(clock, 300_000);
  call(SPARE);
  ledger.close();
  const { calls } = sums();
  expect([calls[CALL.answered], calls[CALL.rescued]]).toEqual([3, 3]);
});

test("what is asked on its own is counted by class apart from attempts, with its request ids, and is no call", () => {
  const { ledger, tell, database } = bench();
  const probe = { type: "probe", target: "alpha/m", tookMs: 30 } as const;
  const failed = { ok: false, fault: "server-error", status: 500 } as const;
  tell({ ...probe, call: "probe_1", ok: false, fault: "overloaded", status: 529 });
  tell({ ...probe, call: "probe_2", ok: true, fault: "empty-reply", status: 200 });
  tell({ ...probe, call: "canary_1", canary: true, ...failed, requestId: "req_c", account: "a1" });
  tell({
    ...probe,
    call: "canary_2",
    canary: true,
    ok: true,
    usage: { inputTokens: 10, outputTokens: 1 },
    account: "a1",
  });
  ledger.close();
  const { attempts, calls } = sumsOf(database);
  const counted = (...names: readonly (keyof typeof ATTEMPT)[]) => names.map((name) => attempts[ATTEMPT[name]]);
  expect(counted("probes", "probesFailed", "canaries", "canariesFailed")).toEqual([2, 1, 2, 1]);
  expect(counted("ok", "overloaded529", "error500", "costNano")).toEqual([2, 1, 1, 12_000]);
  expect(calls.every((count) => count === 0)).toBe(true);
  const reader = readLedger(database);
  expect([...(reader?.series().values() ?? [])].every(isOwn)).toBe(true);
  expect(
    reader
      ?.attempts({ fromMinute: 0, toMinute: 1e9 }, "alpha", 10)
      .map(({ call, outcome, requestId }) => [call, outcome, requestId]),
  ).toEqual([
    ["probe_1", "overloaded529", ""],
    ["canary_1", "error500", "req_c"],
  ]);
});

/** A database whose writing can be made to fail, as on a full disk. */
function breakable(): Database & { broken: boolean } {
  const database = openMemoryDatabase();
  const made = {
    ...database,
    broken: false,
    transaction<T>(work: () => T): T {
      return database.transaction(() => {
        const done = work();
        if (made.broken) throw new Error("database or disk is full");
        return done;
      });
    },
  };
  return made;
}

test("while the store fails what was counted waits, and nothing is lost or doubled when it is back", () => {
  const store = breakable();
  const { clock, call, warnings, sums } = bench(store);
  call(OK);
  pass(clock, 1_000);
  store.broken = true;
  for (let count = 0; count < 20; count++) {
    call(DOWN, SPARE);
    pass(clock, 5_000);
  }
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain("disk is full");
  store.broken = false;
  pass(clock, 60_000);
  expect(warnings).toHaveLength(2);
  const { calls, attempts } = sums();
  expect([calls[CALL.answered], calls[CALL.rescued], attempts[ATTEMPT.overloaded529]]).toEqual([1, 20, 20]);
  expect(readLedger(store)?.attempts({ fromMinute: 0, toMinute: 1e9 }, "alpha", 100)).toHaveLength(20);
  expect(clock.timers).toBe(0);
});

test("what does not fit while the store fails is counted, and the count is kept", () => {
  const store = breakable();
  const { clock, call, ledger } = bench(store);
  store.broken = true;
  for (let count = 0; count < 20_100; count++) call({ ...DOWN, ms: 1 }, { ...SPARE, ms: 1 });
  expect(ledger.dropped).toBeGreaterThanOrEqual(100);
  store.broken = false;
  pass(clock, 60_000);
  expect(readLedger(store)?.dropped).toBe(ledger.dropped);
});

test("a full store is an error of the store, not of a call", () => {
  const database = openMemoryDatabase();
  const { call, ledger, warnings } = bench(database);
  const pages = database.prepare<{ page_count: number }>("PRAGMA page_count").get()?.page_count ?? 0;
  database.exec(`PRAGMA max_page_count = ${pages}`);
  for (let count = 0; count < 500; count++) call(DOWN, SPARE);
  ledger.flush();
  expect(warnings.join()).toContain("full");
  database.exec("PRAGMA max_page_count = 100000");
  ledger.close();
  expect(sumsOf(database).calls[CALL.rescued]).toBe(500);
});

test("a minute that the disk has broken keeps no other from being written", () => {
  const { clock, call, ledger, database, warnings } = bench();
  call(OK);
  ledger.flush();
  database.exec("UPDATE ledger_minute SET calls = x'ffffffffffffffffffff'");
  call(OK);
  ledger.flush();
  pass(clock, 60_000);
  call(OK);
  ledger.flush();
  expect(warnings).toEqual([]);
  expect(sumsOf(database).calls[CALL.answered]).toBe(2);
});

test("a second gateway on the same store goes on where the first was killed, in the same minute", () => {
  const database = openMemoryDatabase();
  const first = bench(database);
  first.call(OK);
  first.ledger.flush();
  const second = bench(database);
  second.call(OK);
  second.ledger.close();
  expect(sumsOf(database).calls[CALL.answered]).toBe(2);
  expect(second.ledger.endUser("ada")).toBe(first.ledger.endUser("ada"));
});

test("what is too old is taken away, and the oldest records make room", () => {
  const database = openMemoryDatabase();
  const { clock, call, ledger } = bench(database, { keepMs: 3_600_000, recordsMax: 10, bytesMax: 2 ** 30 });
  for (let count = 0; count < 30; count++) {
    call(DOWN, SPARE);
    ledger.flush();
  }
  const kept = () => readLedger(database)?.attempts({ fromMinute: 0, toMinute: 1e9 }, "alpha", 100) ?? [];
  expect(kept().map(({ call: id }) => id)).toEqual(Array.from({ length: 10 }, (_, index) => `call_${21 + index}`));
  pass(clock, 7_200_000);
  call(OK);
  ledger.flush();
  expect(kept()).toEqual([]);
  expect(sumsOf(database).calls.slice(0, 2)).toEqual(new Float64Array([1, 0]));
});

test("a store that grows too large loses its oldest minutes", () => {
  const { clock, call, ledger, database } = bench(undefined, { ...KEPT_ON_DISK, bytesMax: 150_000 });
  for (let minute = 0; minute < 400; minute++) {
    for (let count = 0; count < 40; count++) call({ ...OK, target: `alpha/m${count}`, ms: 1 });
    ledger.flush();
    pass(clock, 60_000);
  }
  const { bytes } = database
    .prepare<{ bytes: number }>("SELECT sum(length(attempts) + length(calls)) AS bytes FROM ledger_minute")
    .get() ?? { bytes: 0 };
  expect(bytes).toBeLessThan(150_000);
  const { first = 0, last = 0 } = readLedger(database)?.bounds() ?? {};
  expect(last - first).toBeGreaterThan(50);
  expect(last).toBe(Math.floor((EPOCH_MS + clock.now()) / 60_000) - 1);
});

test("failover that multiplies a route's spending is told once an hour", () => {
  const { clock, call, told, ledger } = bench();
  const million: Usage = { inputTokens: 1_000_000, outputTokens: 0 };
  for (let minute = 0; minute < 70; minute++) {
    call(DOWN, { ...SPARE, usage: million });
    ledger.flush();
    pass(clock, 60_000);
  }
  expect(told.map(({ type, call: id }) => [type, id])).toEqual([
    ["budget-warning", ""],
    ["budget-warning", ""],
  ]);
  expect(told[0]).toMatchObject({ route: "chat", spentUsd: 4, withoutFailoverUsd: 1, overMs: 600_000 });
});
