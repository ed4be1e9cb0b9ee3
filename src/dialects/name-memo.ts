// Names of models, as bytes and as text: few are in use, and each call names the same ones again. A name that was seen before is
// found without a decoder or an encoder. Only speed depends on what is remembered.

import { standsAt } from "../core/bytes.ts";
import type { Span } from "../core/call.ts";
import { spanValue } from "./json-span.ts";

/** Names remembered at once; one that falls on another's place takes it. */
const PLACES = 64;
const NAME_BYTES_MAX = 64;
const JSON_MAX = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

const known: (Known | undefined)[] = Array.from({ length: PLACES }, () => undefined);
const written = new Map<string, Uint8Array>();
const encoder = new TextEncoder();

/** The parsed value of a span that is a name nearly always; `undefined` when it is not JSON. */
export function nameAt(body: Uint8Array, span: Span): unknown {
  const { start, end } = span;
  if (body[start] !== QUOTE || end - start - 2 > NAME_BYTES_MAX) return spanValue(body, span);
  let hash = 0;
  for (let at = start + 1; at < end - 1; at++) {
    const byte = body[at] ?? 0;
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return spanValue(body, span);
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  const place = (hash ^ (hash >>> 16)) & (PLACES - 1);
  const there = known[place];
  if (there?.bytes.length === end - start && standsAt(body, start, there.bytes)) return there.text;
  const text = spanValue(body, span);
  if (typeof text === "string") known[place] = { bytes: body.slice(start, end), text };
  return text;
}

/** A name as JSON, quotes included. Not to be written to. */
export function nameJson(name: string): Uint8Array {
  const ready = written.get(name);
  if (ready !== undefined) return ready;
  if (written.size >= JSON_MAX) written.clear();
  const bytes = encoder.encode(JSON.stringify(name));
  written.set(name, bytes);
  return bytes;
}
