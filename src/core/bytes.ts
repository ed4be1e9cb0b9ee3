// Joining byte arrays: the one copy that a frame split across chunks costs, and a frame that is written around a piece of
// another.

/** Pieces up to this length are copied in JavaScript: two native calls cost more. */
export const SHORT_PIECE_BYTES = 48;

/** Where something stands in bytes; `end` is exclusive. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** A piece of `from`, put between two others. */
export function between(head: Uint8Array, from: Uint8Array, { start, end }: Place, tail: Uint8Array): Uint8Array {
  const shift = head.length - start;
  const whole = new Uint8Array(shift + end + tail.length);
  whole.set(head);
  if (end - start > SHORT_PIECE_BYTES) whole.set(from.subarray(start, end), head.length);
  else for (let i = start; i < end; i++) whole[shift + i] = from[i] ?? 0;
  whole.set(tail, shift + end);
  return whole;
}

/** True when `piece` stands at `at`. Four bytes at a time: it is asked of every frame of a stream. */
export function standsAt(bytes: Uint8Array, at: number, piece: Uint8Array): boolean {
  const { length } = piece;
  if (at + length > bytes.length) return false;
  const fours = length & ~3;
  let i = 0;
  for (; i < fours; i += 4) {
    const first = ((bytes[at + i] ?? 0) ^ (piece[i] ?? 0)) | ((bytes[at + i + 1] ?? 0) ^ (piece[i + 1] ?? 0));
    const rest = ((bytes[at + i + 2] ?? 0) ^ (piece[i + 2] ?? 0)) | ((bytes[at + i + 3] ?? 0) ^ (piece[i + 3] ?? 0));
    if ((first | rest) !== 0) return false;
  }
  for (; i < length; i++) if (bytes[at + i] !== piece[i]) return false;
  return true;
}
