// The answer that the same question got before, given again when no target can: in the dialect of whoever asks now, whole or as
// a stream, with its age told. Whose answers these are, and how like the questions must be, is in the keys.

import type { Call } from "../core/call.ts";
import type { KeptAnswer, OutageCell } from "../core/cell.ts";
import type { Outage, Rung } from "../core/last-resort.ts";
import type { HeaderMap, Runtime } from "../core/runtime.ts";
import type { Scope } from "../core/service.ts";
import { mayGive } from "./freshness.ts";
import { type KeyContext, questionKeys } from "./question-key.ts";
import type { Shelf } from "./recorder.ts";
import { spoken } from "./spoken.ts";

export function staleCache(shelf: Shelf, keys: KeyContext): Rung {
  return {
    serve:
      (outage) =>
      async (call, { runtime }) => {
        // What was not yet too old when the outage began is not thrown away while it lasts.
        const aliveAtMs = runtime.clock.now() - (runtime.wallMs() - outage.sinceWallMs);
        const kept = find(shelf, keys, { call, runtime, aliveAtMs });
        if (kept === undefined) return { ok: false, fault: outage.fault, trail: [] };
        const { texts, calls, model, target } = kept;
        const is = { servedBy: "stale-cache", degraded: "stale" } as const;
        const headers = headersOf(kept, outage, runtime.clock.now());
        return spoken({ texts, calls, target, model, headers, is }, keys.client, call, runtime);
      },
  };
}

/** Whether a call would be given one, for who need not try to answer it otherwise. */
export function hasStale(
  shelf: Shelf,
  keys: KeyContext,
  outage: Readonly<OutageCell>,
): (call: Call, scope: Scope) => boolean {
  return (call, { runtime }) => {
    const aliveAtMs = outage.sinceMs ?? runtime.clock.now();
    // A deferred call that runs is given none of these.
    return call.defer !== "due" && find(shelf, keys, { call, runtime, aliveAtMs }) !== undefined;
  };
}

interface Asked {
  readonly call: Call;
  readonly runtime: Runtime;
  readonly aliveAtMs: number;
}

function find(shelf: Shelf, context: KeyContext, { call, runtime, aliveAtMs }: Asked): KeptAnswer | undefined {
  const keys = questionKeys(call, context, runtime);
  const kept = keys && shelf.find(call, keys, aliveAtMs);
  return kept !== undefined && mayGive(kept, call.cache, runtime.clock.now(), true) ? kept : undefined;
}

/** RFC 9111 §5.1 and RFC 9211: a negative `ttl` tells how stale it is; `fwd` that a target was asked first. */
function headersOf({ atMs, freshUntilMs }: KeptAnswer, { attempts }: Outage, nowMs: number): HeaderMap {
  const ttl = Math.floor((freshUntilMs - nowMs) / 1_000);
  return {
    age: String(Math.max(0, Math.floor((nowMs - atMs) / 1_000))),
    "cache-status": `holdfast; ${attempts > 0 ? "fwd=stale" : "hit"}; ttl=${ttl}; detail="stale-if-error"`,
  };
}
