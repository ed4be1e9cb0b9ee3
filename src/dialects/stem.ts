// What the calls of one conversation have in common: everything up to its first question. Clients send all of it again with
// each turn, so that it is found without a session. Reads the first messages alone; both dialects name them alike.

import type { Span } from "../core/call.ts";
import { isFault } from "../core/fault.ts";
import { isObject } from "./json-object.ts";
import { firstElements, scanTopLevel, spanValue } from "./json-span.ts";

const WANTED: ReadonlySet<string> = new Set(["messages"]);
/** System messages before the first question; beyond this it has no stem. */
const ELEMENTS_MAX = 8;

export interface Stem {
  /** A part of the body, not a copy. */
  readonly bytes: Uint8Array;
  /** There is more after it: a later turn. */
  readonly continued: boolean;
}

/** As clients write it; a question may be long, and need not be parsed to be known as one. */
const QUESTION = new TextEncoder().encode('{"role":"user"');

function isQuestion(body: Uint8Array, span: Span): boolean {
  if (QUESTION.every((byte, at) => body[span.start + at] === byte)) return true;
  const message = spanValue(body, span);
  return isObject(message) && message.role === "user";
}

/** `undefined` where there is no question to go by. */
export function stemOf(body: Uint8Array): Stem | undefined {
  const spans = scanTopLevel(body, WANTED);
  const messages = isFault(spans) ? undefined : spans.get("messages");
  if (messages === undefined) return undefined;
  const elements = firstElements(body, messages, ELEMENTS_MAX);
  const first = elements[0];
  const place = elements.findIndex((span) => isQuestion(body, span));
  const question = elements[place];
  if (first === undefined || question === undefined) return undefined;
  return { bytes: body.subarray(first.start, question.end), continued: elements.length > place + 1 };
}
