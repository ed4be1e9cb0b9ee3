// Ids of calls: unguessable enough to be unique across replicas, short enough to read out at night.

import type { Runtime } from "../core/runtime.ts";

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
const LENGTH = 20;

/** `call_` and 20 characters of base 36 (103 bits of the runtime's randomness). */
export function createIds(runtime: Runtime): () => string {
  return () => {
    let id = "call_";
    for (let i = 0; i < LENGTH; i++) id += ALPHABET[Math.floor(runtime.random() * ALPHABET.length)];
    return id;
  };
}
