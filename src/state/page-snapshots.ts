// What providers' status pages said, byte by byte, each time that their word changed: evidence for a claim. In the store of
// a gateway; it writes behind the data path, is bounded, and a disk that fails costs no reading.

import type { Database } from "../core/database.ts";

export interface PageDocumentBytes {
  readonly url: string;
  readonly bytes: Uint8Array;
}

export interface PageSnapshotRow extends PageDocumentBytes {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

export interface PageSnapshots {
  /** Never throws. What is as it was before is not kept again, and what is too large not at all. */
  keep(provider: string, documents: readonly PageDocumentBytes[], atMs: number): void;
}

const STEPS = [
  `CREATE TABLE page_snapshot (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, provider TEXT NOT NULL, url TEXT NOT NULL,
   body BLOB NOT NULL) STRICT;
   CREATE INDEX page_snapshot_of ON page_snapshot (provider, url, id)`,
];
const BODY_BYTES_MAX = 2 ** 21;
const ALL_BYTES_MAX = 2 ** 26;
/** As the ledger keeps its evidence. */
const KEPT_MS = 100 * 86_400_000;

/** Throws where the store does. */
export function createPageSnapshots(database: Database, warn: (message: string) => void): PageSnapshots {
  database.migrate("page-snapshots", STEPS);
  const last = database.prepare<{ body: Uint8Array }>(
    "SELECT body FROM page_snapshot WHERE provider = ? AND url = ? ORDER BY id DESC LIMIT 1",
  );
  const put = database.prepare("INSERT INTO page_snapshot (at_ms, provider, url, body) VALUES (?, ?, ?, ?)");
  const trim = database.prepare("DELETE FROM page_snapshot WHERE at_ms < ?");
  const sizes = database.prepare<{ id: number; bytes: number }>(
    "SELECT id, length(body) AS bytes FROM page_snapshot ORDER BY id DESC",
  );
  const forgetUntil = database.prepare("DELETE FROM page_snapshot WHERE id <= ?");
  let isFailing = false;
  return {
    keep(provider, documents, atMs) {
      try {
        database.transaction(() => {
          for (const { url, bytes } of documents) {
            if (bytes.length > BODY_BYTES_MAX || isSame(last.get(provider, url)?.body, bytes)) continue;
            put.run(Math.round(atMs), provider, url, bytes);
          }
          trim.run(Math.round(atMs - KEPT_MS));
          let left = ALL_BYTES_MAX;
          const first = sizes.all().find(({ bytes }) => {
            left -= bytes;
            return left < 0;
          });
          if (first !== undefined) forgetUntil.run(first.id);
        });
        isFailing = false;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (!isFailing) warn(`copies of status pages cannot be kept (${reason})`);
        isFailing = true;
      }
    },
  };
}

function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** The first ones of a span, in the order of time; none where no gateway has kept any. Throws where the store does. */
export function readPageSnapshots(
  database: Database,
  provider: string,
  { fromMs, toMs, max }: { readonly fromMs: number; readonly toMs: number; readonly max: number },
): readonly PageSnapshotRow[] {
  const table = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'page_snapshot'").get();
  if (table === undefined) return [];
  return database
    .prepare<PageSnapshotRow & Record<string, never>>(
      `SELECT at_ms AS atMs, url, body AS bytes FROM page_snapshot
       WHERE provider = ? AND at_ms >= ? AND at_ms < ? ORDER BY id LIMIT ?`,
    )
    .all(provider, fromMs, toMs, max);
}
