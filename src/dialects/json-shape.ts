// Reads, by bytes and in one pass, where the few values stand that matter of a JSON document of a known shape. What it takes is
// JSON by the letter of RFC 8259, as `JSON.parse` would take it; of all else, and of every shape that is not the expected one,
// it says no more than that, and a parser has to look. So it may be strict, and never has to be clever.

import { standsAt } from "../core/bytes.ts";
import { stringBodyEnd } from "./json-string.ts";

/** Deeper nesting is left to a parser. */
const DEPTH_MAX = 16;
/** Every count of so many digits is one that there can be (`isTokens`). */
const DIGITS_MAX = 9;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const SPACE = 0x20;
const LOWER_N = 0x6e;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const encoder = new TextEncoder();
const [TRUE, FALSE, NULL] = [encoder.encode("true"), encoder.encode("false"), encoder.encode("null")];

/** The members of an object that matter, by the length of their names. Others may be there, with any value. */
export interface Shape {
  readonly byLength: readonly (readonly Member[] | undefined)[];
}

interface Member {
  readonly name: Uint8Array;
  readonly slot: number;
  /** Where the value is an object: what is in it. Anything else may stand there. */
  readonly object: Shape | undefined;
  /** The value must be a list of exactly one object, and this is what is in it. */
  readonly only: Shape | undefined;
}

export type MemberOf = readonly [
  name: string,
  slot: number,
  inner?: { readonly object?: Shape; readonly only?: Shape },
];

export function shapeOf(members: readonly MemberOf[]): Shape {
  const byLength: Member[][] = [];
  for (const [text, slot, inner = {}] of members) {
    const name = encoder.encode(text);
    byLength[name.length] ??= [];
    byLength[name.length]?.push({
      name,
      slot,
      object: inner.object,
      only: inner.only,
    });
  }
  return { byLength };
}

/**
 * Where values stand: of slot `n` the start at `2n`, the end at `2n + 1`, exclusive; the start is 0 where there is none. It is
 * written over by the next reading.
 */
export type Places = Int32Array;

/** True where all of `bytes` is one object of this shape, no name of which is there twice or written with escapes. */
export function readShape(bytes: Uint8Array, shape: Shape, places: Places): boolean {
  places.fill(0);
  const start = gapEnd(bytes, 0);
  if (bytes[start] !== OPEN_BRACE) return false;
  const end = objectEnd(bytes, start, shape, places);
  return end > 0 && gapEnd(bytes, end) === bytes.length;
}

/** True where the slot has no value, or `null`. */
export function isNothing(bytes: Uint8Array, places: Places, slot: number): boolean {
  const start = places[slot * 2] ?? 0;
  return start === 0 || bytes[start] === LOWER_N;
}

/** True for nothing and for an empty list. */
export function isNothingIn(bytes: Uint8Array, places: Places, slot: number): boolean {
  const start = places[slot * 2] ?? 0;
  return (
    isNothing(bytes, places, slot) ||
    (bytes[start] === OPEN_BRACKET && gapEnd(bytes, start + 1) === (places[slot * 2 + 1] ?? 0) - 1)
  );
}

/** True where the slot has a string, of so many bytes at least without its quotes. */
export function isString(bytes: Uint8Array, places: Places, slot: number, bytesMin = 0): boolean {
  const start = places[slot * 2] ?? 0;
  return start > 0 && bytes[start] === QUOTE && (places[slot * 2 + 1] ?? 0) - start - 2 >= bytesMin;
}

/** True where the slot's value is written just so. */
export function isWritten(bytes: Uint8Array, places: Places, slot: number, json: Uint8Array): boolean {
  const start = places[slot * 2] ?? 0;
  return start > 0 && (places[slot * 2 + 1] ?? 0) - start === json.length && standsAt(bytes, start, json);
}

/** A count that is written in digits alone; `undefined` for nothing, -1 for what a parser has to look at. */
export function countAt(bytes: Uint8Array, places: Places, slot: number): number | undefined {
  if (isNothing(bytes, places, slot)) return undefined;
  const start = places[slot * 2] ?? 0;
  const end = places[slot * 2 + 1] ?? 0;
  if (end - start > DIGITS_MAX) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Where the object that opens at `start` ends, exclusive; -1 where it is not well formed, or not of the shape. */
function objectEnd(bytes: Uint8Array, start: number, shape: Shape, places: Places): number {
  let at = gapEnd(bytes, start + 1);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    if (bytes[at] !== QUOTE) return -1;
    const nameStart = at + 1;
    const nameEnd = plainNameEnd(bytes, nameStart);
    if (nameEnd < 0) return -1;
    at = gapEnd(bytes, nameEnd + 1);
    if (bytes[at] !== COLON) return -1;
    const valueStart = gapEnd(bytes, at + 1);
    const member = memberAt(bytes, nameStart, nameEnd, shape);
    if (member === undefined) at = valueEnd(bytes, valueStart, DEPTH_MAX);
    else {
      const slot = member.slot * 2;
      if (places[slot] !== 0) return -1;
      at = memberEnd(bytes, valueStart, member, places);
      places[slot] = valueStart;
      places[slot + 1] = at;
    }
    if (at < 0) return -1;
    at = gapEnd(bytes, at);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = gapEnd(bytes, at + 1);
  }
}

function memberEnd(bytes: Uint8Array, start: number, { object, only }: Member, places: Places): number {
  if (only !== undefined) {
    const first = bytes[start] === OPEN_BRACKET ? gapEnd(bytes, start + 1) : -1;
    if (first < 0 || bytes[first] !== OPEN_BRACE) return -1;
    const end = objectEnd(bytes, first, only, places);
    const close = end < 0 ? -1 : gapEnd(bytes, end);
    return bytes[close] === CLOSE_BRACKET ? close + 1 : -1;
  }
  if (object !== undefined && bytes[start] === OPEN_BRACE) return objectEnd(bytes, start, object, places);
  return valueEnd(bytes, start, DEPTH_MAX);
}

function memberAt(bytes: Uint8Array, start: number, end: number, { byLength }: Shape): Member | undefined {
  const members = byLength[end - start];
  if (members === undefined) return undefined;
  for (const member of members) if (standsAt(bytes, start, member.name)) return member;
  return undefined;
}

/** Where the quote stands that ends a name without escapes; -1 for others. */
function plainNameEnd(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH || byte < SPACE) return -1;
  }
  return -1;
}

/** Where the value that starts at `start` ends, exclusive; -1 where it is none. */
function valueEnd(bytes: Uint8Array, start: number, depth: number): number {
  switch (bytes[start]) {
    case QUOTE: {
      const quote = stringBodyEnd(bytes, start + 1);
      return quote < 0 ? -1 : quote + 1;
    }
    case OPEN_BRACE:
      return depth === 0 ? -1 : membersEnd(bytes, start, depth - 1);
    case OPEN_BRACKET:
      return depth === 0 ? -1 : itemsEnd(bytes, start, depth - 1);
    case LOWER_N:
      return standsAt(bytes, start, NULL) ? start + 4 : -1;
    case 0x74:
      return standsAt(bytes, start, TRUE) ? start + 4 : -1;
    case 0x66:
      return standsAt(bytes, start, FALSE) ? start + 5 : -1;
    default:
      return numberEnd(bytes, start);
  }
}

function membersEnd(bytes: Uint8Array, start: number, depth: number): number {
  let at = gapEnd(bytes, start + 1);
  if (bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    const quote = bytes[at] === QUOTE ? stringBodyEnd(bytes, at + 1) : -1;
    if (quote < 0) return -1;
    at = gapEnd(bytes, quote + 1);
    if (bytes[at] !== COLON) return -1;
    at = valueEnd(bytes, gapEnd(bytes, at + 1), depth);
    if (at < 0) return -1;
    at = gapEnd(bytes, at);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = gapEnd(bytes, at + 1);
  }
}

function itemsEnd(bytes: Uint8Array, start: number, depth: number): number {
  let at = gapEnd(bytes, start + 1);
  if (bytes[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    at = valueEnd(bytes, at, depth);
    if (at < 0) return -1;
    at = gapEnd(bytes, at);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = gapEnd(bytes, at + 1);
  }
}

function numberEnd(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  const whole = digitsEnd(bytes, at);
  // Nothing, or a zero in front of more.
  if (whole === at || (bytes[at] === ZERO && whole > at + 1)) return -1;
  at = whole;
  if (bytes[at] === POINT) {
    const fraction = digitsEnd(bytes, at + 1);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if (((bytes[at] ?? 0) | SPACE) !== 0x65) return at;
  const sign = bytes[at + 1] === PLUS || bytes[at + 1] === MINUS ? 1 : 0;
  const exponent = digitsEnd(bytes, at + 1 + sign);
  return exponent === at + 1 + sign ? -1 : exponent;
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) >= ZERO && (bytes[at] ?? 0) <= 0x39) at++;
  return at;
}

function gapEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}
