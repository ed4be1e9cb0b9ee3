// Answers that were given, in this process's memory, for an outage: bounded in bytes, the least recently used goes first. Age
// alone throws nothing away: during an outage there may be nothing newer. What was asked is not here: keys are hashes, made
// with a secret.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { AgedMap } from "../core/aged-map.ts";
import type { AnswerJournal, AnswerKeys, KeptAnswer, KeptAnswers } from "../core/cell.ts";

/** Of all answers together. */
export const KEPT_BYTES_MAX = 67_108_864;
/** Of one: a longer one is not kept. */
export const ANSWER_BYTES_MAX = 1_048_576;
/** What an entry takes beside its text: its keys, its names, its places in the maps. */
const ENTRY_BYTES = 1_024;
const SECRET_BYTES = 32;
const SECRETS_MAX = 1_000;

export function createKeptAnswers(bytesMax: number = KEPT_BYTES_MAX): KeptAnswers {
  const entries = new AgedMap<KeptAnswer>();
  const stems = createStems();
  const waiting = new Set<() => void>();
  const secrets = createSecrets();
  let journal: AnswerJournal | undefined;
  let bytes = 0;
  const drop = (key: string, isTold = true): void => {
    const known = entries.get(key);
    if (known === undefined) return;
    entries.delete(key);
    bytes -= sizeOf(known);
    stems.forget(key);
    if (isTold) journal?.dropped(key);
  };
  const add = ({ exact, stem }: AnswerKeys, answer: KeptAnswer): boolean => {
    drop(exact, false);
    const size = sizeOf(answer);
    if (size > ANSWER_BYTES_MAX + ENTRY_BYTES || size > bytesMax) return false;
    entries.set(exact, answer);
    if (stem !== undefined) stems.set(exact, stem);
    bytes += size;
    while (bytes > bytesMax && entries.oldestKey !== undefined) drop(entries.oldestKey);
    return true;
  };
  const find = (key: string | undefined, aliveAtMs: number): KeptAnswer | undefined => {
    const known = key === undefined ? undefined : entries.get(key);
    if (key === undefined || known === undefined || aliveAtMs >= known.goneAtMs) return undefined;
    entries.set(key, known);
    return known;
  };
  return {
    get bytes() {
      return bytes;
    },
    resume(past, secret, told) {
      secrets.resume(secret);
      for (const [keys, answer] of past) add(keys, answer);
      journal = told;
    },
    secretOf: secrets.of,
    get: ({ exact, stem }, aliveAtMs) =>
      find(exact, aliveAtMs) ?? (stem === undefined ? undefined : find(stems.newest(stem), aliveAtMs)),
    set(keys, answer) {
      if (add(keys, answer)) journal?.kept(keys, answer);
      else journal?.dropped(keys.exact);
    },
    waiting,
    purge(isMeant) {
      for (const keepAll of waiting) keepAll();
      const meant = [...entries.entries()].filter(([, answer]) => isMeant(answer));
      for (const [key] of meant) drop(key);
      return meant.length;
    },
  };
}

interface Stems {
  /** The key of the newest answer to a question of these stems. */
  newest(stem: string): string | undefined;
  set(key: string, stem: string): void;
  forget(key: string): void;
}

function createStems(): Stems {
  const newest = new Map<string, string>();
  /** Of each answer whose question has any. */
  const stems = new Map<string, string>();
  return {
    newest: (stem) => newest.get(stem),
    set(key, stem) {
      stems.set(key, stem);
      newest.set(stem, key);
    },
    forget(key) {
      const stem = stems.get(key);
      if (stem === undefined) return;
      stems.delete(key);
      if (newest.get(stem) === key) newest.delete(stem);
    },
  };
}

function createSecrets(): { of: KeptAnswers["secretOf"]; resume(secret: Uint8Array): void } {
  let master: Uint8Array | undefined;
  const secrets = new Map<string, Uint8Array>();
  return {
    resume(secret) {
      master = secret;
      secrets.clear();
    },
    of(partition, random) {
      const known = secrets.get(partition);
      if (known !== undefined) return known;
      master ??= Uint8Array.from({ length: SECRET_BYTES }, () => Math.floor(random() * 256));
      const secret = hmac(sha256, master, utf8ToBytes(partition));
      const oldest = secrets.size >= SECRETS_MAX ? secrets.keys().next().value : undefined;
      if (oldest !== undefined) secrets.delete(oldest);
      secrets.set(partition, secret);
      return secret;
    },
  };
}

/** Two bytes a character, as strings may take. */
function sizeOf({ texts, calls }: KeptAnswer): number {
  let length = 0;
  for (const text of texts) length += text.length;
  if (calls !== undefined) for (const { name, json } of calls) length += name.length + json.length;
  return ENTRY_BYTES + length * 2;
}
