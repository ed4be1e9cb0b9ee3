// Opens the store that a running gateway writes. What is kept there is the parts' business.

import type { Database } from "../core/database.ts";
import type { Settings } from "../core/settings.ts";
import { openDatabase } from "../runtime/sqlite.ts";

/** Where a gateway with a configuration file remembers when the file does not say. */
export const DEFAULT_STORE = "./holdfast.db";

export type Storing =
  /** `database` is absent where nothing is kept beyond the process; `note` is for people. */
  { readonly database?: Database; readonly note?: string } | { readonly problem: string };

/**
 * A store that was asked for must open: otherwise `problem`. One that merely is the default may fail, as when a second
 * gateway starts in the same folder: then this one remembers nothing beyond its end and says so.
 */
export function openStore(store: Settings["store"], hasFile: boolean, wallMs: number): Storing {
  if (store === "memory" || (store === undefined && !hasFile)) return {};
  const opened = openDatabase(store?.path ?? DEFAULT_STORE, wallMs);
  if ("database" in opened) return opened;
  if (store !== undefined) return { problem: `store: ${opened.problem}` };
  return { note: `${opened.problem}; what is remembered ends with this gateway (\`store: memory\` asks for that)` };
}
