// The counts of objectives on disk: slot by slot, so that a window of thirty days outlives a restart, and by the quarter of
// an hour for longer, so that a month can be looked back on. What is not written yet when a process is killed are the calls
// of its last seconds.

import type { Database } from "../core/database.ts";
import type { SloSettings } from "../core/settings.ts";
import type { Counts, Severity } from "./burn.ts";
import { keptMs } from "./slo-month.ts";
import type { SloKeeping } from "./slo-watch.ts";
import { QUARTER_MS, restore, SLOTS, slotsSince } from "./slo-window.ts";

const DAY_MS = 86_400_000;
/** The longest window that the configuration takes. */
const WINDOW_MAX_MS = 90 * DAY_MS;
/** Thirteen months. */
const QUARTERS_MS = 400 * DAY_MS;

const STEPS = [
  `CREATE TABLE slo_slot (slo TEXT NOT NULL, slot INTEGER NOT NULL, total INTEGER NOT NULL, bad INTEGER NOT NULL,
   PRIMARY KEY (slo, slot)) STRICT, WITHOUT ROWID`,
  "CREATE TABLE slo_burning (slo TEXT PRIMARY KEY, severity TEXT NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE slo_counted (id INTEGER PRIMARY KEY, slo TEXT NOT NULL UNIQUE) STRICT",
  `CREATE TABLE slo_quarter (slo INTEGER NOT NULL, quarter INTEGER NOT NULL, total INTEGER NOT NULL, bad INTEGER NOT NULL,
   PRIMARY KEY (slo, quarter)) STRICT, WITHOUT ROWID`,
];

/** Throws where the store does. What is older than it may be is forgotten, whosever it is. */
export function createSloStore(database: Database, nowMs: number): SloKeeping {
  database.migrate("slo", STEPS);
  database
    .prepare("DELETE FROM slo_slot WHERE slot * (json_extract(slo, '$[2]') / ?) < ?")
    .run(SLOTS, nowMs - WINDOW_MAX_MS);
  database.prepare("DELETE FROM slo_quarter WHERE quarter < ?").run(Math.floor((nowMs - QUARTERS_MS) / QUARTER_MS));
  const put = database.prepare("INSERT OR REPLACE INTO slo_slot (slo, slot, total, bad) VALUES (?, ?, ?, ?)");
  const forget = database.prepare("DELETE FROM slo_slot WHERE slo = ? AND slot <= ?");
  const burns = database.prepare("INSERT OR REPLACE INTO slo_burning (slo, severity) VALUES (?, ?)");
  const burnsNoMore = database.prepare("DELETE FROM slo_burning WHERE slo = ?");
  const counted = database.prepare("INSERT OR IGNORE INTO slo_counted (slo) VALUES (?)");
  const add = database.prepare(
    `INSERT INTO slo_quarter (slo, quarter, total, bad) SELECT id, ?2, ?3, ?4 FROM slo_counted WHERE slo = ?1
     ON CONFLICT (slo, quarter) DO UPDATE SET total = total + excluded.total, bad = bad + excluded.bad`,
  );
  return {
    ...reading(database),
    save(slo, { window, sinceSlot, burning, quarters }) {
      const name = identityOf(slo);
      database.transaction(() => {
        for (const { slot, total, bad } of slotsSince(window, sinceSlot)) put.run(name, slot, total, bad);
        forget.run(name, window.oldest);
        if (burning === undefined) burnsNoMore.run(name);
        else burns.run(name, burning);
        if (quarters.size > 0) counted.run(countedAs(slo));
        for (const [quarter, { total, bad }] of quarters) add.run(countedAs(slo), quarter, total, bad);
      });
    },
    orphans(slos) {
      const known = new Set(slos.map(identityOf));
      const rows = database.prepare<{ slo: string; severity: Severity }>("SELECT slo, severity FROM slo_burning").all();
      const gone = rows.filter(({ slo }) => !known.has(slo));
      for (const { slo } of gone) burnsNoMore.run(slo);
      return gone.flatMap(({ slo, severity }) => {
        const named = nameIn(slo);
        return named === undefined ? [] : { ...named, severity };
      });
    },
  };
}

/** For a reader beside the gateway; `undefined` when no objective was ever kept there. */
export function readSloStore(database: Database): Pick<SloKeeping, "load" | "past"> | undefined {
  const tables = database.prepare<{ n: number }>(
    "SELECT count(*) AS n FROM sqlite_schema WHERE name IN ('slo_burning', 'slo_quarter')",
  );
  return tables.get()?.n === 2 ? reading(database) : undefined;
}

function reading(database: Database): Pick<SloKeeping, "load" | "past"> {
  const slots = database.prepare<{ slot: number; total: number; bad: number }>(
    "SELECT slot, total, bad FROM slo_slot WHERE slo = ?",
  );
  const burning = database.prepare<{ severity: Severity }>("SELECT severity FROM slo_burning WHERE slo = ?");
  const sum = database.prepare<{ total: number; bad: number } & Record<string, never>>(
    `SELECT coalesce(sum(total), 0) AS total, coalesce(sum(bad), 0) AS bad FROM slo_quarter
     WHERE slo = (SELECT id FROM slo_counted WHERE slo = ?) AND quarter >= ? AND quarter < ?`,
  );
  return {
    load(slo, window) {
      const name = identityOf(slo);
      for (const { slot, total, bad } of slots.all(name)) restore(window, slot, { total, bad });
      return burning.get(name)?.severity;
    },
    past: (slo, fromQuarter, toQuarter): Counts =>
      sum.get(countedAs(slo), fromQuarter, toQuarter) ?? { total: 0, bad: 0 },
  };
}

/** An objective that is changed begins anew: other calls are counted, or other slots. A month in another time zone has the same slots. */
export function identityOf(slo: SloSettings): string {
  const { name, route, indicator, calendar } = slo;
  return JSON.stringify([name, route, keptMs(slo), indicator, ...(calendar === undefined ? [] : ["month"])]);
}

/** Whatever its window is, the calls are the same. */
function countedAs({ name, route, indicator }: SloSettings): string {
  return JSON.stringify([name, route, indicator]);
}

function nameIn(identity: string): { readonly name: string; readonly route: string } | undefined {
  const parts: unknown = JSON.parse(identity);
  if (!Array.isArray(parts)) return undefined;
  const [name, route]: readonly unknown[] = parts;
  return typeof name === "string" && typeof route === "string" ? { name, route } : undefined;
}
