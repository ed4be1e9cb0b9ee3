// Ids of calls: unguessable enough to be unique across replicas, short enough to read out at night.

import type { Runtime } from "../core/runtime.ts";

const PREFIX = "call_";
/** Ten characters of base 36 (52 bits) come from one number: it has 53. */
const HALF_DIGITS = 5;
const HALF = 36 ** HALF_DIGITS;
const WHOLE = HALF ** 2;
const DIGITS = Uint8Array.from({ length: 36 }, (_, digit) => digit.toString(36).charCodeAt(0));
const latin = new TextDecoder("latin1");

/** `call_` and 20 characters of base 36 (103 bits of the runtime's randomness). */
export function createIds(runtime: Runtime): () => string {
  // Written into one place and read out at once: `toString(36)` and joined strings cost three times as much.
  const text = new TextEncoder().encode(PREFIX + "0".repeat(4 * HALF_DIGITS));
  const fill = (at: number): void => {
    const number = Math.floor(runtime.random() * WHOLE);
    const high = Math.floor(number / HALF);
    writeHalf(text, at, high);
    writeHalf(text, at + HALF_DIGITS, number - high * HALF);
  };
  return () => {
    fill(PREFIX.length);
    fill(PREFIX.length + 2 * HALF_DIGITS);
    return latin.decode(text);
  };
}

/** The last digit first. */
function writeHalf(text: Uint8Array, at: number, number: number): void {
  let rest = number;
  for (let place = at + HALF_DIGITS - 1; place >= at; place--) {
    const more = Math.floor(rest / 36);
    text[place] = DIGITS[rest - more * 36] ?? 0;
    rest = more;
  }
}
