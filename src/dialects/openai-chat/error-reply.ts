// A fault as a Chat client expects it: the HTTP answer before a stream has opened, one frame after. The statuses and codes
// are those that the OpenAI SDKs know; what the client may do next is said by headers, not left to its guess.

import { FAULTS, type Fault, type FaultKind, type FaultStatus } from "../../core/fault.ts";
import type { ErrorContext, WireError } from "../dialect.ts";
import { errorFacts, errorHeaders } from "../final-error.ts";
import { isObject, parseJson } from "../json-object.ts";
import { frameOf } from "../sse.ts";

const WORDS: Readonly<Record<FaultStatus, readonly [type: string, code: string]>> = {
  400: ["invalid_request_error", "invalid_request_error"],
  401: ["invalid_request_error", "invalid_api_key"],
  403: ["permission_error", "forbidden"],
  404: ["invalid_request_error", "not_found"],
  413: ["invalid_request_error", "request_too_large"],
  429: ["rate_limit_error", "rate_limit_exceeded"],
  499: ["invalid_request_error", "cancelled"],
  500: ["server_error", "internal_error"],
  503: ["service_unavailable_error", "server_is_overloaded"],
  504: ["timeout", "timeout"],
};

/** Codes that say more than their status. */
const CODES: Readonly<Partial<Record<FaultKind, string>>> = {
  unsupported: "unsupported_feature",
  lossy: "unsupported_feature",
  "context-too-long": "context_length_exceeded",
};

const encoder = new TextEncoder();

/** The final error of a call. A caller's own error that a Chat provider worded is returned as it came. */
export function faultTo(fault: Fault, context: ErrorContext): WireError {
  const own = ownWords(fault);
  if (own !== undefined) {
    return { status: own.status, headers: errorHeaders(own.status, fault, own.contentType), body: own.body };
  }
  const { status } = FAULTS[fault.kind];
  return { status, headers: errorHeaders(status, fault), body: encoder.encode(errorText(fault, context)) };
}

/** The same inside an open stream. No `[DONE]` may follow it: that would say the answer is whole. */
export function errorFrame(fault: Fault, context: ErrorContext): Uint8Array {
  return frameOf(errorText(fault, context));
}

function errorText(fault: Fault, context: ErrorContext): string {
  const [type, ofStatus] = WORDS[FAULTS[fault.kind].status];
  const isModel = fault.kind === "not-found" && fault.param === "model";
  const code = isModel ? "model_not_found" : (CODES[fault.kind] ?? ofStatus);
  const { message, param = null } = fault;
  return JSON.stringify({ error: { message, type, param, code, holdfast: errorFacts(context) } });
}

function ownWords({ kind, upstream }: Fault): Fault["upstream"] {
  if (upstream === undefined || FAULTS[kind].blame !== "caller") return undefined;
  const body = parseJson(upstream.body);
  // Anthropic's errors have an `error` object too, beside a `type`.
  return isObject(body) && isObject(body.error) && body.type !== "error" ? upstream : undefined;
}
