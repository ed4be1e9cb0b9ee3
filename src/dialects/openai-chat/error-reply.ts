// A fault as a Chat client expects it: the HTTP answer before a stream has opened, one frame after. The statuses and codes
// are those that the OpenAI SDKs know; what the client may do next is said by headers, not left to its guess.

import { FAULTS, type Fault, type FaultKind } from "../../core/fault.ts";
import type { ErrorContext, WireError } from "../dialect.ts";
import { frameOf } from "../sse.ts";
import { isObject, type JsonObject, parseJson } from "./json-shape.ts";

const RETRY_AFTER_DEFAULT_S = 5;
/** The SDKs ignore a longer wait, or hang on it. */
const RETRY_AFTER_MAX_S = 60;

type Row = readonly [status: number, type: string, code: string];

const UNAVAILABLE: Row = [503, "service_unavailable_error", "server_is_overloaded"];
const INVALID: Row = [400, "invalid_request_error", "invalid_request_error"];
const UNSUPPORTED: Row = [400, "invalid_request_error", "unsupported_feature"];
const GONE: Row = [499, "invalid_request_error", "cancelled"];

/** Faults that are not here are the provider's, the network's or a full gateway's: `UNAVAILABLE`. */
const ROWS: Partial<Record<FaultKind, Row>> = {
  "invalid-request": INVALID,
  unsupported: UNSUPPORTED,
  lossy: UNSUPPORTED,
  "context-too-long": [400, "invalid_request_error", "context_length_exceeded"],
  unauthorized: [401, "invalid_request_error", "invalid_api_key"],
  forbidden: [403, "permission_error", "forbidden"],
  "not-found": [404, "invalid_request_error", "not_found"],
  "too-large": [413, "invalid_request_error", "request_too_large"],
  "rate-limited": [429, "rate_limit_error", "rate_limit_exceeded"],
  cancelled: GONE,
  "client-stall": GONE,
  superseded: GONE,
  "deadline-exceeded": [504, "timeout", "timeout"],
  bug: [500, "server_error", "internal_error"],
};

const encoder = new TextEncoder();

/** The final error of a call. A caller's own error that a Chat provider worded is returned as it came. */
export function faultTo(fault: Fault, context: ErrorContext): WireError {
  const own = ownWords(fault);
  const [status] = rowOf(fault);
  const headers: Record<string, string> = {
    "content-type": own?.contentType ?? "application/json",
    // The gateway has already tried again wherever that could help.
    "x-should-retry": "false",
  };
  if (status === 429 || status === 503) headers["retry-after"] = String(retryAfterS(fault));
  if (own !== undefined) return { status: own.status, headers, body: own.body };
  return { status, headers, body: encoder.encode(JSON.stringify(errorJson(fault, context))) };
}

/** The same inside an open stream. No `[DONE]` may follow it: that would say the answer is whole. */
export function errorFrame(fault: Fault, context: ErrorContext): Uint8Array {
  return frameOf(JSON.stringify(errorJson(fault, context)));
}

function errorJson(fault: Fault, { call, trail }: ErrorContext): JsonObject {
  const [, type, code] = rowOf(fault);
  return { error: { message: fault.message, type, param: fault.param ?? null, code, holdfast: { call, trail } } };
}

function rowOf(fault: Fault): Row {
  if (fault.kind === "not-found" && fault.param === "model") return [404, "invalid_request_error", "model_not_found"];
  return ROWS[fault.kind] ?? UNAVAILABLE;
}

function retryAfterS(fault: Fault): number {
  if (fault.retryAfterMs === undefined) return RETRY_AFTER_DEFAULT_S;
  return Math.min(Math.max(Math.ceil(fault.retryAfterMs / 1000), 1), RETRY_AFTER_MAX_S);
}

function ownWords(fault: Fault): Fault["upstream"] {
  if (fault.upstream === undefined || FAULTS[fault.kind].blame !== "caller") return undefined;
  const body = parseJson(fault.upstream.body);
  // Anthropic's errors have an `error` object too, beside a `type`.
  return isObject(body) && isObject(body.error) && body.type !== "error" ? fault.upstream : undefined;
}
