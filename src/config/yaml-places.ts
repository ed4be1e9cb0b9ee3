// Where things stand in a parsed YAML text, as offsets. An alias stands for itself: what it brings has no place of its own.

import { isCollection, isMap, isNode, isScalar, isSeq } from "yaml";
import type { Issue, Path } from "./problem.ts";

/** The offset for an issue: its value, or its key, or the nearest thing above it that is there. */
export function offsetOf(root: unknown, issue: Issue): number {
  let node = root;
  let keyOffset = startOf(root) ?? 0;
  for (const step of issue.path) {
    const next = child(node, step);
    // Something is missing here: the key above it is what the reader looks for.
    if (next === undefined) return keyOffset;
    keyOffset = next.keyOffset ?? startOf(next.value) ?? keyOffset;
    node = next.value;
  }
  return issue.atKey === true || isBlank(node) ? keyOffset : (startOf(node) ?? keyOffset);
}

interface BadKey {
  readonly path: Path;
  readonly offset: number;
  /** Where the same key stood before; absent: this one is a list or a mapping and no key at all. */
  readonly firstOffset?: number;
}

/** Keys that stand twice in the same mapping or are no text, in the order of the file. */
export function badKeys(node: unknown, path: Path = []): BadKey[] {
  if (isSeq(node)) return node.items.flatMap((item, index) => badKeys(item, [...path, index]));
  if (!isMap(node)) return [];
  const seen = new Map<string, number>();
  return node.items.flatMap(({ key, value }) => {
    const offset = startOf(key) ?? startOf(value) ?? 0;
    if (!isScalar(key)) return [{ path, offset }];
    const name = keyText(key);
    const firstOffset = seen.get(name);
    seen.set(name, firstOffset ?? offset);
    const inner = badKeys(value, [...path, name]);
    return firstOffset === undefined ? inner : [{ path: [...path, name], offset, firstOffset }, ...inner];
  });
}

function child(node: unknown, step: string | number): { keyOffset?: number | undefined; value: unknown } | undefined {
  if (isSeq(node) && typeof step === "number")
    return step < node.items.length ? { value: node.items[step] } : undefined;
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => keyText(key) === String(step));
  return pair && { keyOffset: startOf(pair.key), value: pair.value };
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** `key:` with nothing after it: the parser puts its empty value somewhere behind the colon. */
function isBlank(node: unknown): boolean {
  return !isNode(node) || (!isCollection(node) && node.range !== undefined && node.range?.[0] === node.range?.[1]);
}
