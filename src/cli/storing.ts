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
 * A store that was asked for and that another gateway has, or that can be nowhere, is a `problem`: somebody has to decide. Whatever
 * else a disk does (it is full, or may not be written) is no reason not to serve: then nothing is remembered beyond the end, and
 * that is said. The same where the store merely is the default, as when a second gateway starts in the same folder.
 */
export function openStore(store: Settings["store"], hasFile: boolean, wallMs: number): Storing {
  if (store === "memory" || (store === undefined && !hasFile)) return {};
  const opened = openDatabase(store?.path ?? DEFAULT_STORE, wallMs);
  if ("database" in opened) return opened;
  if (store !== undefined && (opened.inUse || opened.noPlace === true)) return { problem: `store: ${opened.problem}` };
  const hint = store === undefined ? " (`store: memory` asks for that)" : "; no call is deferred";
  return { note: `${opened.problem}; what is remembered ends with this gateway${hint}` };
}
