// A fast 64-bit fingerprint of bytes for tables in memory: two lanes of MurmurHash3's 32-bit mixer with different seeds.
// Not for secrets, signatures or anything an attacker gains by colliding.

const SMALL_WORDS = 128;

/** 16 hex digits and the length, so that two bodies of different length never meet. */
export function fingerprint(bytes: Uint8Array): string {
  let a = 0x9747b28c;
  let b = 0x3c6ef372;
  const words = bytes.length >>> 2;
  // A view of a small array costs more than to put its words together.
  const view = words <= SMALL_WORDS ? undefined : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < words; i++) {
    const word = view === undefined ? wordAt(bytes, i << 2) : view.getInt32(i << 2, true);
    a = round(a, Math.imul(word, 0xcc9e2d51));
    b = round(b, Math.imul(word, 0x85ebca6b));
  }
  for (let i = words << 2; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    a = round(a, Math.imul(byte, 0xcc9e2d51));
    b = round(b, Math.imul(byte, 0x85ebca6b));
  }
  return `${hex(finish(a ^ bytes.length))}${hex(finish(b ^ bytes.length))}.${bytes.length}`;
}

function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

function round(hash: number, mixed: number): number {
  const spun = (mixed << 15) | (mixed >>> 17);
  const next = hash ^ Math.imul(spun, 0x1b873593);
  return (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  const one = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const two = Math.imul(one ^ (one >>> 13), 0xc2b2ae35);
  return (two ^ (two >>> 16)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
