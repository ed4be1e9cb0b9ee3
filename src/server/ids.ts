// Ids of calls: unguessable enough to be unique across replicas, short enough to read out at night.

import type { Runtime } from "../core/runtime.ts";

/** Ten characters of base 36 (52 bits) come from one number: it has 53. */
const PART = 36 ** 10;

/** `call_` and 20 characters of base 36 (103 bits of the runtime's randomness). */
export function createIds(runtime: Runtime): () => string {
  const part = (): string => tenDigits(Math.floor(runtime.random() * PART));
  return () => `call_${part()}${part()}`;
}

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
const PAIRS: readonly string[] = Array.from(DIGITS, (high) => Array.from(DIGITS, (low) => high + low)).flat();
const PAIR = 36 ** 2;

/** `number.toString(36)`, filled up to ten digits; pairs from a table are several times as fast. */
function tenDigits(number: number): string {
  const high = Math.floor(number / PAIR ** 3);
  const low = number - high * PAIR ** 3;
  const middle = Math.floor(low / PAIR);
  return (
    pairOf(Math.floor(high / PAIR)) +
    pairOf(high % PAIR) +
    pairOf(Math.floor(middle / PAIR)) +
    pairOf(middle % PAIR) +
    pairOf(low % PAIR)
  );
}

function pairOf(index: number): string {
  return PAIRS[index] ?? "";
}
