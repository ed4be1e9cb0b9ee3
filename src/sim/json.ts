// Reading unknown JSON without trusting its shape. Not a schema.

import { concat } from "../core/bytes.ts";

export type JsonRecord = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): JsonRecord | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? // An object that is neither null nor an array may be read by key.
      (value as JsonRecord)
    : undefined;
}

/** The records in a list; anything else in it, or no list, gives fewer or none. */
export function recordsIn(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.map(asRecord).filter((item) => item !== undefined) : [];
}

export function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function asCount(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}

/** Text of `bytes` as JSON; `undefined` when it does not parse. */
export function parseJson(bytes: Uint8Array): unknown {
  return parseText(decoder.decode(bytes));
}

/** `text` as JSON; `undefined` when it does not parse. */
export function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** `middle` in UTF-8 between two parts that are. Most of a frame is the same again: only what differs is encoded. */
export function between(head: Uint8Array, middle: string, tail: Uint8Array): Uint8Array {
  const { length } = middle;
  const frame = new Uint8Array(head.length + length + tail.length);
  for (let at = 0; at < length; at++) {
    const code = middle.charCodeAt(at);
    if (code > 0x7f) return concat([head, encoder.encode(middle), tail]);
    frame[head.length + at] = code;
  }
  frame.set(head, 0);
  frame.set(tail, head.length + length);
  return frame;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
