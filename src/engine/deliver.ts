// From a reply to what the client receives: status, headers, body, and when a stream is opened before it commits. What
// flows afterwards is outflow.ts; writing, pings and back-pressure are the server's.

import type { Call } from "../core/call.ts";
import type { CancelSource } from "../core/cancel.ts";
import { OneFrame } from "../core/one-frame.ts";
import { type Answer, type AttemptRecord, attemptsIn, type Refusal, type Reply } from "../core/reply.ts";
import type { Clock, HeaderMap } from "../core/runtime.ts";
import { LazyDeadline } from "../core/timing.ts";
import type { DialectWire } from "../dialects/dialect.ts";
import { DIALECTS } from "../dialects/registry.ts";
import type { Engine } from "./engine.ts";
import { earlyFlow, flow, type Outflow, trailText } from "./outflow.ts";

export interface Delivery {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: Uint8Array | Outflow;
  /** Headers went out before the commit. */
  readonly early: boolean;
}

/** Headers of a stream wait for its commit this long, unless the client's own header deadline is near. */
export const EARLY_OPEN_MS = 10_000;

const STREAM_TYPE = "text/event-stream; charset=utf-8";
const NOTHING = new Uint8Array(0);

/** Runs the call. `openMs`: when a stream is opened without an answer; whole calls wait as long as it takes. */
export function deliver(engine: Engine, call: Call, cancel: CancelSource, openMs: number): Promise<Delivery> {
  const { clock } = engine.runtime;
  const startMs = clock.now();
  const replying = engine.answer(call, cancel);
  // Nobody can be told 202 on a stream that is open.
  if (!call.stream || call.defer !== undefined) {
    return replying.then((reply) => delivered(call, reply, clock.now() - startMs));
  }
  return orOpen(replying, clock, openMs).then((reply) =>
    reply === undefined ? opened(engine, call, replying) : delivered(call, reply, clock.now() - startMs),
  );
}

function opened(engine: Engine, call: Call, replying: Promise<Reply>): Delivery {
  engine.emit({ type: "call-open", atMs: engine.runtime.clock.now(), call: call.id });
  const headers = { "x-holdfast-call": call.id, "content-type": STREAM_TYPE, "cache-control": "no-cache" };
  const { wire } = DIALECTS[call.dialect];
  return { status: 200, headers, body: earlyFlow(wire, call.id, replying), early: true };
}

function delivered(call: Call, reply: Reply, tookMs: number): Delivery | Promise<Delivery> {
  const { wire } = DIALECTS[call.dialect];
  if (!reply.ok) return refusal(wire, call, reply);
  const headers = answerHeaders(call.id, reply, tookMs);
  const { status, frames } = reply;
  if (reply.servedBy === "deferred") Object.assign(headers, reply.headers);
  else if (call.stream) {
    headers["content-type"] = STREAM_TYPE;
    headers["cache-control"] = "no-cache";
    return { status: 200, headers, body: flow(wire, call.id, reply), early: false };
  }
  if (frames instanceof OneFrame) return { status, headers, body: frames.take() ?? NOTHING, early: false };
  return frames.read().then((body = NOTHING) => ({ status, headers, body, early: false }));
}

/** The final error of a call, before anything was sent. Also for calls that never reached the engine. */
export function refusal(wire: DialectWire, call: Pick<Call, "id">, refused: Refusal): Delivery {
  const { fault: reason, trail } = refused;
  const error = wire.faultTo(reason, { call: call.id, trail });
  const headers: Record<string, string> = { ...error.headers };
  setIds(headers, call.id);
  setTrail(headers, trail, refused.remembered ? 0 : attemptsIn(trail));
  return { status: error.status, headers, body: error.body, early: false };
}

function orOpen(replying: Promise<Reply>, clock: Clock, openMs: number): Promise<Reply | undefined> {
  return new Promise((resolve, reject) => {
    const timer = new LazyDeadline(clock, () => resolve(undefined));
    timer.move(openMs);
    replying.then(
      (reply) => {
        timer.stop();
        resolve(reply);
      },
      (bug: unknown) => {
        timer.stop();
        reject(bug);
      },
    );
  });
}

/** Of a whole answer that committed `tookMs` after its call came. */
export function answerHeaders(call: string, answer: Answer, tookMs: number): Record<string, string> {
  const providerMs = answer.trail.at(-1)?.ms ?? 0;
  // Written out: an object that grows field by field costs several times as much.
  const headers: Record<string, string> = {
    "x-holdfast-call": call,
    "request-id": call,
    "x-request-id": call,
    "x-holdfast-attempts": String(attemptsIn(answer.trail)),
    "x-holdfast-trail": trailHeader(answer.trail),
    "x-holdfast-target": targetHeader(answer.target),
    "x-holdfast-served-by": answer.servedBy,
    "server-timing": `provider;dur=${providerMs}, total;dur=${Math.round(tookMs)}`,
    "content-type": "application/json",
  };
  // The provider's own ids win over ours.
  for (const name in answer.headers) headers[name] = answer.headers[name] ?? "";
  if (answer.degraded !== undefined) headers["x-holdfast-degraded"] = answer.degraded;
  if (answer.lossy.length > 0) headers["x-holdfast-lossy"] = headerText(answer.lossy.join(", "));
  return headers;
}

function setIds(headers: Record<string, string>, id: string): void {
  headers["x-holdfast-call"] = id;
  headers["request-id"] = id;
  headers["x-request-id"] = id;
}

/** `attempts`: upstream requests of this very call. */
function setTrail(headers: Record<string, string>, trail: readonly AttemptRecord[], attempts: number): void {
  headers["x-holdfast-attempts"] = String(attempts);
  headers["x-holdfast-trail"] = trailHeader(trail);
}

/** What was last said of a call that was answered at once: most calls are, and by the same target. */
let plainTrail = { target: "", fault: "", text: "" };
let lastTarget = { target: "", text: "" };

function trailHeader(trail: readonly AttemptRecord[]): string {
  const [only] = trail;
  if (trail.length !== 1 || only === undefined) return headerText(trailText(trail));
  const { target, fault: kind } = only;
  if (plainTrail.target !== target || plainTrail.fault !== kind)
    plainTrail = { target, fault: kind, text: headerText(trailText(trail)) };
  return plainTrail.text;
}

function targetHeader(target: string): string {
  if (lastTarget.target !== target) lastTarget = { target, text: headerText(target) };
  return lastTarget.text;
}

/** Model and field names come from clients; header values are visible ASCII (RFC 9110 §5.5). */
function headerText(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return text.replace(/[^\x20-\x7e]+/gu, inAscii);
  }
  return text;
}

function inAscii(part: string): string {
  return encodeURIComponent(part.toWellFormed());
}
