// Chains of hashes over records: each has the hash of itself and of all before it, so that the first record that was changed,
// added or taken away is known by its place. A chain proves nothing to whoever may write all of it anew: for that its last
// hash, the root, is to be kept somewhere else.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { csvRow } from "../core/csv.ts";

export function hashOf(data: string | Uint8Array): string {
  return bytesToHex(sha256(typeof data === "string" ? utf8ToBytes(data) : data));
}

/** Of a hash, in a row: enough to find a place. The whole file has its own in the manifest. */
const LINK_CHARS = 16;
const LINK = "chain";

/** A table whose last column chains its rows. */
export function chainedCsv(head: readonly string[], rows: Iterable<readonly (string | number)[]>): string {
  let link = hashOf(csvRow(head)).slice(0, LINK_CHARS);
  const parts = [csvRow([...head, LINK])];
  for (const row of rows) {
    const text = csvRow(row).slice(0, -2);
    link = hashOf(`${link},${text}`).slice(0, LINK_CHARS);
    parts.push(`${text},${link}\r\n`);
  }
  return parts.join("");
}

/** The first row whose link is wrong, counted from 1, the head being 0; `undefined` when all are right. */
export function firstBadRow(csv: string): number | undefined {
  const lines = csv.split("\r\n");
  const head = lines[0] ?? "";
  const end = `,${LINK}`;
  if (!head.endsWith(end) || lines.at(-1) !== "") return head.endsWith(end) ? lines.length - 1 : 0;
  let link = hashOf(`${head.slice(0, -end.length)}\r\n`).slice(0, LINK_CHARS);
  for (let row = 1; row < lines.length - 1; row++) {
    const line = lines[row] ?? "";
    const text = line.slice(0, -LINK_CHARS - 1);
    link = hashOf(`${link},${text}`).slice(0, LINK_CHARS);
    if (line !== `${text},${link}`) return row;
  }
  return undefined;
}

/** What a manifest says of one file, or, in its first record, of the pack. */
export type ManifestFacts = Readonly<Record<string, string | number>>;

const ORIGIN = "0".repeat(64);

/** A line of JSON for each record, with its place, the hash before it and its own. */
export function manifestOf(records: readonly ManifestFacts[]): { readonly text: string; readonly root: string } {
  let previous = ORIGIN;
  const lines = records.map((facts, record) => {
    const body = { record, ...facts, previous };
    previous = hashOf(JSON.stringify(body));
    return JSON.stringify({ ...body, hash: previous });
  });
  return { text: lines.map((line) => `${line}\n`).join(""), root: previous };
}

export type ReadManifest =
  | { readonly ok: true; readonly records: readonly ManifestFacts[]; readonly root: string }
  /** The first record that is not as it was written. */
  | { readonly ok: false; readonly record: number };

export function readManifest(text: string): ReadManifest {
  const lines = text.split("\n");
  const records: ManifestFacts[] = [];
  let previous = ORIGIN;
  for (const [record, line] of lines.slice(0, -1).entries()) {
    const facts = factsOf(line);
    if (facts === undefined) return { ok: false, record };
    const { hash, ...body } = facts;
    const isWhole = body.record === record && body.previous === previous && hashOf(JSON.stringify(body)) === hash;
    // As it was written, to the letter.
    if (!isWhole || JSON.stringify(facts) !== line) return { ok: false, record };
    previous = String(hash);
    records.push(facts);
  }
  if (records.length === 0 || lines.at(-1) !== "") return { ok: false, record: records.length };
  return { ok: true, records, root: previous };
}

function factsOf(line: string): ManifestFacts | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const isFlat = Object.values(value).every((item) => typeof item === "string" || typeof item === "number");
    return isFlat ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}
