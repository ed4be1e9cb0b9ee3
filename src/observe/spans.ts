// Spans of a call and of each attempt, in the GenAI semantic conventions of OpenTelemetry
// (https://opentelemetry.io/docs/specs/semconv/gen-ai/). The call's span is what a client sees; an attempt's is what a
// provider was asked. Content is never recorded.

import { type Attributes, createTraceState, type HrTime, type SpanContext } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import type { Operation } from "../core/call.ts";
import { FAULTS, type FaultKind } from "../core/fault.ts";
import type { Usage } from "../core/usage.ts";
import { VERSION } from "../core/version.ts";
import { parseTraceparent, spanIdOf, traceIdOf } from "./trace-context.ts";
import { servingAttempt, type TrackedAttempt, type TrackedCall } from "./tracked-call.ts";

/** Values of the API's enums, which are numbers on the wire. */
const SERVER = 1;
const CLIENT = 2;
const STATUS_UNSET = 0;
const STATUS_ERROR = 2;
const SAMPLED = 1;

const OPERATIONS: Readonly<Record<Operation, string>> = {
  generate: "chat",
  embed: "embeddings",
  "count-tokens": "count_tokens",
};

/** The call's span and one for each of its attempts; none when the client's trace is not sampled. */
export function spansOf(call: TrackedCall, resource: Resource): readonly ReadableSpan[] {
  const { start, end } = call;
  const parent = parseTraceparent(start.trace?.parent);
  if (end === undefined || parent?.sampled === false) return [];
  const traceId = parent?.traceId ?? traceIdOf(start.call);
  const traceState = start.trace?.state === undefined ? undefined : createTraceState(start.trace.state);
  const context = (spanId: string, isRemote = false): SpanContext => ({
    traceId,
    spanId,
    traceFlags: SAMPLED,
    isRemote,
    ...(traceState && { traceState }),
  });
  const at = (clockMs: number): number => call.startedWallMs + clockMs - start.atMs;
  const own = context(spanIdOf(start.call, 0));
  const whole = span({
    name: `${OPERATIONS[start.operation]} ${start.model}`,
    kind: SERVER,
    context: own,
    ...(parent && { parent: context(parent.spanId, true) }),
    startMs: at(start.atMs),
    endMs: at(end.atMs),
    attributes: callAttributes(call),
    ...(end.fault !== undefined && end.ending !== "cancelled" && { fault: end.fault }),
    resource,
  });
  const attempts = call.attempts.flatMap((attempt) => {
    if (attempt.end === undefined) return [];
    const { target, number, atMs } = attempt.start;
    return span({
      name: `${OPERATIONS[start.operation]} ${modelOf(target)}`,
      kind: CLIENT,
      context: context(spanIdOf(start.call, number)),
      parent: own,
      startMs: at(atMs),
      endMs: at(attempt.end.atMs),
      attributes: attemptAttributes(call, attempt),
      ...(attempt.end.fault !== undefined && { fault: attempt.end.fault, message: attempt.end.message ?? "" }),
      resource,
    });
  });
  return [whole, ...attempts];
}

function callAttributes(call: TrackedCall): Attributes {
  const { start, end, target } = call;
  return present({
    "gen_ai.operation.name": OPERATIONS[start.operation],
    "gen_ai.request.model": start.model,
    "gen_ai.provider.name": target === undefined ? undefined : providerOf(target),
    "gen_ai.response.model": target === undefined ? undefined : modelOf(target),
    ...usageAttributes(end?.usage),
    "error.type": end?.fault,
    "holdfast.call": start.call,
    "holdfast.route": start.route,
    "holdfast.dialect": start.dialect,
    "holdfast.tenant": start.tenant,
    "holdfast.stream": start.stream,
    "holdfast.ending": end?.ending,
    "holdfast.served_by": end?.servedBy,
    "holdfast.degraded": end?.degraded,
    "holdfast.attempts": call.attempts.length,
    "holdfast.time_to_first_content": seconds(end?.firstContentMs),
  });
}

function attemptAttributes(call: TrackedCall, attempt: TrackedAttempt): Attributes {
  const { start, end } = attempt;
  return present({
    "gen_ai.operation.name": OPERATIONS[call.start.operation],
    "gen_ai.request.model": modelOf(start.target),
    "gen_ai.provider.name": providerOf(start.target),
    ...usageAttributes(end?.usage),
    "error.type": end?.fault,
    "http.response.status_code": end?.status,
    "holdfast.call": call.start.call,
    "holdfast.attempt": start.number,
    "holdfast.target": start.target,
    "holdfast.provider_request_id": end?.requestId,
    "holdfast.served": servingAttempt(call) === attempt,
    "holdfast.time_to_first_content": seconds(end?.firstContentMs),
  });
}

function usageAttributes(usage: Usage | undefined): Readonly<Record<string, number | undefined>> {
  return {
    "gen_ai.usage.input_tokens": usage?.inputTokens,
    "gen_ai.usage.output_tokens": usage?.outputTokens,
    "gen_ai.usage.cache_read.input_tokens": usage?.cacheReadTokens,
    "gen_ai.usage.cache_creation.input_tokens": usage?.cacheWriteTokens,
    "gen_ai.usage.reasoning.output_tokens": usage?.reasoningTokens,
  };
}

interface SpanParts {
  readonly name: string;
  readonly kind: number;
  readonly context: SpanContext;
  readonly parent?: SpanContext;
  /** Since the Unix epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly fault?: FaultKind;
  readonly message?: string;
  readonly resource: Resource;
}

function span({ context, parent, startMs, endMs, fault, message, ...parts }: SpanParts): ReadableSpan {
  const status =
    fault === undefined
      ? { code: STATUS_UNSET }
      : { code: STATUS_ERROR, message: message === undefined || message === "" ? FAULTS[fault].summary : message };
  return {
    ...parts,
    spanContext: () => context,
    ...(parent && { parentSpanContext: parent }),
    startTime: hrTime(startMs),
    endTime: hrTime(endMs),
    duration: hrTime(endMs - startMs),
    status,
    links: [],
    events: [],
    ended: true,
    instrumentationScope: { name: "holdfast", version: VERSION },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function hrTime(ms: number): HrTime {
  const wholeS = Math.floor(ms / 1_000);
  return [wholeS, Math.round((ms - wholeS * 1_000) * 1_000_000)];
}

function present(attributes: Readonly<Record<string, string | number | boolean | undefined>>): Attributes {
  const found: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) found[name] = value;
  return found;
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}

function providerOf(target: string): string {
  return target.slice(0, target.indexOf("/"));
}

function modelOf(target: string): string {
  return target.slice(target.indexOf("/") + 1);
}
