// Where a report gets its facts: the store that the configuration names, opened beside the gateway to be read only.

import type { Database } from "../core/database.ts";
import { type LedgerReader, readLedger } from "../observe/ledger/read.ts";
import { openDatabaseToRead } from "../runtime/sqlite.ts";
import { readConfigLeniently } from "./config-file.ts";
import { type Flags, textFlag } from "./flags.ts";
import { DEFAULT_STORE } from "./storing.ts";

export const SOURCE_FLAGS = { config: { type: "string" }, store: { type: "string" } } as const;

export const SOURCE_HELP = `  --store PATH    the store to read (default: that of the configuration, else ${DEFAULT_STORE})
  --config FILE   the configuration that names the store`;

export interface StoredLedger {
  readonly path: string;
  readonly database: Database;
  readonly ledger: LedgerReader;
}

/** Or a sentence for why there is none. */
export async function openLedgerToRead(flags: Flags): Promise<StoredLedger | string> {
  const path = await storePath(flags);
  if (path === undefined)
    return "this configuration keeps nothing on disk (`store: memory`); ask the gateway with --gateway";
  const opened = openDatabaseToRead(path);
  if (!("database" in opened)) return `${opened.problem}; a gateway that keeps nothing on disk is asked with --gateway`;
  const { database } = opened;
  try {
    const ledger = readLedger(database);
    if (ledger !== undefined) return { path, database, ledger };
    database.close();
    return `${path}: no gateway has kept a ledger there yet`;
  } catch (error) {
    database.close();
    return `${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export async function storePath(flags: Flags): Promise<string | undefined> {
  const named = textFlag(flags, "store");
  if (named !== undefined) return named.replace(/^sqlite:/, "");
  const config = await readConfigLeniently(textFlag(flags, "config"));
  const store = config.found && config.loaded.ok ? config.loaded.settings.store : undefined;
  if (store === "memory") return undefined;
  return store?.path ?? DEFAULT_STORE;
}
