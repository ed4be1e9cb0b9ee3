// Tells end users apart without knowing them: a keyed hash of the name that a client gave. SipHash-2-4 (Aumasson and
// Bernstein, 2012): a pseudo-random function of short inputs that costs less than a microsecond.

/** 16 bytes. */
export type UserKey = Uint8Array;

const encoder = new TextEncoder();

/** 16 hex digits. Whoever has the key can try names; whoever has not cannot. */
export function createUserHash(key: UserKey): (name: string) => string {
  const view = new DataView(key.buffer, key.byteOffset, 16);
  const words = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  return (name) => sipHash(words, encoder.encode(name));
}

/** Four lanes of 64 bits, each as a low and a high word. */
function sipHash([k0 = 0, k1 = 0, k2 = 0, k3 = 0]: readonly number[], bytes: Uint8Array): string {
  const v = new Uint32Array([
    k0 ^ 0x70736575,
    k1 ^ 0x736f6d65,
    k2 ^ 0x6e646f6d,
    k3 ^ 0x646f7261,
    k0 ^ 0x6e657261,
    k1 ^ 0x6c796765,
    k2 ^ 0x79746573,
    k3 ^ 0x74656462,
  ]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~7;
  for (let at = 0; at < whole; at += 8) compress(v, view.getUint32(at, true), view.getUint32(at + 4, true));
  const tail = new DataView(new ArrayBuffer(8));
  for (let at = whole; at < bytes.length; at++) tail.setUint8(at - whole, bytes[at] ?? 0);
  tail.setUint8(7, bytes.length & 0xff);
  compress(v, tail.getUint32(0, true), tail.getUint32(4, true));
  v[4] = (v[4] ?? 0) ^ 0xff;
  for (let round = 0; round < 4; round++) sipRound(v);
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = v;
  return hex(b ^ d ^ f ^ h) + hex(a ^ c ^ e ^ g);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

function compress(v: Uint32Array, low: number, high: number): void {
  v[6] = (v[6] ?? 0) ^ low;
  v[7] = (v[7] ?? 0) ^ high;
  sipRound(v);
  sipRound(v);
  v[0] = (v[0] ?? 0) ^ low;
  v[1] = (v[1] ?? 0) ^ high;
}

function sipRound(v: Uint32Array): void {
  addLane(v, 0, 2);
  turn(v, 2, 13);
  mix(v, 2, 0);
  turn(v, 0, 32);
  addLane(v, 4, 6);
  turn(v, 6, 16);
  mix(v, 6, 4);
  addLane(v, 0, 6);
  turn(v, 6, 21);
  mix(v, 6, 0);
  addLane(v, 4, 2);
  turn(v, 2, 17);
  mix(v, 2, 4);
  turn(v, 4, 32);
}

function addLane(v: Uint32Array, to: number, from: number): void {
  const low = (v[to] ?? 0) + (v[from] ?? 0);
  v[to + 1] = (v[to + 1] ?? 0) + (v[from + 1] ?? 0) + (low > 0xffffffff ? 1 : 0);
  v[to] = low;
}

function mix(v: Uint32Array, to: number, from: number): void {
  v[to] = (v[to] ?? 0) ^ (v[from] ?? 0);
  v[to + 1] = (v[to + 1] ?? 0) ^ (v[from + 1] ?? 0);
}

/** Rotates a lane to the left. */
function turn(v: Uint32Array, lane: number, bits: number): void {
  const low = v[lane] ?? 0;
  const high = v[lane + 1] ?? 0;
  const by = bits & 31;
  const swap = bits === 32;
  v[lane] = swap ? high : (low << by) | (high >>> (32 - by));
  v[lane + 1] = swap ? low : (high << by) | (low >>> (32 - by));
}
