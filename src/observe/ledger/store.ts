// The ledger's tables, as its writer uses them: minutes that are added to, records that are appended, what is too old taken
// away. It blocks and it throws; `ledger.ts` calls it behind the data path and catches.

import type { Database } from "../../core/database.ts";
import type { UsedPrice } from "./facts.ts";
import type { Vector } from "./fields.ts";
import { mergePacked, type Packed } from "./pack.ts";
import type { AttemptRow, CallRow } from "./records.ts";
import type { Delta, Series, SeriesName } from "./series.ts";

export interface Batch {
  readonly deltas: readonly Delta[];
  readonly attempts: readonly AttemptRow[];
  readonly calls: readonly CallRow[];
  readonly prices: readonly UsedPrice[];
  /** What was given up since the last batch. */
  readonly dropped: number;
}

export interface LedgerStore {
  /** All of it or nothing. The oldest records beyond `recordsMax` make room. */
  write(batch: Batch): void;
  /** Takes away what is older than `keepMs`, a part at a time. */
  trim(wallMs: number): void;
  /** 16 bytes that `make` gives once for as long as the store lives. */
  userKey(make: () => Uint8Array): Uint8Array;
}

export interface Keeping {
  readonly keepMs: number;
  readonly recordsMax: number;
  /** Of the whole store: beyond it the oldest minutes make room, however many names there are. */
  readonly bytesMax: number;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** The longest window for a claim is the end of the second billing cycle after the incident. */
export const KEPT_ON_DISK: Keeping = { keepMs: 100 * DAY_MS, recordsMax: 500_000, bytesMax: 8 * 2 ** 30 };
export const KEPT_IN_MEMORY: Keeping = { keepMs: 2 * DAY_MS, recordsMax: 20_000, bytesMax: 64 * 2 ** 20 };
/** Rows that one trim takes away: it holds up the event loop meanwhile. */
const TRIM_ROWS = 5_000;
/** Of the minutes, what makes room at once where there is none: a twentieth. */
const OLDEST_SHARE = 20;

export const LEDGER_STEPS = [
  `CREATE TABLE ledger_series (
     id INTEGER PRIMARY KEY, kind TEXT NOT NULL, provider TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
     model TEXT NOT NULL, route TEXT NOT NULL, tenant TEXT NOT NULL,
     UNIQUE (kind, provider, account, region, model, route, tenant)) STRICT;
   CREATE TABLE ledger_minute (minute INTEGER PRIMARY KEY, attempts BLOB NOT NULL, calls BLOB NOT NULL) STRICT;
   CREATE TABLE ledger_attempt (
     id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, call TEXT NOT NULL, number INTEGER NOT NULL, target TEXT NOT NULL,
     account TEXT NOT NULL, route TEXT NOT NULL, tenant TEXT NOT NULL, outcome TEXT NOT NULL, fault TEXT NOT NULL,
     status INTEGER NOT NULL, request_id TEXT NOT NULL, took_ms INTEGER NOT NULL) STRICT;
   CREATE INDEX ledger_attempt_at ON ledger_attempt (at_ms);
   CREATE TABLE ledger_call (
     id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, call TEXT NOT NULL, route TEXT NOT NULL, tenant TEXT NOT NULL,
     provider TEXT NOT NULL, outcome TEXT NOT NULL, fault TEXT NOT NULL, user TEXT NOT NULL, added_ms INTEGER NOT NULL) STRICT;
   CREATE INDEX ledger_call_at ON ledger_call (at_ms);
   CREATE TABLE ledger_price (
     target TEXT NOT NULL, input_per_million REAL NOT NULL, output_per_million REAL NOT NULL, source TEXT NOT NULL,
     verified TEXT NOT NULL, PRIMARY KEY (target, verified, input_per_million, output_per_million)) WITHOUT ROWID, STRICT;
   CREATE TABLE ledger_fact (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT;`,
] as const;

/** Throws when the store cannot be used. */
export function createLedgerStore(database: Database, keeping: Keeping): LedgerStore {
  database.migrate("ledger", LEDGER_STEPS);
  const writeMinutes = minuteWriter(database);
  const writeRecords = recordWriter(database);
  const notePrice = database.prepare("INSERT OR IGNORE INTO ledger_price VALUES (?, ?, ?, ?, ?)");
  const addDropped = database.prepare(
    `INSERT INTO ledger_fact (name, value) VALUES ('dropped', ?1)
     ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + CAST(excluded.value AS INTEGER) AS BLOB)`,
  );
  const trims = { attempts: trimmer(database, "ledger_attempt"), calls: trimmer(database, "ledger_call") };
  const bytesOf = sizer(database);
  const trimOldest = database.prepare(
    "DELETE FROM ledger_minute WHERE minute IN (SELECT minute FROM ledger_minute ORDER BY minute LIMIT max(1, (SELECT count(*) FROM ledger_minute) / ?))",
  );
  const trimMinutes = database.prepare(
    "DELETE FROM ledger_minute WHERE minute IN (SELECT minute FROM ledger_minute WHERE minute < ? ORDER BY minute LIMIT ?)",
  );
  return {
    write: (batch) =>
      database.transaction(() => {
        writeMinutes(batch.deltas);
        writeRecords(batch);
        for (const { target, inputPerMillion, outputPerMillion, source, verified } of batch.prices) {
          notePrice.run(target, inputPerMillion, outputPerMillion, source, verified);
        }
        // Twice as fast as it grows.
        if (batch.attempts.length > 0) trims.attempts.many(keeping.recordsMax, 2 * batch.attempts.length);
        if (batch.calls.length > 0) trims.calls.many(keeping.recordsMax, 2 * batch.calls.length);
        if (batch.dropped > 0) addDropped.run(new TextEncoder().encode(String(batch.dropped)));
      }),
    trim: (wallMs) =>
      database.transaction(() => {
        const beforeMs = wallMs - keeping.keepMs;
        trimMinutes.run(Math.floor(beforeMs / MINUTE_MS), TRIM_ROWS);
        for (const { old } of Object.values(trims)) old(beforeMs);
        if (bytesOf() > keeping.bytesMax) trimOldest.run(OLDEST_SHARE);
      }),
    userKey(make) {
      const find = database.prepare<{ value: Uint8Array }>("SELECT value FROM ledger_fact WHERE name = 'user-key'");
      const found = find.get()?.value;
      if (found !== undefined) return found;
      database.prepare("INSERT INTO ledger_fact (name, value) VALUES ('user-key', ?)").run(make());
      return find.get()?.value ?? make();
    },
  };
}

/** Of what is in use: pages that are free are used again. */
function sizer(database: Database): () => number {
  const reading = database.prepare<{ bytes: number }>(
    `SELECT (page_count - freelist_count) * page_size AS bytes
     FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
  );
  return () => reading.get()?.bytes ?? 0;
}

function minuteWriter(database: Database): (deltas: readonly Delta[]) => void {
  const read = database.prepare<Record<SeriesName["kind"], Uint8Array>>(
    "SELECT attempts, calls FROM ledger_minute WHERE minute = ?",
  );
  const write = database.prepare("INSERT OR REPLACE INTO ledger_minute (minute, attempts, calls) VALUES (?, ?, ?)");
  const idOf = seriesFinder(database);
  return (deltas) => {
    const minutes = new Map<number, Record<SeriesName["kind"], Map<number, Vector>>>();
    for (const { series, minute, vector } of deltas) {
      const added = minutes.get(minute) ?? { attempts: new Map(), calls: new Map() };
      minutes.set(minute, added);
      added[series.name.kind].set(idOf(series), vector);
    }
    for (const [minute, { attempts, calls }] of minutes) {
      const there = read.get(minute);
      write.run(minute, merged(there?.attempts, attempts), merged(there?.calls, calls));
    }
  };
}

/** A minute that the disk has broken cannot be read any more: it must not keep the others from being written. */
function merged(there: Packed | undefined, added: ReadonlyMap<number, Vector>): Packed {
  try {
    return mergePacked(there, added);
  } catch {
    return mergePacked(undefined, added);
  }
}

function seriesFinder(database: Database): (series: Series) => number {
  const names = "kind, provider, account, region, model, route, tenant";
  const insert = database.prepare(`INSERT OR IGNORE INTO ledger_series (${names}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const find = database.prepare<{ id: number }>(
    `SELECT id FROM ledger_series WHERE (${names}) = (?, ?, ?, ?, ?, ?, ?)`,
  );
  return (series) => {
    if (series.id !== undefined) return series.id;
    const { kind, provider, account, region, model, route, tenant } = series.name;
    const values = [kind, provider, account, region, model, route, tenant];
    insert.run(...values);
    const id = find.get(...values)?.id;
    if (id === undefined) throw new Error("the ledger has no number for a series that it just noted");
    series.id = id;
    return id;
  };
}

function recordWriter(database: Database): (batch: Pick<Batch, "attempts" | "calls">) => void {
  const attempt = database.prepare(
    `INSERT INTO ledger_attempt
     (at_ms, call, number, target, account, route, tenant, outcome, fault, status, request_id, took_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const call = database.prepare(
    `INSERT INTO ledger_call (at_ms, call, route, tenant, provider, outcome, fault, user, added_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return ({ attempts, calls }) => {
    for (const row of attempts) {
      const { atMs, number, target, account, route, tenant, outcome, fault, status, requestId, tookMs } = row;
      attempt.run(atMs, row.call, number, target, account, route, tenant, outcome, fault, status, requestId, tookMs);
    }
    for (const row of calls) {
      const { atMs, route, tenant, provider, outcome, fault, user, addedMs } = row;
      call.run(atMs, row.call, route, tenant, provider, outcome, fault, user, addedMs);
    }
  };
}

interface Trimmer {
  old(beforeMs: number): void;
  many(max: number, rows: number): void;
}

function trimmer(database: Database, table: "ledger_attempt" | "ledger_call"): Trimmer {
  const old = database.prepare(
    `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE at_ms < ? ORDER BY at_ms LIMIT ?)`,
  );
  // Numbers are given in order, so that the oldest records have the least.
  const many = database.prepare(
    `DELETE FROM ${table} WHERE id IN (
       SELECT id FROM ${table} WHERE id <= (SELECT max(id) FROM ${table}) - ? ORDER BY id LIMIT ?)`,
  );
  return {
    old: (beforeMs) => void old.run(beforeMs, TRIM_ROWS),
    many: (max, rows) => void many.run(max, rows),
  };
}
