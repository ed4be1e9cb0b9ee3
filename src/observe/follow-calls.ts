// Collates the facts of each call in one place, once, for all who look at calls rather than at facts: recent calls,
// metrics, log, traces. The other readers get the fact together with its call.

import { type FactReader, tellAll } from "../core/fact-readers.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { type TrackedCall, track } from "./tracked-call.ts";

/** One that throws is left out for that fact and harms nobody else. */
export type CallReader = FactReader<TrackedCall>;

export interface CallFollower {
  readonly read: (event: GatewayEvent) => void;
  /** By id, oldest first. */
  readonly running: ReadonlyMap<string, TrackedCall>;
}

/** More calls than a gateway holds at once; beyond it the oldest is no longer followed. */
const RUNNING_MAX = 20_000;
/** Of one call: the trail of a call that tries more than this is cut. */
const ATTEMPTS_MAX = 64;
const MODEL_CHARS_MAX = 256;
/** After so many ends, and as many as are running, these get a new map. */
const RENEW_AFTER = 64;

/** `wallOf` gives the time of day (milliseconds since the Unix epoch) of a moment on `Clock`. */
export function createCallFollower(wallOf: (atMs: number) => number, readers: readonly CallReader[]): CallFollower {
  let running = new Map<string, TrackedCall>();
  let ended = 0;
  const tell = tellAll(readers);
  const begin = (event: Extract<GatewayEvent, { type: "call-start" }>): TrackedCall => {
    if (running.size >= RUNNING_MAX) {
      const oldest = running.keys().next().value;
      if (oldest !== undefined) running.delete(oldest);
    }
    const { model } = event;
    // The name of a model comes from a client and may be as long as a request: what is kept of it is not.
    const start = model.length <= MODEL_CHARS_MAX ? event : { ...event, model: `${model.slice(0, MODEL_CHARS_MAX)}…` };
    const call = track(start, wallOf(event.atMs));
    running.set(event.call, call);
    return call;
  };
  const end = (id: string): void => {
    running.delete(id);
    ended++;
    // Whenever its places are used up a `Map` of JavaScriptCore moves, and where it was still leads to where it is. One that lives
    // long and changes all the time so drags all that was ever in it through the collections of the young.
    if (ended < RENEW_AFTER + running.size) return;
    ended = 0;
    running = new Map(running);
  };
  return {
    get running() {
      return running;
    },
    read(event) {
      const call = event.type === "call-start" ? begin(event) : running.get(event.call);
      if (call === undefined) return;
      note(call, event);
      if (event.type === "call-end") end(event.call);
      tell(event, call);
    },
  };
}

function note(call: TrackedCall, event: GatewayEvent): void {
  switch (event.type) {
    case "attempt-start":
      if (call.attempts.length < ATTEMPTS_MAX) call.attempts.push({ start: event, end: undefined });
      return;
    case "attempt-end": {
      const { attempts } = call;
      // Mostly it is the last one.
      for (let at = attempts.length - 1; at >= 0; at--) {
        const attempt = attempts[at];
        if (attempt?.start.number !== event.number) continue;
        attempt.end = event;
        return;
      }
      return;
    }
    case "retry-wait":
      call.waits ??= [];
      if (call.waits.length < ATTEMPTS_MAX) call.waits.push(event);
      return;
    case "call-open":
      call.state = "open";
      return;
    case "call-commit":
      call.state = "streaming";
      call.target = event.target;
      return;
    case "call-end":
      call.state = "ended";
      call.target = event.target;
      call.end = event;
  }
}
