// Answers that were given, in this process's memory, for an outage: bounded in bytes, the least recently used goes first, and
// what is too old to be given goes when it is met. What was asked is not here: keys are hashes.

import type { KeptAnswer, KeptAnswers } from "../core/cell.ts";

/** Of all answers together. */
export const KEPT_BYTES_MAX = 67_108_864;
/** Of one: a longer one is not kept. */
export const ANSWER_BYTES_MAX = 1_048_576;
/** What an entry takes beside its text: its key, its names, its place in the map. */
const ENTRY_BYTES = 1_024;

export function createKeptAnswers(bytesMax: number = KEPT_BYTES_MAX): KeptAnswers {
  const answers = new Map<string, KeptAnswer>();
  let bytes = 0;
  const drop = (key: string): void => {
    const known = answers.get(key);
    if (known === undefined) return;
    answers.delete(key);
    bytes -= sizeOf(known);
  };
  return {
    get bytes() {
      return bytes;
    },
    get(key, nowMs) {
      const known = answers.get(key);
      if (known === undefined) return undefined;
      answers.delete(key);
      if (nowMs < known.goneAtMs) {
        answers.set(key, known);
        return known;
      }
      bytes -= sizeOf(known);
      return undefined;
    },
    set(key, answer) {
      drop(key);
      const size = sizeOf(answer);
      if (size > ANSWER_BYTES_MAX + ENTRY_BYTES || size > bytesMax) return;
      answers.set(key, answer);
      bytes += size;
      for (const oldest of answers.keys()) {
        if (bytes <= bytesMax) break;
        drop(oldest);
      }
    },
    purge(isMeant) {
      const meant = [...answers].filter(([, answer]) => isMeant(answer));
      for (const [key] of meant) drop(key);
      return meant.length;
    },
  };
}

/** Two bytes a character, as strings may take. */
function sizeOf({ texts }: KeptAnswer): number {
  return texts.reduce((sum, text) => sum + text.length * 2, ENTRY_BYTES);
}
