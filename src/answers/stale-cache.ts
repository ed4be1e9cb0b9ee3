// The answer that the very same question of the same tenant got before, given again when no target can: in the dialect of
// whoever asks now, whole or as a stream, with its age told.

import type { Call } from "../core/call.ts";
import type { KeptAnswer, KeptAnswers } from "../core/cell.ts";
import type { Outage, Rung } from "../core/last-resort.ts";
import type { HeaderMap } from "../core/runtime.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { questionKey } from "./question-key.ts";
import { spoken } from "./spoken.ts";

export function staleCache(answers: KeptAnswers, client: Dialect): Rung {
  return {
    serve: (outage) => async (call, scope) => {
      const nowMs = scope.runtime.clock.now();
      const kept = find(answers, client, call, nowMs);
      if (kept === undefined) return { ok: false, fault: outage.fault, trail: [] };
      const { texts, model, target } = kept;
      const is = { servedBy: "stale-cache", degraded: "stale" } as const;
      return spoken({ texts, target, model, headers: headersOf(kept, outage, nowMs), is }, client, call, scope.runtime);
    },
  };
}

function find(answers: KeptAnswers, client: Dialect, call: Call, nowMs: number): KeptAnswer | undefined {
  if (call.cache?.noCache === true) return undefined;
  const key = questionKey(call, client);
  const kept = key === undefined ? undefined : answers.get(key, nowMs);
  const staleMax = call.cache?.maxStaleMs ?? Number.POSITIVE_INFINITY;
  return kept !== undefined && nowMs - kept.freshUntilMs <= staleMax ? kept : undefined;
}

/** RFC 9111 §5.1 and RFC 9211: a negative `ttl` tells how stale it is; `fwd` that a target was asked first. */
function headersOf({ atMs, freshUntilMs }: KeptAnswer, { attempts }: Outage, nowMs: number): HeaderMap {
  const ttl = Math.floor((freshUntilMs - nowMs) / 1_000);
  return {
    age: String(Math.floor((nowMs - atMs) / 1_000)),
    "cache-status": `holdfast; ${attempts > 0 ? "fwd=stale" : "hit"}; ttl=${ttl}; detail="stale-if-error"`,
  };
}
