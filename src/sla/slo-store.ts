// The counts of objectives on disk, slot by slot, so that a window of thirty days outlives a restart. What is not written yet
// when a process is killed are the calls of its last seconds.

import type { Database } from "../core/database.ts";
import type { SloSettings } from "../core/settings.ts";
import type { Severity } from "./burn.ts";
import type { SloKeeping } from "./slo-watch.ts";
import { restore, SLOTS, slotsSince } from "./slo-window.ts";

/** The longest window that the configuration takes. */
const WINDOW_MAX_MS = 90 * 86_400_000;

const STEPS = [
  `CREATE TABLE slo_slot (slo TEXT NOT NULL, slot INTEGER NOT NULL, total INTEGER NOT NULL, bad INTEGER NOT NULL,
   PRIMARY KEY (slo, slot)) STRICT, WITHOUT ROWID`,
  "CREATE TABLE slo_burning (slo TEXT PRIMARY KEY, severity TEXT NOT NULL) STRICT, WITHOUT ROWID",
];

/** Throws where the store does. Slots that are older than any window may be are forgotten, whosever they are. */
export function createSloStore(database: Database, nowMs: number): SloKeeping {
  database.migrate("slo", STEPS);
  database
    .prepare("DELETE FROM slo_slot WHERE slot * (json_extract(slo, '$[2]') / ?) < ?")
    .run(SLOTS, nowMs - WINDOW_MAX_MS);
  const put = database.prepare("INSERT OR REPLACE INTO slo_slot (slo, slot, total, bad) VALUES (?, ?, ?, ?)");
  const forget = database.prepare("DELETE FROM slo_slot WHERE slo = ? AND slot <= ?");
  const burns = database.prepare("INSERT OR REPLACE INTO slo_burning (slo, severity) VALUES (?, ?)");
  const burnsNoMore = database.prepare("DELETE FROM slo_burning WHERE slo = ?");
  return {
    load: loading(database),
    save(slo, window, sinceSlot, burning) {
      const name = identityOf(slo);
      database.transaction(() => {
        for (const { slot, total, bad } of slotsSince(window, sinceSlot)) put.run(name, slot, total, bad);
        forget.run(name, window.oldest);
        if (burning === undefined) burnsNoMore.run(name);
        else burns.run(name, burning);
      });
    },
  };
}

/** For a reader beside the gateway; `undefined` when no objective was ever kept there. */
export function readSloStore(database: Database): Pick<SloKeeping, "load"> | undefined {
  const found = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'slo_burning'").get();
  return found === undefined ? undefined : { load: loading(database) };
}

function loading(database: Database): SloKeeping["load"] {
  const slots = database.prepare<{ slot: number; total: number; bad: number }>(
    "SELECT slot, total, bad FROM slo_slot WHERE slo = ?",
  );
  const burning = database.prepare<{ severity: Severity }>("SELECT severity FROM slo_burning WHERE slo = ?");
  return (slo, window) => {
    const name = identityOf(slo);
    for (const { slot, total, bad } of slots.all(name)) restore(window, slot, { total, bad });
    return burning.get(name)?.severity;
  };
}

/** An objective that is changed begins anew: other calls are counted, or other slots. */
function identityOf({ name, route, windowMs, indicator }: SloSettings): string {
  return JSON.stringify([name, route, windowMs, indicator]);
}
