// What the schema knows and this version does not do, as one table: each row is refused by name when it asks for
// something. A row leaves the table with the change that builds it.

import { asksForNothing } from "./fields.ts";
import type { Issue, Path } from "./problem.ts";
import { at, entriesOf } from "./tree.ts";

export interface LaterRow {
  /** Keys from the root; `*` stands for every key or position there. */
  readonly path: readonly string[];
  /** What can be said instead. */
  readonly allowed: string;
  /** Default: everything asks that `asksForNothing` does not know. */
  readonly asks?: (value: unknown) => boolean;
  /** What lies below it is built: only some of its values are not. */
  readonly partial?: true;
}

const route = (key: string, allowed: string, asks?: LaterRow["asks"]): LaterRow => ({
  path: ["routes", "*", ...key.split(".")],
  allowed,
  ...(asks && { asks }),
});

export const LATER: readonly LaterRow[] = [
  {
    path: ["providers", "*", "dialect"],
    allowed: "anthropic-messages | openai-chat",
    asks: (value) => value === "openai-responses" || value === "gemini",
  },
  {
    ...route("cache.healthy", "off | exact | stem", (value) => value === "semantic"),
    partial: true,
  },
  {
    ...route("cache.outage", "off | exact | stem", (value) => value === "semantic"),
    partial: true,
  },
  route("require", "{}"),
  {
    path: ["store"],
    allowed: "memory | sqlite:PATH",
    asks: (value) => typeof value === "string" && value.startsWith("postgres"),
  },
  { path: ["shared"], allowed: "off" },
];

/** An issue for each thing that is asked for and not built yet. */
export function notInThisVersion(tree: unknown): Issue[] {
  return LATER.flatMap(({ path, allowed, asks = (value) => !asksForNothing(value) }) =>
    places(tree, path)
      .filter((place) => asks(at(tree, place)))
      .map((place) => ({ path: place, message: "not in this version", allowed })),
  );
}

/** Where a row's path leads in this tree. */
function places(tree: unknown, pattern: readonly string[]): Path[] {
  let found: Path[] = [[]];
  for (const step of pattern) {
    found = found.flatMap((path) =>
      entriesOf(at(tree, path))
        .filter(([key]) => step === "*" || step === key)
        .map(([key]) => [...path, key]),
    );
  }
  return found;
}
