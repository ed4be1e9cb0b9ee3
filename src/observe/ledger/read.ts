// Reads a ledger for reports, beside the gateway that writes it or without one. Minutes come a few hours at a time, so that
// a month of any size takes little memory. It writes nothing; it throws when the store does.

import type { Database } from "../../core/database.ts";
import type { FailureClass } from "../../core/sla.ts";
import type { Packed } from "./pack.ts";
import type { SeriesName } from "./series.ts";

export interface LedgerMinute {
  readonly minute: number;
  readonly attempts: Packed;
  readonly calls: Packed;
}

/** Whole minutes since the Unix epoch: the first one, and the first one after. */
export interface MinuteSpan {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** Distinct end users; those of whom clients told a name. */
export interface UserCounts {
  readonly hit: number;
  readonly rescued: number;
  readonly word: number;
  readonly rawError: number;
  /** Records of calls that were hit, with or without a name, and those with one. */
  readonly records: number;
  readonly named: number;
}

export interface StoredAttempt {
  readonly id: number;
  readonly atMs: number;
  readonly call: string;
  readonly number: number;
  readonly target: string;
  readonly account: string;
  readonly route: string;
  readonly tenant: string;
  readonly outcome: FailureClass | "ok";
  readonly fault: string;
  readonly status: number;
  readonly requestId: string;
  readonly tookMs: number;
}

export interface StoredCall {
  readonly id: number;
  readonly atMs: number;
  readonly provider: string;
  readonly outcome: string;
  /** "" when the client named none. */
  readonly user: string;
}

export interface StoredPrice {
  readonly target: string;
  /** In dollars. */
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  readonly source: string;
  /** The day on which it was last checked. */
  readonly verified: string;
}

export interface LedgerReader {
  /** By their numbers. */
  series(): ReadonlyMap<number, SeriesName>;
  minutes(span: MinuteSpan): Generator<LedgerMinute>;
  users(span: MinuteSpan, provider?: string): UserCounts;
  /** Single attempts at one provider, in the order of time: every failure that is kept, and a sample of successes. */
  attempts(span: MinuteSpan, provider: string, max: number): readonly StoredAttempt[];
  /** Records of calls that were hit or sampled, in the order in which they were written, after the one with this number. */
  callsAfter(id: number, max: number): readonly StoredCall[];
  /** The number before that of the first record of this time or later; all of them, where there is none. */
  callBefore(atMs: number): number;
  /** The prices that money was counted by, the latest of each target last. */
  prices(): readonly StoredPrice[];
  /** The first and the last minute there is; `undefined` when there is none. */
  bounds(): { readonly first: number; readonly last: number } | undefined;
  /** Entries that the gateway had to give up, in all. */
  readonly dropped: number;
}

const MINUTE_MS = 60_000;
const STEP_MINUTES = 360;

/** `undefined`: this store has no ledger yet. Throws where a later version wrote it. */
export function readLedger(database: Database): LedgerReader | undefined {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'holdfast_part'").get();
  if (tables === undefined) return undefined;
  const part = database.prepare<{ version: number }>("SELECT version FROM holdfast_part WHERE name = 'ledger'").get();
  if (part === undefined) return undefined;
  if (part.version > 1) throw new Error("the ledger in this store was written by a later version of Holdfast");
  return over(database);
}

/** Prepared once: a gateway may be asked for many reports. */
function over(database: Database): LedgerReader {
  const series = database.prepare<SeriesName & { id: number }>(
    "SELECT id, kind, provider, account, region, model, route, tenant FROM ledger_series",
  );
  const prices = database.prepare<StoredPrice & Record<string, never>>(
    `SELECT target, input_per_million AS inputPerMillion, output_per_million AS outputPerMillion, source, verified
     FROM ledger_price ORDER BY verified`,
  );
  const bounds = database.prepare<{ first: number | null; last: number | null }>(
    "SELECT min(minute) AS first, max(minute) AS last FROM ledger_minute",
  );
  const dropped = database.prepare<{ value: Uint8Array }>("SELECT value FROM ledger_fact WHERE name = 'dropped'");
  return {
    series: () => new Map(series.all().map(({ id, ...name }) => [id, name])),
    minutes: minuteReader(database),
    users: userCounter(database),
    ...callReader(database),
    prices: () => prices.all(),
    attempts: attemptReader(database),
    bounds() {
      const found = bounds.get();
      return found?.first == null || found.last == null ? undefined : { first: found.first, last: found.last };
    },
    get dropped() {
      return Number(new TextDecoder().decode(dropped.get()?.value ?? new Uint8Array()));
    },
  };
}

function minuteReader(database: Database): LedgerReader["minutes"] {
  const next = database.prepare<{ minute: number }>(
    "SELECT minute FROM ledger_minute WHERE minute >= ? AND minute < ? ORDER BY minute LIMIT 1",
  );
  const read = database.prepare<LedgerMinute & Record<string, never>>(
    "SELECT minute, attempts, calls FROM ledger_minute WHERE minute >= ? AND minute < ? ORDER BY minute",
  );
  return function* ({ fromMinute, toMinute }) {
    let at = next.get(fromMinute, toMinute)?.minute;
    while (at !== undefined) {
      const until = Math.min(toMinute, at + STEP_MINUTES);
      yield* read.all(at, until);
      at = next.get(until, toMinute)?.minute;
    }
  };
}

function userCounter(database: Database): LedgerReader["users"] {
  const among = (outcomes: string) => `count(DISTINCT CASE WHEN outcome IN (${outcomes}) THEN nullif(user, '') END)`;
  const counting = database.prepare<Record<keyof UserCounts, number>>(
    `SELECT count(DISTINCT nullif(user, '')) AS hit, ${among("'rescued'")} AS rescued,
       ${among("'stale', 'local', 'canned', 'deferred'")} AS word, ${among("'refused', 'broken'")} AS rawError,
       count(*) AS records, count(nullif(user, '')) AS named
     FROM ledger_call
     WHERE at_ms >= ? AND at_ms < ? AND outcome NOT IN ('answered', 'ours') AND (? = '' OR provider = ?)`,
  );
  const none: UserCounts = { hit: 0, rescued: 0, word: 0, rawError: 0, records: 0, named: 0 };
  return ({ fromMinute, toMinute }, provider = "") =>
    counting.get(fromMinute * MINUTE_MS, toMinute * MINUTE_MS, provider, provider) ?? none;
}

/** Records are written once a second: some of a moment may stand a little before others of an earlier one. */
const OUT_OF_ORDER = 1_000;

function callReader(database: Database): Pick<LedgerReader, "callsAfter" | "callBefore"> {
  const after = database.prepare<StoredCall & Record<string, never>>(
    "SELECT id, at_ms AS atMs, provider, outcome, user FROM ledger_call WHERE id > ? ORDER BY id LIMIT ?",
  );
  const first = database.prepare<{ id: number }>(
    "SELECT id FROM ledger_call WHERE at_ms >= ? ORDER BY at_ms, id LIMIT 1",
  );
  const last = database.prepare<{ id: number | null }>("SELECT max(id) AS id FROM ledger_call");
  return {
    callsAfter: (id, max) => after.all(id, max),
    callBefore(atMs) {
      const found = first.get(atMs)?.id;
      return found === undefined ? (last.get()?.id ?? 0) : Math.max(0, found - OUT_OF_ORDER);
    },
  };
}

function attemptReader(database: Database): LedgerReader["attempts"] {
  const reading = database.prepare<StoredAttempt & Record<string, never>>(
    `SELECT id, at_ms AS atMs, call, number, target, account, route, tenant, outcome, fault, status,
       request_id AS requestId, took_ms AS tookMs
     FROM ledger_attempt
     WHERE at_ms >= ? AND at_ms < ? AND substr(target, 1, length(?) + 1) = ? || '/'
     ORDER BY at_ms, id LIMIT ?`,
  );
  return ({ fromMinute, toMinute }, provider, max) =>
    reading.all(fromMinute * MINUTE_MS, toMinute * MINUTE_MS, provider, provider, max);
}
