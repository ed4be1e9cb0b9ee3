// W3C Trace Context (https://www.w3.org/TR/trace-context/): reading and writing `traceparent`, and span ids that follow
// from a call's id, so that the engine and the exporter name the same span without telling each other.

import type { HeaderMap } from "../core/runtime.ts";

/** The trace headers of attempt `number` of a call; `client` are the client's own headers. */
export type Propagate = (call: { readonly id: string; readonly headers: HeaderMap }, number: number) => HeaderMap;

export interface TraceParent {
  /** 32 hex digits, not all zero. */
  readonly traceId: string;
  /** 16 hex digits, not all zero. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** `undefined` for what is no valid header: then a new trace begins (§4.3). Higher versions are read as version 00. */
export function parseTraceparent(text: string | undefined): TraceParent | undefined {
  const [, version, traceId = "", spanId = "", flags = "00", more] = TRACEPARENT.exec(text ?? "") ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/** The trace that a call begins when its client sent none. */
export function traceIdOf(call: string): string {
  return spanIdOf(call, -1) + spanIdOf(call, -2);
}

/** The span of attempt `number`; 0 is the call's own. */
export function spanIdOf(call: string, number: number): string {
  let a = 0x9747b28c ^ number;
  let b = Math.imul(0x3c6ef372, number * 2 + 1);
  for (let at = 0; at < call.length; at++) {
    const code = call.charCodeAt(at);
    a = Math.imul(a ^ code, 0xcc9e2d51);
    a ^= a >>> 15;
    b = Math.imul(b ^ code, 0x85ebca6b);
    b ^= b >>> 13;
  }
  const id = hex(finish(a ^ b)) + hex(finish(b + Math.imul(a, 5)));
  return ZEROS.test(id) ? "0000000000000001" : id;
}

/** For a gateway that exports: each attempt's span is the parent of what the provider does. `tracestate` passes as it is. */
export const propagate: Propagate = ({ id, headers }, number) => {
  const client = parseTraceparent(headers.traceparent);
  const traceparent = formatTraceparent({
    traceId: client?.traceId ?? traceIdOf(id),
    spanId: spanIdOf(id, number),
    sampled: client?.sampled ?? true,
  });
  return { traceparent };
};

function finish(hash: number): number {
  const one = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const two = Math.imul(one ^ (one >>> 13), 0xc2b2ae35);
  return (two ^ (two >>> 16)) >>> 0;
}

function hex(word: number): string {
  return word.toString(16).padStart(8, "0");
}
