// From a reply to what the client receives: status, headers, body. The early open, the facts that ride in-band after it,
// and the in-band error of a broken stream are decided here; writing, pings and back-pressure are the server's.

import type { Call } from "../core/call.ts";
import type { Cancel } from "../core/cancel.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Answer, AttemptRecord, Refusal, Reply } from "../core/reply.ts";
import type { Clock, HeaderMap } from "../core/runtime.ts";
import type { DialectWire } from "../dialects/dialect.ts";
import { DIALECTS } from "../dialects/registry.ts";
import type { Engine } from "./engine.ts";

/** What the client's stream is made of, one piece at a time. `next` never rejects; `undefined` is its clean end. */
export interface Outflow {
  next(): Promise<Uint8Array | undefined>;
  /** A keep-alive that may be sent whenever `next` is outstanding. */
  readonly pingFrame: Uint8Array;
}

export interface Delivery {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: Uint8Array | Outflow;
  /** Headers went out before the commit. */
  readonly early: boolean;
}

/** Headers of a stream wait for its commit this long, unless the client's own header deadline is near. */
export const EARLY_OPEN_MS = 10_000;

/** Runs the call. `openMs`: when a stream is opened without an answer; whole calls wait as long as it takes. */
export async function deliver(engine: Engine, call: Call, cancel: Cancel, openMs: number): Promise<Delivery> {
  const { wire } = DIALECTS[call.dialect];
  const startMs = engine.runtime.clock.now();
  const replying = engine.answer(call, cancel);
  const reply = call.stream ? await orOpen(replying, engine.runtime.clock, openMs) : await replying;
  if (reply === undefined) {
    engine.emit({ type: "call-open", atMs: engine.runtime.clock.now(), call: call.id });
    const headers = { ...STREAM_HEADERS, "x-holdfast-call": call.id };
    return { status: 200, headers, body: opened(wire, call, replying), early: true };
  }
  if (!reply.ok) return refusal(wire, call, reply);
  const headers = answerHeaders(call, reply, engine.runtime.clock.now() - startMs);
  if (call.stream) {
    return { status: 200, headers: { ...headers, ...STREAM_HEADERS }, body: flow(wire, call, reply), early: false };
  }
  const body = (await reply.frames.read()) ?? new Uint8Array(0);
  return { status: reply.status, headers: { ...headers, "content-type": "application/json" }, body, early: false };
}

/** The final error of a call, before anything was sent. Also for calls that never reached the engine. */
export function refusal(wire: DialectWire, call: Pick<Call, "id">, { fault: reason, trail }: Refusal): Delivery {
  const error = wire.faultTo(reason, { call: call.id, trail });
  const headers = { ...error.headers, ...idHeaders(call.id), ...trailHeaders(trail) };
  return { status: error.status, headers, body: error.body, early: false };
}

function orOpen(replying: Promise<Reply>, clock: Clock, openMs: number): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const disarm = clock.after(openMs, () => resolve(undefined));
    void replying.then((reply) => {
      disarm();
      resolve(reply);
    });
  });
}

function flow(wire: DialectWire, call: Call, answer: Answer): Outflow {
  let ended = false;
  return {
    pingFrame: wire.pingFrame,
    async next() {
      const bytes = await answer.frames.read();
      if (bytes !== undefined || ended) return bytes;
      ended = true;
      const ending = await answer.ending;
      if (ending.kind !== "broken") return undefined;
      const reason = ending.fault ?? fault("stream-broken", "the stream broke");
      return wire.errorFrame(interrupted(reason, answer), { call: call.id, trail: withBreak(answer.trail, reason) });
    },
  };
}

/** The client holds half an answer: it must not read "no target could answer", nor the provider's words alone. */
function interrupted(reason: Fault, answer: Answer): Fault {
  return { ...reason, message: `The answer of ${answer.target} broke off and is incomplete: ${reason.message}.` };
}

function withBreak(trail: readonly AttemptRecord[], reason: Fault): readonly AttemptRecord[] {
  return trail.map((record, index) => (index === trail.length - 1 ? { ...record, fault: reason.kind } : record));
}

function opened(wire: DialectWire, call: Call, replying: Promise<Reply>): Outflow {
  let inner: Outflow | undefined;
  let over = false;
  return {
    pingFrame: wire.pingFrame,
    async next() {
      if (over) return undefined;
      if (inner !== undefined) return inner.next();
      const reply = await replying;
      if (!reply.ok) {
        over = true;
        return reply.fault.kind === "cancelled"
          ? undefined
          : wire.errorFrame(reply.fault, { call: call.id, trail: reply.trail });
      }
      inner = flow(wire, call, reply);
      const first = await inner.next();
      return first === undefined ? undefined : wire.annotate(first, inBandFacts(call, reply));
    },
  };
}

function inBandFacts(call: Call, answer: Answer): Readonly<Record<string, unknown>> {
  return {
    call: call.id,
    target: answer.target,
    attempts: answer.trail.length,
    trail: trailText(answer.trail),
    served_by: answer.servedBy,
    ...(answer.degraded !== undefined && { degraded: answer.degraded }),
    ...(answer.lossy.length > 0 && { lossy: answer.lossy }),
  };
}

function answerHeaders(call: Call, answer: Answer, tookMs: number): Record<string, string> {
  const providerMs = answer.trail.at(-1)?.ms ?? 0;
  const headers: Record<string, string> = {
    ...idHeaders(call.id),
    ...answer.headers,
    ...trailHeaders(answer.trail),
    "x-holdfast-target": headerText(answer.target),
    "x-holdfast-served-by": answer.servedBy,
    "server-timing": `provider;dur=${providerMs.toFixed(0)}, total;dur=${tookMs.toFixed(0)}`,
  };
  if (answer.degraded !== undefined) headers["x-holdfast-degraded"] = answer.degraded;
  if (answer.lossy.length > 0) headers["x-holdfast-lossy"] = headerText(answer.lossy.join(", "));
  return headers;
}

function idHeaders(id: string): HeaderMap {
  return { "x-holdfast-call": id, "request-id": id, "x-request-id": id };
}

function trailHeaders(trail: readonly AttemptRecord[]): HeaderMap {
  return { "x-holdfast-attempts": String(trail.length), "x-holdfast-trail": trailText(trail) };
}

/** `alpha/a=overloaded, beta/b=ok` */
function trailText(trail: readonly AttemptRecord[]): string {
  return headerText(trail.map(({ target, fault: kind }) => `${target}=${kind}`).join(", "));
}

/** Model and field names come from clients; header values are visible ASCII (RFC 9110 §5.5). */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text)
    ? text
    : text.replace(/[^\x20-\x7e]+/gu, (part) => encodeURIComponent(part.toWellFormed()));
}

const STREAM_HEADERS: HeaderMap = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" };
