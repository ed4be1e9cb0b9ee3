// Fields of a request that have no place in a prompt, declared as losses.

import { isAbsent, isList, type JsonObject } from "./json-object.ts";
import type { Losses } from "./losses.ts";

/** Declares every key of `value` that is neither known nor without meaning. `at` is its path in the request. */
export function addUnknown(
  losses: Losses,
  value: JsonObject,
  { known, at, reasons }: { readonly known: ReadonlySet<string>; readonly at: string; readonly reasons: Reasons },
): void {
  for (const key of Object.keys(value)) {
    if (known.has(key) || asksNothing(value[key])) continue;
    const path = at === "" ? key : `${at}.${key}`;
    losses.add(path, (Object.hasOwn(reasons, key) ? reasons[key] : undefined) ?? "unknown field");
  }
}

/** Why a field cannot be carried, by its name. */
export type Reasons = Readonly<Record<string, string>>;

function asksNothing(value: unknown): boolean {
  return isAbsent(value) || value === false || (isList(value) && value.length === 0);
}
