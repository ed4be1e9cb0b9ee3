// The wire half of Chat Completions: the few answers that are too small for a file of their own, and the rest by name.

import type { HeaderMap } from "../../core/runtime.ts";
import type { DialectWire } from "../dialect.ts";
import { insertKey, splice } from "../json-span.ts";
import { errorFrame, faultTo } from "./error-reply.ts";
import { faultFrom } from "./faults.ts";
import { judge } from "./judge.ts";
import { inspect, patch } from "./request-scan.ts";
import { openTap } from "./tap.ts";

const PATHS = { generate: "/chat/completions", embed: "/embeddings", "count-tokens": undefined } as const;
const PASSED_HEADER = /^(x-request-id$|openai-|x-ratelimit-)/;
const DATA = [0x64, 0x61, 0x74, 0x61, 0x3a];
const LF = 10;
const CR = 13;
const SPACE = 32;
const OPEN_BRACE = 0x7b;

const encoder = new TextEncoder();

/** Closes every stream that ended well; after an error it must not come. */
export const TERMINAL_FRAME = encoder.encode("data: [DONE]\n\n");

export const wire: DialectWire = {
  id: "openai-chat",
  path: (operation) => PATHS[operation],
  inspect,
  patch,
  tap: openTap,
  judge,
  faultFrom,
  faultTo,
  errorFrame,
  // The SDKs break on events they do not know; comments pass everywhere.
  pingFrame: encoder.encode(": holdfast\n\n"),
  terminalFrame: TERMINAL_FRAME,
  annotate,
  passHeaders,
};

function annotate(frame: Uint8Array, facts: Readonly<Record<string, unknown>>): Uint8Array {
  const start = dataStart(frame);
  if (start === undefined || frame[start] !== OPEN_BRACE) return frame;
  const annotated = insertKey(frame.subarray(start), `"holdfast":${JSON.stringify(facts)}`);
  return splice(frame, [{ span: { start, end: frame.length }, bytes: annotated }]);
}

/** Where the value of the first `data` line begins. */
function dataStart(frame: Uint8Array): number | undefined {
  let line = 0;
  while (line < frame.length) {
    if (DATA.every((byte, i) => frame[line + i] === byte)) {
      let at = line + DATA.length;
      while (frame[at] === SPACE) at++;
      return at;
    }
    while (line < frame.length && frame[line] !== LF && frame[line] !== CR) line++;
    line++;
  }
  return undefined;
}

function passHeaders(headers: HeaderMap): HeaderMap {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (PASSED_HEADER.test(name)) passed[name] = value;
  return passed;
}
