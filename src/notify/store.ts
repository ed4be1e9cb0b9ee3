// The outbox in the store: a message is there before it is sent and until it has arrived. Nobody waits for it on a call's
// path. What fails here is caught by the notifier.

import type { Database } from "../core/database.ts";
import type { Entry } from "./outbox.ts";

const STEPS = [
  `CREATE TABLE notify_outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, id TEXT NOT NULL,
     json TEXT NOT NULL, UNIQUE (channel, id));`,
] as const;

export interface OutboxStore {
  /** The oldest first. */
  load(): readonly { readonly channel: string; readonly entry: Entry }[];
  save(channel: string, entry: Entry): void;
  remove(channel: string, id: string): void;
  transaction(work: () => void): void;
}

/** Throws where the store cannot be used at all. */
export function createOutboxStore(database: Database): OutboxStore {
  database.migrate("notify", STEPS);
  const all = database.prepare<{ channel: string; json: string }>(
    "SELECT channel, json FROM notify_outbox ORDER BY number",
  );
  const save = database.prepare(
    "INSERT INTO notify_outbox (channel, id, json) VALUES (?, ?, ?) ON CONFLICT (channel, id) DO UPDATE SET json = excluded.json",
  );
  const remove = database.prepare("DELETE FROM notify_outbox WHERE channel = ? AND id = ?");
  return {
    load: () => all.all().flatMap(({ channel, json }) => read(channel, json)),
    save: (channel, entry) => void save.run(channel, entry.id, JSON.stringify(entry)),
    remove: (channel, id) => void remove.run(channel, id),
    transaction: (work) => database.transaction(work),
  };
}

function read(channel: string, json: string): { readonly channel: string; readonly entry: Entry }[] {
  try {
    // What this part wrote, it reads.
    return [{ channel, entry: JSON.parse(json) as Entry }];
  } catch {
    return [];
  }
}
