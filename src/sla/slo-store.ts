// The counts of objectives on disk, slot by slot, so that a window of thirty days outlives a restart. What is not written yet
// when a process is killed are the calls of its last seconds.

import type { Database } from "../core/database.ts";
import type { SloSettings } from "../core/settings.ts";
import { restore, type SloWindow, slotsSince } from "./slo-window.ts";

const STEPS = [
  `CREATE TABLE slo_slot (slo TEXT NOT NULL, slot INTEGER NOT NULL, total INTEGER NOT NULL, bad INTEGER NOT NULL,
   PRIMARY KEY (slo, slot)) STRICT, WITHOUT ROWID`,
];

export interface SloStore {
  /** Puts what was kept into a window that is new. */
  load(slo: SloSettings, window: SloWindow): void;
  /** All slots from `sinceSlot` on, and nothing that is older than the window. */
  save(slo: SloSettings, window: SloWindow, sinceSlot: number): void;
}

/** Throws where the store does. */
export function createSloStore(database: Database): SloStore {
  database.migrate("slo", STEPS);
  return overDatabase(database);
}

/** For a reader beside the gateway; `undefined` when no objective was ever kept there. */
export function readSloStore(database: Database): Pick<SloStore, "load"> | undefined {
  const found = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'slo_slot'").get();
  return found === undefined ? undefined : overDatabase(database);
}

function overDatabase(database: Database): SloStore {
  return {
    load(slo, window) {
      const rows = database
        .prepare<{ slot: number; total: number; bad: number }>("SELECT slot, total, bad FROM slo_slot WHERE slo = ?")
        .all(identityOf(slo));
      for (const { slot, total, bad } of rows) restore(window, slot, { total, bad });
    },
    save(slo, window, sinceSlot) {
      const name = identityOf(slo);
      const put = database.prepare("INSERT OR REPLACE INTO slo_slot (slo, slot, total, bad) VALUES (?, ?, ?, ?)");
      database.transaction(() => {
        for (const { slot, total, bad } of slotsSince(window, sinceSlot)) put.run(name, slot, total, bad);
        database.prepare("DELETE FROM slo_slot WHERE slo = ? AND slot <= ?").run(name, window.oldest);
      });
    },
  };
}

/** An objective that is changed begins anew: other calls are counted, or other slots. */
function identityOf({ name, route, windowMs, indicator }: SloSettings): string {
  return JSON.stringify([name, route, windowMs, indicator]);
}
