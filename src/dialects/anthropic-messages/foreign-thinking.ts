// Thinking of another provider's model, as an Anthropic client may see it: a block whose signature is a mark of ours. What
// comes back with such a mark is taken out again, since Anthropic refuses what it did not sign; every other block stays,
// byte for byte. The mark is a digest without a secret: it lets nobody in, it only says whose block this is, after a restart
// and at every instance alike (docs/adr/0014).

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Span } from "../../core/call.ts";
import { isFault } from "../../core/fault.ts";
import { isObject, type JsonObject } from "../json-object.ts";
import { scanTopLevel, spanValue, splice } from "../json-span.ts";
import { stringEnd } from "../json-string.ts";

/** No signature of Anthropic's, which are base64; and a byte that is rare in prompts, so that it is soon looked for. */
const MARK = "~hf1.";
const TILDE = 0x7e;
const DIGEST_CHARS = 32;
/** Of thinking that broke off: bound to no text, since nobody has read it. */
export const HALF_SIGNATURE = MARK + "0".repeat(DIGEST_CHARS);
/** More than this many of a history are not looked at: nobody has so many. */
const BLOCKS_MAX = 2_000;

/** Where a prompt is full of them, walking is faster than searching. */
const TILDES_MAX = 64;

const QUOTE = 0x22;
const LOWER_F = 0x66;
const LOWER_H = 0x68;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
/** `messages` [ message { content [ block { */
const BLOCK_DEPTH = 4;
const MESSAGES: ReadonlySet<string> = new Set(["messages"]);
const encoder = new TextEncoder();

export function foreignSignature(thinking: string): string {
  return MARK + bytesToHex(sha256(encoder.encode(thinking))).slice(0, DIGEST_CHARS);
}

/** True for a thinking block that we made. */
export function isForeignThinking(block: JsonObject): boolean {
  const { type, thinking, signature } = block;
  if (type !== "thinking" || typeof thinking !== "string" || typeof signature !== "string") return false;
  const isMarked = signature.startsWith(MARK) && signature.length === MARK.length + DIGEST_CHARS;
  return isMarked && (signature === HALF_SIGNATURE || signature === foreignSignature(thinking));
}

/** The request without our blocks; the body itself where it has none, which one pass of a native search tells. */
export function withoutForeignThinking(body: Uint8Array): Uint8Array {
  return hasMark(body) ? cleaned(body) : body;
}

/** Apart, as few bodies come here: what a closure needs is set up with its function. */
function cleaned(body: Uint8Array): Uint8Array {
  const spans = scanTopLevel(body, MESSAGES);
  const messages = isFault(spans) ? undefined : spans.get("messages");
  if (messages === undefined) return body;
  const cuts = joined(body, ourBlocks(body, messages)).map((span) => ({
    span: withComma(body, span),
    bytes: new Uint8Array(0),
  }));
  return cuts.length === 0 ? body : splice(body, cuts);
}

function hasMark(body: Uint8Array): boolean {
  let at = body.indexOf(TILDE);
  for (let seen = 0; at >= 0 && seen < TILDES_MAX; seen++) {
    if (isMark(body, at)) return true;
    at = body.indexOf(TILDE, at + 1);
  }
  if (at < 0) return false;
  while (at < body.length && !isMark(body, at)) at++;
  return at < body.length;
}

function isMark(body: Uint8Array, at: number): boolean {
  return body[at] === TILDE && body[at - 1] === QUOTE && body[at + 1] === LOWER_H && body[at + 2] === LOWER_F;
}

/** Objects at the depth of a content block that are ours, in order. The body's structure was checked by the scan. */
function ourBlocks(body: Uint8Array, messages: Span): readonly Span[] {
  const found: Span[] = [];
  let depth = 0;
  let start = -1;
  let marked = false;
  let candidates = 0;
  for (let at = messages.start; at < messages.end; at++) {
    const byte = body[at];
    if (byte === QUOTE) {
      if (body[at + 1] === TILDE) marked = true;
      at = stringEnd(body, at) - 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
      if (depth === BLOCK_DEPTH && byte === OPEN_BRACE) {
        start = at;
        marked = false;
      }
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === BLOCK_DEPTH && marked && start >= 0 && candidates < BLOCKS_MAX) {
        candidates++;
        const span = { start, end: at + 1 };
        const block = spanValue(body, span);
        if (isObject(block) && isForeignThinking(block)) found.push(span);
        marked = false;
      }
      depth--;
    }
  }
  return found;
}

/** Blocks that follow each other are taken out as one, with the commas between them. */
function joined(body: Uint8Array, spans: readonly Span[]): readonly Span[] {
  const runs: Span[] = [];
  for (const span of spans) {
    const last = runs.at(-1);
    let before = span.start - 1;
    while (isSpace(body[before]) || body[before] === COMMA) before--;
    if (last !== undefined && before === last.end - 1) runs[runs.length - 1] = { start: last.start, end: span.end };
    else runs.push(span);
  }
  return runs;
}

/** With the comma behind it; for a last one the comma before it. */
function withComma(body: Uint8Array, { start, end }: Span): Span {
  let after = end;
  while (isSpace(body[after])) after++;
  if (body[after] === COMMA) return { start, end: after + 1 };
  let before = start - 1;
  while (isSpace(body[before])) before--;
  return body[before] === COMMA ? { start: before, end } : { start, end };
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
