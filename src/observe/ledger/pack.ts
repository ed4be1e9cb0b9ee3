// A minute of the ledger as bytes: for each series that had anything to tell, its number, its length, and the fields that
// are not 0. A successful call takes some 20 bytes, and what is not asked for is skipped without being read.

import { createVector, FIELDS, type Vector } from "./fields.ts";

/** The fields of all series, one entry after another: `series, bytes, (field gap, value)*`, each a base-128 number. */
export type Packed = Uint8Array;

/** Adds each entry to the vector that `into` gives for its series; without one it is skipped. Throws on broken bytes. */
export function foldPacked(packed: Packed, into: (series: number) => Vector | undefined): void {
  const reader = new Reader(packed);
  while (reader.at < packed.length) {
    const series = reader.number();
    const end = reader.number() + reader.at;
    if (end > packed.length) throw new Error("a minute of the ledger is cut off");
    const vector = into(series);
    if (vector === undefined) reader.at = end;
    else addEntry(reader, end, vector);
  }
}

function addEntry(reader: Reader, end: number, vector: Vector): void {
  let field = -1;
  while (reader.at < end) {
    field += reader.number();
    const value = reader.number();
    if (field >= 0 && field < FIELDS) vector[field] = (vector[field] ?? 0) + value;
  }
}

/** `packed` with the deltas added; the vectors are left as they are. Values are rounded to whole numbers. */
export function mergePacked(packed: Packed | undefined, deltas: ReadonlyMap<number, Vector>): Packed {
  const writer = new Writer((packed?.length ?? 0) + 64 * deltas.size);
  const merged = new Set<number>();
  const sum = createVector();
  if (packed !== undefined) {
    const reader = new Reader(packed);
    while (reader.at < packed.length) {
      const start = reader.at;
      const series = reader.number();
      const end = reader.number() + reader.at;
      const delta = deltas.get(series);
      if (delta === undefined) {
        writer.copy(packed.subarray(start, end));
        reader.at = end;
        continue;
      }
      merged.add(series);
      sum.set(delta);
      addEntry(reader, end, sum);
      writer.entry(series, sum);
    }
  }
  for (const [series, vector] of deltas) if (!merged.has(series)) writer.entry(series, vector);
  return writer.done();
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  number(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.at++];
    if (byte === undefined) throw new Error("a minute of the ledger is cut off");
    let value = byte & 0x7f;
    let scale = 128;
    while (byte > 0x7f) {
      byte = bytes[this.at++];
      if (byte === undefined || scale > Number.MAX_SAFE_INTEGER) throw new Error("a minute of the ledger is broken");
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    return value;
  }
}

class Writer {
  #bytes: Uint8Array;
  #at = 0;

  constructor(roomBytes: number) {
    this.#bytes = new Uint8Array(Math.max(64, roomBytes));
  }

  entry(series: number, vector: Vector): void {
    const start = this.#at;
    this.number(series);
    // Its length is known afterwards, and is nearly always one byte.
    const length = this.#at++;
    let last = -1;
    for (let field = 0; field < FIELDS; field++) {
      const value = vector[field] ?? 0;
      if (value < 0.5) continue;
      this.number(field - last);
      this.number(Math.round(value));
      last = field;
    }
    const size = this.#at - length - 1;
    if (last < 0) this.#at = start;
    else if (size <= 0x7f) this.#bytes[length] = size;
    else {
      this.#reserve(1);
      this.#bytes.copyWithin(length + 2, length + 1, this.#at++);
      this.#bytes[length] = (size % 128) | 0x80;
      this.#bytes[length + 1] = Math.floor(size / 128);
    }
  }

  number(value: number): void {
    this.#reserve(10);
    // Larger ones would not be read again, and the largest of all would never end.
    let rest = Math.min(value, Number.MAX_SAFE_INTEGER);
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  copy(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + more));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
