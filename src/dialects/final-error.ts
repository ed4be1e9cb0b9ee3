// What the final errors of all dialects have in common: the headers that tell a client's SDK what to do next, and the
// gateway's own facts. Statuses, types and words are each dialect's own.

import type { Fault } from "../core/fault.ts";
import type { AttemptRecord } from "../core/reply.ts";
import type { HeaderMap } from "../core/runtime.ts";
import type { ErrorContext } from "./dialect.ts";

const RETRY_AFTER_DEFAULT_S = 5;
/** Of a longer wait some SDKs make nothing, and others really wait. */
const RETRY_AFTER_MAX_S = 60;
/** Statuses after which it is worth a wait. */
const PASSES_BY: ReadonlySet<number> = new Set([429, 503, 529]);
const TRAIL_MAX = 16;

/** The gateway has already tried again wherever that could help, so that the client is told not to. */
export function errorHeaders(status: number, fault: Fault, contentType = "application/json"): HeaderMap {
  return {
    "content-type": contentType,
    "x-should-retry": "false",
    ...(PASSES_BY.has(status) && { "retry-after": String(retryAfterS(fault)) }),
  };
}

/** The value of the key `holdfast`: the call and what was tried for it. */
export function errorFacts({ call, trail }: ErrorContext): {
  readonly call: string;
  readonly trail: readonly AttemptRecord[];
} {
  return { call, trail: trail.slice(0, TRAIL_MAX).map((record) => ({ ...record, ms: Math.round(record.ms) })) };
}

function retryAfterS({ retryAfterMs }: Fault): number {
  if (retryAfterMs === undefined) return RETRY_AFTER_DEFAULT_S;
  return Math.min(Math.max(Math.ceil(retryAfterMs / 1000), 1), RETRY_AFTER_MAX_S);
}
