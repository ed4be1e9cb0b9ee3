// Adds facts of ours to a frame of a known event, as an extra key of its JSON: clients ignore a key, and some break on an
// event or a block that they do not know.

import { concat } from "../core/bytes.ts";
import { insertKey } from "./json-span.ts";

const LF = 10;
const CR = 13;
const SPACE = 32;
const OPEN_BRACE = 0x7b;
const DATA = new TextEncoder().encode("data:");

/** The frame with `"holdfast": facts` first in its object; the frame itself when its first data line begins none. */
export function annotate(frame: Uint8Array, facts: Readonly<Record<string, unknown>>): Uint8Array {
  const start = dataStart(frame);
  if (start === -1 || frame[start] !== OPEN_BRACE) return frame;
  const annotated = insertKey(frame.subarray(start), `"holdfast":${JSON.stringify(facts)}`);
  return concat([frame.subarray(0, start), annotated]);
}

/** Where the value of the first data line begins; -1 when there is none. */
function dataStart(frame: Uint8Array): number {
  for (let i = 0; i < frame.length; i++) {
    if (DATA.every((byte, k) => frame[i + k] === byte)) {
      let at = i + DATA.length;
      while (frame[at] === SPACE) at++;
      return at;
    }
    while (i < frame.length && frame[i] !== LF && frame[i] !== CR) i++;
  }
  return -1;
}
