// Whether a kept answer may be given: RFC 9111 §4.2 and §5.2.1 for what the client allows, RFC 5861 §4 for an outage. Pure.

import type { CacheWish } from "../core/call.ts";
import type { KeptAnswer } from "../core/cell.ts";

/** `outage`: no target can answer, so that staleness is the route's and the client's to limit; otherwise it must be fresh. */
export function mayGive(kept: KeptAnswer, wish: CacheWish | undefined, nowMs: number, outage: boolean): boolean {
  const { noCache = false, maxStaleMs, maxAgeMs, minFreshMs, staleIfErrorMs } = wish ?? {};
  if (noCache) return false;
  const staleMs = nowMs - kept.freshUntilMs;
  if (minFreshMs !== undefined && staleMs + minFreshMs > 0) return false;
  const slackMs = outage ? Math.max(maxStaleMs ?? 0, staleIfErrorMs ?? 0) : (maxStaleMs ?? 0);
  if (maxAgeMs !== undefined && nowMs - kept.atMs > maxAgeMs + slackMs) return false;
  if (!outage) return staleMs <= (maxStaleMs ?? 0);
  return staleMs <= Math.min(maxStaleMs ?? Number.POSITIVE_INFINITY, staleIfErrorMs ?? Number.POSITIVE_INFINITY);
}
