// Ids of calls: unguessable enough to be unique across replicas, short enough to read out at night.

import type { Runtime } from "../core/runtime.ts";

/** Ten characters of base 36 (52 bits) come from one number: it has 53. */
const PART = 36 ** 10;

/** `call_` and 20 characters of base 36 (103 bits of the runtime's randomness). */
export function createIds(runtime: Runtime): () => string {
  const part = (): string =>
    Math.floor(runtime.random() * PART)
      .toString(36)
      .padStart(10, "0");
  return () => `call_${part()}${part()}`;
}
