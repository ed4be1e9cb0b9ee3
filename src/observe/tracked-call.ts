// A call while its facts arrive, made for the hot path: one object a call, filled in place. Readers get it with each fact;
// people get a `CallRecord`, which is made from it when somebody looks.

import type { DialectId, Operation } from "../core/call.ts";
import { FAULTS, type FaultKind } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Degraded, ServedBy } from "../core/reply.ts";
import type { AttemptView, CallRecord, WaitView } from "./call-record.ts";

type Event<Type extends GatewayEvent["type"]> = Extract<GatewayEvent, { type: Type }>;

export interface TrackedAttempt {
  readonly start: Event<"attempt-start">;
  end: Event<"attempt-end"> | undefined;
}

export interface TrackedCall {
  readonly start: Event<"call-start">;
  /** Milliseconds since the Unix epoch. */
  readonly startedWallMs: number;
  state: CallRecord["state"];
  end: Event<"call-end"> | undefined;
  /** Who answers, from the commit on. */
  target: string | undefined;
  readonly attempts: TrackedAttempt[];
  waits: Event<"retry-wait">[] | undefined;
}

export function track(start: Event<"call-start">, startedWallMs: number): TrackedCall {
  return { start, startedWallMs, state: "running", end: undefined, target: undefined, attempts: [], waits: undefined };
}

/** The attempt that became the answer: the last one, where the call was answered by a target. */
export function servingAttempt({ target, attempts }: TrackedCall): TrackedAttempt | undefined {
  const last = attempts[attempts.length - 1];
  return target !== undefined && last?.start.target === target ? last : undefined;
}

/** What an attempt came to: a fault's kind, or `ok`. */
export function faultOf({ end }: TrackedAttempt): FaultKind | "ok" | undefined {
  return end === undefined ? undefined : (end.fault ?? "ok");
}

/** `alpha/a=overloaded, beta/b=ok`, as in `x-holdfast-trail`. */
export function trailOf({ attempts }: TrackedCall): string {
  let trail = "";
  for (const attempt of attempts) {
    trail += `${trail === "" ? "" : ", "}${attempt.start.target}=${faultOf(attempt) ?? "running"}`;
  }
  return trail;
}

/** The record that people see. */
export function recordOf(call: TrackedCall): CallRecord {
  const { start, end, target } = call;
  return {
    id: start.call,
    route: start.route,
    operation: start.operation satisfies Operation,
    dialect: start.dialect satisfies DialectId,
    model: start.model,
    stream: start.stream,
    tenant: start.tenant,
    startedAt: new Date(call.startedWallMs).toISOString(),
    state: call.state,
    ...(end !== undefined && ended(end)),
    ...(target !== undefined && { target }),
    attempts: call.attempts.map((_, index) => attemptView(call, index)),
    waits: (call.waits ?? []).map(
      (wait): WaitView => ({
        target: wait.target,
        startedMs: round(wait.atMs - start.atMs),
        delayMs: round(wait.delayMs),
      }),
    ),
    ...(end?.usage !== undefined && { usage: end.usage }),
  };
}

function ended(end: Event<"call-end">): Partial<CallRecord> {
  return {
    ending: end.ending,
    ...(end.fault !== undefined && { fault: end.fault }),
    ...(end.servedBy !== undefined && { servedBy: end.servedBy satisfies ServedBy }),
    ...(end.degraded !== undefined && { degraded: end.degraded satisfies Degraded }),
    ...(end.firstContentMs !== undefined && { firstContentMs: round(end.firstContentMs) }),
    tookMs: round(end.tookMs),
  };
}

function attemptView(call: TrackedCall, index: number): AttemptView {
  const attempt = call.attempts[index];
  if (attempt === undefined) throw new Error("an attempt that is not there");
  const { start, end } = attempt;
  const base = { number: start.number, target: start.target, startedMs: round(start.atMs - call.start.atMs) };
  if (end === undefined) return { ...base, state: "running", committed: false };
  const why = whyLeft(call, index);
  return {
    ...base,
    state: end.fault === undefined ? "ok" : "failed",
    ...(end.fault !== undefined && { fault: end.fault }),
    ...(end.message !== undefined && { message: end.message }),
    ...(why !== undefined && { why }),
    ...(end.status !== undefined && { status: end.status }),
    committed: end.committed,
    ...(end.firstContentMs !== undefined && { firstContentMs: round(end.firstContentMs) }),
    tookMs: round(end.tookMs),
    ...(end.usage !== undefined && { usage: end.usage }),
    ...(end.requestId !== undefined && { requestId: end.requestId }),
  };
}

function whyLeft(call: TrackedCall, index: number): string | undefined {
  const attempt = call.attempts[index];
  const end = attempt?.end;
  if (attempt === undefined || end?.fault === undefined) return undefined;
  return `${FAULTS[end.fault].summary}; ${whatFollowed(call, index, end.committed)}`;
}

function whatFollowed(call: TrackedCall, index: number, committed: boolean): string {
  const here = call.attempts[index];
  const next = call.attempts[index + 1];
  if (here === undefined) return "";
  if (next !== undefined) {
    const wait = call.waits?.find(({ atMs }) => atMs >= (here.end?.atMs ?? 0) && atMs <= next.start.atMs);
    const after = wait === undefined ? "" : ` after ${duration(wait.delayMs)}`;
    return next.start.target === here.start.target
      ? `tried there again${after}`
      : `went on to ${next.start.target}${after}`;
  }
  if (call.end === undefined) return "what follows is not decided yet";
  if (call.end.ending === "cancelled") return "the client had left, so nothing else was tried";
  return committed
    ? "content had been sent already, so the client was told that the answer broke off"
    : "nothing else was tried and the client got an error";
}

/** `310 ms`, `1.2 s`, `4 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s` : `${Math.round(ms / 60_000)} min`;
}

/** Microseconds are as fine as the clock is. */
function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
