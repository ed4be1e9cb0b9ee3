// The wire half of the Messages API, put together: every call of this dialect passes here, by bytes.

import type { Operation } from "../../core/call.ts";
import type { HeaderMap } from "../../core/runtime.ts";
import type { DialectWire } from "../dialect.ts";
import { insertKey } from "../json-span.ts";
import { frameOf } from "../sse.ts";
import { faultFrom } from "./faults.ts";
import { errorFrame, faultTo } from "./final-error.ts";
import { inspect, patch } from "./inspect.ts";
import { judge } from "./judge.ts";
import { messagesTap } from "./tap.ts";

const PATHS: Readonly<Partial<Record<Operation, string>>> = {
  generate: "/v1/messages",
  "count-tokens": "/v1/messages/count_tokens",
};

const LF = 10;
const CR = 13;
const OPEN_BRACE = 0x7b;
const SPACE = 0x20;
const DATA = new TextEncoder().encode("data:");

export const messagesWire: DialectWire = {
  id: "anthropic-messages",
  path: (operation) => PATHS[operation],
  inspect,
  patch,
  tap: messagesTap,
  judge,
  faultFrom,
  faultTo,
  errorFrame,
  pingFrame: frameOf('{"type": "ping"}', "ping"),
  terminalFrame: frameOf('{"type":"message_stop"}', "message_stop"),
  annotate,
  passHeaders,
};

/** Clients ignore an extra key of a known event; an unknown event or block breaks some. */
function annotate(frame: Uint8Array, facts: Readonly<Record<string, unknown>>): Uint8Array {
  const start = dataStart(frame);
  if (start === -1) return frame;
  const rest = insertKey(frame.subarray(start), `"holdfast":${JSON.stringify(facts)}`);
  const annotated = new Uint8Array(start + rest.length);
  annotated.set(frame.subarray(0, start));
  annotated.set(rest, start);
  return annotated;
}

/** Where the JSON object of the first data line begins; -1 when there is none. */
function dataStart(frame: Uint8Array): number {
  for (let i = 0; i < frame.length; i++) {
    if (startsWith(frame, DATA, i)) {
      let at = i + DATA.length;
      while (frame[at] === SPACE) at++;
      return frame[at] === OPEN_BRACE ? at : -1;
    }
    while (i < frame.length && frame[i] !== LF && frame[i] !== CR) i++;
  }
  return -1;
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array, at: number): boolean {
  return prefix.every((byte, i) => bytes[at + i] === byte);
}

/** The provider's identity of the request and its limits. All that speaks of retrying or of the connection stays here. */
function passHeaders(headers: HeaderMap): HeaderMap {
  const passed = Object.entries(headers).filter(([name]) => name === "request-id" || name.startsWith("anthropic-"));
  return Object.fromEntries(passed);
}
