// The headroom of a target of which nothing is known: free to grow to what no provider has been seen to refuse.

import type { HeadroomCell } from "../core/headroom-cell.ts";

export function createHeadroom(): HeadroomCell {
  const never = Number.NEGATIVE_INFINITY;
  return {
    minuteMs: 0,
    tokens: 0,
    provenTokens: 0,
    growth: { level: 0, atMs: never },
    accepted: { perS: 0, atMs: 0 },
    refusedAtPerS: 0,
    cutAtMs: never,
    learnt: { level: 0, atMs: never },
  };
}
