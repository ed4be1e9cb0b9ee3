// Recognises the frames of a stream that differ from an earlier one only in their text: nearly all of them. Such a frame
// needs no parse. Whatever does not match, byte for byte around valid strings, is for the tap to read in full.

import { standsAt } from "../../core/bytes.ts";
import { isObject, listOf, objectOf, parseJson } from "../json-object.ts";
import { stringBodyEnd } from "../json-string.ts";
import { fieldsOf } from "../sse.ts";

/** A text that no provider sends, to see where a string put into a slot comes out. */
const PROBE = "hf-probe-7f3a";
/** Chat's filler against guessing from packet lengths: it changes with each chunk, so it is a second slot. */
const FILLER_KEY = "obfuscation";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A template that never matched again is given this many successors; then the stream's frames are parsed one by one. */
const USELESS_TEMPLATES_MAX = 8;

/** Constant bytes with one or two JSON strings between them. */
export interface ContentTemplate {
  readonly literals: readonly Uint8Array[];
  /** Which of the strings is the text; it must not be empty. */
  readonly textSlot: number;
  /** Where the text stood in the frame that matched last. */
  textStart: number;
  textEnd: number;
}

/** The template of one stream, from frame to frame. */
export class LearntTemplate {
  #template: ContentTemplate | undefined;
  /** Where nothing but the text changes: what stands before and behind it. */
  #head: Uint8Array | undefined;
  #tail: Uint8Array | undefined;
  #hit = false;
  #useless = 0;

  /** The template, when the frame has its form; where the text stands is in it. */
  fits(frame: Uint8Array): ContentTemplate | undefined {
    const template = this.#template;
    if (template === undefined) return undefined;
    const head = this.#head;
    const tail = this.#tail;
    const fits = head && tail ? encloses(template, head, frame, tail) : matches(template, frame);
    if (!fits) return undefined;
    this.#hit = true;
    return template;
  }

  /** From a frame that did not fit. `key`: of its text, when the next ones may have its form; see `learnTemplate`. */
  learn(frame: Uint8Array, key: string | undefined): void {
    const isGivenUp = !this.#hit && ++this.#useless > USELESS_TEMPLATES_MAX;
    this.#hit = false;
    const template = isGivenUp || key === undefined ? undefined : learnTemplate(frame, key);
    const isOne = template?.literals.length === 2;
    this.#template = template;
    this.#head = isOne ? template.literals[0] : undefined;
    this.#tail = isOne ? template.literals[1] : undefined;
  }
}

/** `matches` for a template whose only string is the text. */
function encloses(template: ContentTemplate, head: Uint8Array, frame: Uint8Array, tail: Uint8Array): boolean {
  const start = head.length;
  if (!standsAt(frame, 0, head)) return false;
  const end = stringBodyEnd(frame, start);
  if (end <= start || end + tail.length !== frame.length || !standsAt(frame, end, tail)) return false;
  template.textStart = start;
  template.textEnd = end;
  return true;
}

/** True when the frame has this form and some text, so that it says what the learnt frame said, with other words. */
function matches(template: ContentTemplate, frame: Uint8Array): boolean {
  const { literals, textSlot } = template;
  let at = 0;
  const last = literals.length - 1;
  for (let slot = 0; slot <= last; slot++) {
    const literal = literals[slot];
    if (literal === undefined) return false;
    if (!standsAt(frame, at, literal)) return false;
    at += literal.length;
    if (slot === last) return at === frame.length;
    const end = stringBodyEnd(frame, at);
    if (end < 0) return false;
    if (slot === textSlot) {
      if (end === at) return false;
      template.textStart = at;
      template.textEnd = end;
    }
    at = end;
  }
  return false;
}

/**
 * Learns from a frame whose chunk has text under `delta[key]` and nothing else to notice. `undefined` when the place of
 * that text cannot be told from the bytes; the proof is a parse with other words in it.
 */
function learnTemplate(frame: Uint8Array, key: string): ContentTemplate | undefined {
  const text = slotOf(frame, key);
  if (text === undefined) return undefined;
  const filler = slotOf(frame, FILLER_KEY);
  const slots = filler === undefined ? [text] : [text, filler].sort((a, b) => a.start - b.start);
  const literals: Uint8Array[] = [];
  let at = 0;
  for (const { start, end } of slots) {
    literals.push(frame.slice(at, start));
    at = end;
  }
  literals.push(frame.slice(at));
  const template = { literals, textSlot: slots.indexOf(text), textStart: 0, textEnd: 0 };
  return isProven(template, key, filler !== undefined) ? template : undefined;
}

/** Where the first string under `key` stands, without its quotes. */
function slotOf(frame: Uint8Array, key: string): { start: number; end: number } | undefined {
  for (const bytes of markersOf(key)) {
    const found = find(frame, bytes);
    if (found < 0) continue;
    const start = found + bytes.length;
    const end = stringBodyEnd(frame, start);
    if (end >= 0) return { start, end };
  }
  return undefined;
}

/** By key, of the few under which text stands. */
const markers = new Map<string, readonly Uint8Array[]>();

function markersOf(key: string): readonly Uint8Array[] {
  const known = markers.get(key);
  if (known !== undefined) return known;
  const made = [encoder.encode(`"${key}":"`), encoder.encode(`"${key}": "`)];
  markers.set(key, made);
  return made;
}

function isProven({ literals, textSlot }: ContentTemplate, key: string, filled: boolean): boolean {
  const pieces = literals.map((literal) => decoder.decode(literal));
  const text = pieces.reduce((sum, piece, i) => `${sum}${i - 1 === textSlot ? PROBE : PROBE.length}${piece}`);
  const chunk = parseJson(fieldsOf(text).data ?? "");
  if (!isObject(chunk)) return false;
  const delta = objectOf(objectOf(listOf(chunk.choices)?.[0])?.delta);
  return delta?.[key] === PROBE && (!filled || chunk[FILLER_KEY] === String(PROBE.length));
}

function find(bytes: Uint8Array, needle: Uint8Array): number {
  const first = needle[0] ?? 0;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (standsAt(bytes, at, needle)) return at;
  }
  return -1;
}
