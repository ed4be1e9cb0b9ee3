// The final error of a call as an Anthropic client expects it, whole or inside a stream. `faults.ts` is the other way.

import { FAULTS, type Fault, type FaultKind, type FaultStatus } from "../../core/fault.ts";
import type { ErrorContext, WireError } from "../dialect.ts";
import { errorFacts, errorHeaders } from "../final-error.ts";
import type { JsonObject } from "../json-object.ts";
import { frameOf } from "../sse.ts";
import { isErrorBody } from "./faults.ts";

/** Anthropic's own status for what is otherwise a 503. */
const OVERLOADED_STATUS = 529;
const TYPES: Readonly<Record<FaultStatus, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  499: "api_error",
  500: "api_error",
  503: "overloaded_error",
  504: "timeout_error",
};

const encoder = new TextEncoder();

/** Status, headers and body. An error that a provider of this dialect gave for the request itself goes back unchanged. */
export function faultTo(fault: Fault, context: ErrorContext): WireError {
  const { upstream } = fault;
  if (upstream !== undefined && FAULTS[fault.kind].blame === "caller" && isErrorBody(upstream.body)) {
    const { status, contentType, body } = upstream;
    return { status, headers: errorHeaders(status, fault, contentType), body };
  }
  const status = statusOf(fault.kind);
  return { status, headers: errorHeaders(status, fault), body: encoder.encode(errorText(fault, context)) };
}

/** The in-band error of a stream that has opened: one whole frame. */
export function errorFrame(fault: Fault, context: ErrorContext): Uint8Array {
  return frameOf(errorText(fault, context), "error");
}

function statusOf(kind: FaultKind): number {
  const { status } = FAULTS[kind];
  return status === 503 ? OVERLOADED_STATUS : status;
}

function errorText(fault: Fault, context: ErrorContext): string {
  const holdfast = errorFacts(context);
  const error: JsonObject = {
    type: "error",
    error: { type: TYPES[FAULTS[fault.kind].status], message: messageOf(fault, holdfast.trail) },
    request_id: context.call,
    holdfast,
  };
  return JSON.stringify(error);
}

function messageOf(fault: Fault, trail: ErrorContext["trail"]): string {
  // Coding agents look for these words before they compact a conversation.
  const isKnown = fault.kind !== "context-too-long" || /prompt is too long/i.test(fault.message);
  const message = isKnown ? fault.message : `prompt is too long: ${fault.message}`;
  const sent = trail.filter(({ skipped }) => skipped !== true);
  const tried = sent.map(({ target, fault }) => `${target}=${fault}`);
  return tried.length === 0 ? message : `${message} (tried ${tried.join(", ")})`;
}
