// Seeded randomness for the virtual world: one independent stream per label, so that drawing more numbers in one place
// never shifts another. Not for secrets.

/** Uniform in [0, 1). */
export type Random = () => number;

/** 32-bit FNV-1a with a final mix: spreads short labels over the whole range. */
export function hash32(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mix(hash);
}

/** The stream `label` of `seed`: xoshiro128**, its state filled by splitmix32. */
export function randomStream(seed: number, label: string): Random {
  // A seed may be larger than 32 bits: its high half counts too.
  let state = hash32(label, mix(seed >>> 0) ^ Math.trunc(seed / 0x100000000));
  const fill = () => {
    state = (state + 0x9e3779b9) | 0;
    return mix(state);
  };
  let a = fill();
  let b = fill();
  let c = fill();
  let d = fill();
  return () => {
    const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return (scrambled >>> 0) / 0x100000000;
  };
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `length` letters and digits, as providers use in their ids. */
export function randomId(random: Random, length: number): string {
  // Four letters of each number: an id is to look like one, not to be a secret.
  let id = "";
  for (let left = length; left > 0; left -= 4) {
    let drawn = Math.floor(random() * 62 ** 4);
    for (let each = 0; each < 4 && each < left; each++) {
      id += BASE62[drawn % 62];
      drawn = Math.floor(drawn / 62);
    }
  }
  return id;
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x21f0aaad);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
