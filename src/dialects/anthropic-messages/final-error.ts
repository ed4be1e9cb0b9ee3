// The final error of a call as an Anthropic client expects it, whole or inside a stream. `faults.ts` is the other way.

import type { Fault, FaultKind } from "../../core/fault.ts";
import type { ErrorContext, WireError } from "../dialect.ts";
import { frameOf } from "../sse.ts";
import { isErrorBody } from "./faults.ts";
import type { JsonObject } from "./json-value.ts";

type Row = readonly [status: number, type: string];

const OVERLOADED: Row = [529, "overloaded_error"];
const INVALID: Row = [400, "invalid_request_error"];
const GONE: Row = [499, "api_error"];

/** A provider's trouble with our key or our credit is never told as the client's own: it would change its key for nothing. */
const ROWS: Readonly<Record<FaultKind, Row>> = {
  "invalid-request": INVALID,
  unsupported: INVALID,
  lossy: INVALID,
  "context-too-long": INVALID,
  unauthorized: [401, "authentication_error"],
  forbidden: [403, "permission_error"],
  "not-found": [404, "not_found_error"],
  "too-large": [413, "request_too_large"],
  "rate-limited": [429, "rate_limit_error"],
  "deadline-exceeded": [504, "timeout_error"],
  cancelled: GONE,
  "client-stall": GONE,
  superseded: GONE,
  bug: [500, "api_error"],
  "quota-exhausted": OVERLOADED,
  "credential-rejected": OVERLOADED,
  "model-missing": OVERLOADED,
  overloaded: OVERLOADED,
  "server-error": OVERLOADED,
  "first-token-timeout": OVERLOADED,
  "whole-timeout": OVERLOADED,
  "idle-timeout": OVERLOADED,
  "malformed-reply": OVERLOADED,
  "empty-reply": OVERLOADED,
  "stream-broken": OVERLOADED,
  "connect-failed": OVERLOADED,
  "connect-timeout": OVERLOADED,
  busy: OVERLOADED,
  draining: OVERLOADED,
};

/** Kinds for which a provider's own error may be the client's answer: what it says is true of the request. */
const PASSED: ReadonlySet<FaultKind> = new Set([
  "invalid-request",
  "unsupported",
  "context-too-long",
  "too-large",
  "not-found",
  "model-missing",
]);

const RETRY_AFTER_DEFAULT_S = 5;
/** SDKs of this dialect would wait for any time they are told. */
const RETRY_AFTER_MAX_S = 60;
const TRAIL_MAX = 16;
const encoder = new TextEncoder();

/** Status, headers and body. An error that a provider of this dialect gave for the request itself goes back unchanged. */
export function faultTo(fault: Fault, context: ErrorContext): WireError {
  const upstream = fault.upstream;
  if (upstream !== undefined && PASSED.has(fault.kind) && isErrorBody(upstream.body)) {
    const headers = { "content-type": upstream.contentType, "x-should-retry": "false" };
    return { status: upstream.status, headers, body: upstream.body };
  }
  const [status, type] = ROWS[fault.kind];
  const waitS = retryAfterS(fault, status);
  return {
    status,
    headers: {
      "content-type": "application/json",
      "x-should-retry": "false",
      ...(waitS === undefined ? undefined : { "retry-after": String(waitS) }),
    },
    body: encoder.encode(JSON.stringify(errorJson(fault, type, context))),
  };
}

/** The in-band error of a stream that has opened: one whole frame. */
export function errorFrame(fault: Fault, context: ErrorContext): Uint8Array {
  return frameOf(JSON.stringify(errorJson(fault, ROWS[fault.kind][1], context)), "error");
}

function errorJson(fault: Fault, type: string, context: ErrorContext): JsonObject {
  const trail = context.trail.slice(0, TRAIL_MAX).map(({ target, fault, status, ms }) => ({
    target,
    fault,
    ...(status === undefined ? undefined : { status }),
    ms: Math.round(ms),
  }));
  return {
    type: "error",
    error: { type, message: messageOf(fault, context) },
    request_id: context.call,
    holdfast: { call: context.call, trail },
  };
}

function messageOf(fault: Fault, context: ErrorContext): string {
  // Coding agents look for these words before they compact a conversation.
  const isKnown = fault.kind !== "context-too-long" || /prompt is too long/i.test(fault.message);
  const message = isKnown ? fault.message : `prompt is too long: ${fault.message}`;
  const tried = context.trail.slice(0, TRAIL_MAX).map(({ target, fault }) => `${target}=${fault}`);
  return tried.length === 0 ? message : `${message} (tried ${tried.join(", ")})`;
}

function retryAfterS(fault: Fault, status: number): number | undefined {
  if (fault.retryAfterMs !== undefined)
    return Math.min(Math.max(Math.ceil(fault.retryAfterMs / 1000), 1), RETRY_AFTER_MAX_S);
  return status === 429 || status === 529 || status === 503 ? RETRY_AFTER_DEFAULT_S : undefined;
}
