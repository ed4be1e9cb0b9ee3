// Finds, by bytes, where the values of a JSON object's top-level keys stand, so that a request can be read and patched
// without parsing the prompt in it. Not a JSON parser: nested values are only checked for strings and brackets.

import { SHORT_PIECE_BYTES, standsAt } from "../core/bytes.ts";
import type { Span } from "../core/call.ts";
import { type Fault, fault } from "../core/fault.ts";
import { stringEnd } from "./json-string.ts";

/** Deeper nesting is refused: no request needs it and providers' own parsers fail near it. */
const DEPTH_MAX = 1_000;
const SHORT_BYTES = 24;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;

const WORD = 1;
const SPACE = 2;
const MARK = 3;
const OPEN = 4;
const CLOSE = 5;
const STRING = 6;
/** What a byte means outside a string; 0 for the bytes that JSON has no place for (comments, single quotes, …). */
const ROLE = roles();

/** Of what is read without a JSON parser: every count of so many digits is exact. */
const PLAIN_DIGITS_MAX = 15;
const PLAIN_CHARS_MAX = 256;

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const TRUE = encoder.encode("true");
const FALSE = encoder.encode("false");

/**
 * Scans the top-level object of a JSON body and gives the value spans of the wanted keys that are there.
 *
 * Answers `invalid-request` with the place for a body that is empty, not an object, unbalanced or followed by more, and
 * for a wanted key that is there twice, written with escapes or in another case: parsers differ in which of two they take
 * (some ignore case), and the one that routing read must be the one that the provider reads.
 */
export function scanTopLevel(body: Uint8Array, wanted: ReadonlySet<string>): Map<string, Span> | Fault {
  const names: string[] = [];
  const spans: Span[] = [];
  const wrong = scanInto(body, wanted, { names, spans });
  return wrong ?? new Map(names.map((name, i) => [name, spans[i] as Span]));
}

/** The keys that were found, in their order, and where the value of each stands: a table of so few is found in sooner than a map. */
export interface Found {
  readonly names: string[];
  readonly spans: Span[];
}

/** The same into `found`, which is empty before. */
export function scanInto(body: Uint8Array, wanted: ReadonlySet<string>, { names, spans }: Found): Fault | undefined {
  const keys = wantedKeys(wanted);
  let at = skipSpace(body, 0);
  if (at === body.length) return wrong("the body is empty; a JSON object is expected");
  if (body[at] !== OPEN_BRACE) return wrong(`a JSON object is expected at byte ${at}`);
  at = skipSpace(body, at + 1);
  if (body[at] === CLOSE_BRACE) return closed(body, at);
  for (;;) {
    if (body[at] !== QUOTE) return at < body.length ? wrong(`a key in quotes is expected at byte ${at}`) : cut(at);
    const keyEnd = stringEnd(body, at);
    if (keyEnd < 0) return cut(body.length);
    const name = keyName(body, at + 1, keyEnd - 1, keys);
    if (typeof name === "object") return name;
    at = skipSpace(body, keyEnd);
    if (body[at] !== COLON) return at < body.length ? wrong(`":" is expected at byte ${at}`) : cut(at);
    const start = skipSpace(body, at + 1);
    const end = valueEnd(body, start);
    if (typeof end === "object") return end;
    if (name !== undefined) {
      if (names.includes(name))
        return { ...wrong(`the key "${name}" is there twice, again at byte ${start}`), param: name };
      names.push(name);
      spans.push({ start, end });
    }
    at = skipSpace(body, end);
    if (body[at] === CLOSE_BRACE) return closed(body, at);
    if (body[at] !== COMMA) return at < body.length ? wrong(`"," or "}" is expected at byte ${at}`) : cut(at);
    at = skipSpace(body, at + 1);
  }
}

/** The spans of an array's first elements, `most` at most; none where it is no array or not well formed. */
export function firstElements(body: Uint8Array, { start, end }: Span, most: number): readonly Span[] {
  const found: Span[] = [];
  if (body[start] !== OPEN_BRACKET) return found;
  let at = skipSpace(body, start + 1);
  while (found.length < most && at < end - 1) {
    const stop = valueEnd(body, at);
    if (typeof stop === "object" || stop > end) return found;
    found.push({ start: at, end: stop });
    at = skipSpace(body, stop);
    if (body[at] !== COMMA) break;
    at = skipSpace(body, at + 1);
  }
  return found;
}

/** The JSON text of a span, quotes and braces included. */
export function spanText(body: Uint8Array, span: Span): string {
  return shortText(body, span) ?? decoder.decode(body.subarray(span.start, span.end));
}

/** A few letters of ASCII, as most values are: a view and a decoder cost more than they do. */
function shortText(body: Uint8Array, { start, end }: Span): string | undefined {
  if (end - start > SHORT_BYTES) return undefined;
  let text = "";
  for (let at = start; at < end; at++) {
    const code = body[at] ?? 0x80;
    if (code > 0x7f) return undefined;
    text += String.fromCharCode(code);
  }
  return text;
}

/** The parsed value of a span; `undefined` when it is not JSON. */
export function spanValue(body: Uint8Array, span: Span): unknown {
  const plain = plainValue(body, span);
  if (plain !== undefined) return plain;
  try {
    return JSON.parse(spanText(body, span));
  } catch {
    return undefined;
  }
}

/** A count, a yes or a no, or a short name without escapes, as most values are that are read of a request. */
function plainValue(body: Uint8Array, { start, end }: Span): number | boolean | string | undefined {
  const first = body[start] ?? 0;
  if (first === QUOTE) return plainText(body, start + 1, end - 1);
  if (first === 0x74) return spells(body, { start, end }, TRUE) ? true : undefined;
  if (first === 0x66) return spells(body, { start, end }, FALSE) ? false : undefined;
  if (first < 0x31 || first > 0x39 || end - start > PLAIN_DIGITS_MAX) return undefined;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (body[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

function plainText(body: Uint8Array, start: number, end: number): string | undefined {
  if (end < start || end - start > PLAIN_CHARS_MAX || body[end] !== QUOTE) return undefined;
  for (let at = start; at < end; at++) {
    const byte = body[at] ?? 0;
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return undefined;
  }
  return spanText(body, { start, end });
}

function spells(body: Uint8Array, { start, end }: Span, word: Uint8Array): boolean {
  return end - start === word.length && standsAt(body, start, word);
}

/** Replaces each span by its bytes. Spans ascend and do not overlap; one with `start === end` inserts. */
export function splice(body: Uint8Array, edits: readonly { span: Span; bytes: Uint8Array }[]): Uint8Array {
  let length = body.length;
  for (const { span, bytes } of edits) length += bytes.length - (span.end - span.start);
  const out = new Uint8Array(length);
  let from = 0;
  let to = 0;
  for (const { span, bytes } of edits) {
    out.set(body.subarray(from, span.start), to);
    to += span.start - from;
    out.set(bytes, to);
    to += bytes.length;
    from = span.end;
  }
  out.set(body.subarray(from), to);
  return out;
}

/** The same for one span that is there: a view for its longer side, a walk over the short ones. */
export function replaceSpan(body: Uint8Array, { start, end }: Span, bytes: Uint8Array): Uint8Array {
  const shift = bytes.length - (end - start);
  const out = new Uint8Array(body.length + shift);
  if (start > SHORT_PIECE_BYTES) out.set(body.subarray(0, start));
  else for (let at = 0; at < start; at++) out[at] = body[at] ?? 0;
  if (bytes.length > SHORT_PIECE_BYTES) out.set(bytes, start);
  else for (let at = 0; at < bytes.length; at++) out[start + at] = bytes[at] ?? 0;
  if (body.length - end > SHORT_PIECE_BYTES) out.set(body.subarray(end), end + shift);
  else for (let at = end; at < body.length; at++) out[at + shift] = body[at] ?? 0;
  return out;
}

/** Puts one member (`"a":1`) first into the object that `body` is; gives `body` itself when it is not an object. */
export function insertKey(body: Uint8Array, jsonText: string): Uint8Array {
  const open = skipSpace(body, 0);
  if (body[open] !== OPEN_BRACE) return body;
  const first = body[skipSpace(body, open + 1)];
  const bytes = encoder.encode(first === CLOSE_BRACE ? jsonText : `${jsonText},`);
  return splice(body, [{ span: { start: open + 1, end: open + 1 }, bytes }]);
}

interface WantedKeys {
  /** Candidates by the length of the key in bytes. */
  readonly byLength: readonly (readonly WantedKey[] | undefined)[];
  readonly folded: ReadonlyMap<string, string>;
  readonly longest: number;
}

interface WantedKey {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const wantedCache = new WeakMap<ReadonlySet<string>, WantedKeys>();

/** The sets are constants of the dialects, so each is prepared once. */
function wantedKeys(wanted: ReadonlySet<string>): WantedKeys {
  const known = wantedCache.get(wanted);
  if (known !== undefined) return known;
  const byLength: WantedKey[][] = [];
  const folded = new Map<string, string>();
  let longest = 0;
  for (const name of wanted) {
    const bytes = encoder.encode(name);
    byLength[bytes.length] ??= [];
    byLength[bytes.length]?.push({ name, bytes });
    folded.set(fold(name), name);
    longest = Math.max(longest, bytes.length);
  }
  const made = { byLength, folded, longest };
  wantedCache.set(wanted, made);
  return made;
}

/** Upper case first: it joins the few letters (long s, Kelvin sign) that case-blind parsers take for ASCII ones. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase();
}

/** The wanted key that the bytes spell, `undefined` for another key, a fault for a wanted one in disguise. */
function keyName(body: Uint8Array, start: number, end: number, keys: WantedKeys): string | undefined | Fault {
  const length = end - start;
  const candidates = keys.byLength[length];
  if (candidates !== undefined) {
    for (const { name, bytes } of candidates) if (standsAt(body, start, bytes)) return name;
  }
  // An escape takes at most six bytes for each one that it stands for.
  if (length > keys.longest * 6 || !mayBeDisguised(body, start, end)) return undefined;
  const key = spanValue(body, { start: start - 1, end: end + 1 });
  if (typeof key !== "string") return wrong(`the key at byte ${start - 1} is not a JSON string`);
  const name = keys.folded.get(fold(key));
  if (name === undefined) return undefined;
  return { ...wrong(`the key at byte ${start - 1} must be written "${name}", without escapes`), param: name };
}

/** True with a backslash, an upper-case letter or a byte beyond ASCII. */
function mayBeDisguised(body: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = body[i] ?? 0;
    if (byte === BACKSLASH || byte >= 0x80 || (byte >= 0x41 && byte <= 0x5a)) return true;
  }
  return false;
}

/** Where the value that starts at `start` ends, exclusive. */
function valueEnd(body: Uint8Array, start: number): number | Fault {
  const role = ROLE[body[start] ?? 0];
  if (start >= body.length) return cut(start);
  if (role === OPEN) return nestedEnd(body, start);
  if (role === STRING) {
    const end = stringEnd(body, start);
    return end < 0 ? cut(body.length) : end;
  }
  let at = start;
  while (ROLE[body[at] ?? 0] === WORD) at++;
  return at > start ? at : wrong(`a value is expected at byte ${start}`);
}

/** The brackets that are open in the value that is being read; nothing is in it between two. */
const opened = new Uint8Array(DEPTH_MAX);

/** Where the object or array that starts at `start` ends, exclusive. */
function nestedEnd(body: Uint8Array, start: number): number | Fault {
  const length = body.length;
  let depth = 0;
  let at = start;
  while (at < length) {
    const byte = body[at] ?? 0;
    const role = ROLE[byte];
    if (role === STRING) {
      at = stringEnd(body, at);
      if (at < 0) return cut(length);
      continue;
    }
    if (role === OPEN) {
      if (depth === DEPTH_MAX) return wrong(`more than ${DEPTH_MAX} levels of nesting at byte ${at}`);
      opened[depth++] = byte;
    } else if (role === CLOSE) {
      depth--;
      const expected = opened[depth] === OPEN_BRACKET ? 0x5d : CLOSE_BRACE;
      if (byte !== expected) return wrong(`a bracket does not match at byte ${at}`);
      if (depth === 0) return at + 1;
    } else if (role === 0) return wrong(`a byte that JSON does not allow here at byte ${at}`);
    at++;
  }
  return cut(length);
}

function closed(body: Uint8Array, brace: number): Fault | undefined {
  const after = skipSpace(body, brace + 1);
  return after === body.length ? undefined : wrong(`nothing may follow the object, at byte ${after}`);
}

function skipSpace(body: Uint8Array, from: number): number {
  let at = from;
  while (at < body.length && ROLE[body[at] ?? 0] === SPACE) at++;
  return at;
}

function cut(at: number): Fault {
  return wrong(`the JSON ends too early, at byte ${at}`);
}

function wrong(message: string): Fault {
  return fault("invalid-request", message);
}

function roles(): Uint8Array {
  const table = new Uint8Array(256);
  for (const char of "0123456789+-.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    table[char.charCodeAt(0)] = WORD;
  for (const char of " \t\r\n") table[char.charCodeAt(0)] = SPACE;
  for (const char of ",:") table[char.charCodeAt(0)] = MARK;
  for (const char of "{[") table[char.charCodeAt(0)] = OPEN;
  for (const char of "}]") table[char.charCodeAt(0)] = CLOSE;
  table[QUOTE] = STRING;
  return table;
}
