// Names of tools in the characters and the length that a dialect takes. The client knows its tools by their own names: one
// that had to be changed is changed back in the answer. Deterministic and hashed rather than cut, as ids are (tool-id.ts).

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const ALLOWED = /^[A-Za-z0-9_-]+$/;
const HASH_CHARS = 12;
const encoder = new TextEncoder();

/** The name itself where the dialect takes it; else the beginning that reads like it, and a hash of the whole. */
export function fittingName(name: string, charsMax: number): string {
  if (name.length <= charsMax && ALLOWED.test(name)) return name;
  const readable = name.slice(0, charsMax - HASH_CHARS - 1).replace(/[^A-Za-z0-9_-]/g, "_");
  return `${readable}_${bytesToHex(sha256(encoder.encode(name))).slice(0, HASH_CHARS)}`;
}

/** The client's names by what is sent for them, those that stay apart; `undefined` when all stay. */
export function changedNames(
  tools: readonly { readonly name: string }[],
  sentName: (name: string) => string,
): ReadonlyMap<string, string> | undefined {
  let changed: Map<string, string> | undefined;
  for (const { name } of tools) {
    const sent = sentName(name);
    if (sent === name) continue;
    changed ??= new Map();
    changed.set(sent, name);
  }
  return changed;
}
