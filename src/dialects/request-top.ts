// Reads the top level of a request's body, as far as every dialect reads it alike: text in UTF-8, a JSON object, the wanted
// keys once each, their values JSON. What the values must be is each dialect's own; the prompt is never parsed.

import type { Span } from "../core/call.ts";
import { type Fault, fault } from "../core/fault.ts";
import { type Found, scanInto, spanValue } from "./json-span.ts";
import { nameAt } from "./name-memo.ts";

/** No model is called by more. Names become keys of tables and labels of metrics, so that they have a limit. */
export const MODEL_CHARS_MAX = 256;

/** The prompt, as large as a request can be and the provider's to read; and what is read only if the answer makes it matter. */
const UNREAD: ReadonlySet<string> = new Set([
  ...["messages", "input"],
  ...["tools", "response_format", "output_config", "output_format"],
]);
/** A longer name of an end user is cut: it is only hashed. */
const END_USER_CHARS_MAX = 512;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The wanted keys that are there. */
export interface RequestTop extends Found {
  /** By the same index; `undefined` for the prompt and for what is not read. */
  readonly values: unknown[];
}

/** `invalid-request` says what is wrong with the body, and names the key whose value is no JSON. */
export function readTop(body: Uint8Array, wanted: ReadonlySet<string>): RequestTop | Fault {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf)
    return fault("invalid-request", "the body has a byte order mark before its JSON");
  // A lone byte that is no UTF-8 is replaced by some parsers and refused by others.
  if (!isAscii(body) && !isUtf8(body)) return fault("invalid-request", "the body is not text in UTF-8");
  const top: RequestTop = { names: [], spans: [], values: [] };
  const wrong = scanInto(body, wanted, top);
  if (wrong !== undefined) return wrong;
  const { names, spans, values } = top;
  for (let i = 0; i < names.length; i++) {
    const key = names[i] ?? "";
    const span = spans[i] as Span;
    if (UNREAD.has(key)) {
      values.push(undefined);
      continue;
    }
    const value = key === "model" ? nameAt(body, span) : spanValue(body, span);
    if (value === undefined) {
      return fault("invalid-request", `the value of "${key}" at byte ${span.start} is not JSON`, { param: key });
    }
    values.push(value);
  }
  return top;
}

/** Most requests are, and need no decoding to be known as text. Eight bytes at a time; a view of wider numbers costs more. */
function isAscii(body: Uint8Array): boolean {
  const whole = body.length & ~7;
  let at = 0;
  for (; at < whole; at += 8) if ((fourAt(body, at) | fourAt(body, at + 4)) > 0x7f) return false;
  for (; at < body.length; at++) if ((body[at] ?? 0) > 0x7f) return false;
  return true;
}

function fourAt(body: Uint8Array, at: number): number {
  return (body[at] ?? 0) | (body[at + 1] ?? 0) | (body[at + 2] ?? 0) | (body[at + 3] ?? 0);
}

function isUtf8(body: Uint8Array): boolean {
  try {
    utf8.decode(body);
    return true;
  } catch {
    return false;
  }
}

export function spanOf({ names, spans }: RequestTop, key: string): Span | undefined {
  const index = names.indexOf(key);
  return index < 0 ? undefined : spans[index];
}

export function fieldOf({ names, values }: RequestTop, key: string): unknown {
  const index = names.indexOf(key);
  return index < 0 ? undefined : values[index];
}

/** The end user whom a client names; `undefined` for what is no name. */
export function endUserOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, END_USER_CHARS_MAX) : undefined;
}
