// Walking a configuration that nobody has checked yet: plain values of any shape, own keys only. It never throws.

import type { Path } from "./problem.ts";

/** The value at `path`; `undefined` where the tree has none. */
export function at(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    // Own property, just checked.
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for what holds nothing: absent, `null`, or a mapping without keys. */
export function isVoid(value: unknown): boolean {
  return value === undefined || value === null || (isMapping(value) && Object.keys(value).length === 0);
}

/** The keys and values of a mapping; nothing for anything else, lists included. */
export function entriesOf(value: unknown): [string, unknown][] {
  return isMapping(value) ? Object.entries(value) : [];
}

/** The text at `path`, without the blanks around it; `undefined` for anything but a string that says something. */
export function textAt(tree: unknown, path: Path): string | undefined {
  const value = at(tree, path);
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" ? undefined : text;
}
