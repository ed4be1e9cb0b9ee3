// When a second request may be sent in parallel to one that is late, and what for: two budgets, in calls and in money, that
// are funded by the route's own calls. Pure rules over a cell; whom it goes to is `next-move.ts`, how it is run `race.ts`.

import type { HedgeCell } from "../core/cell.ts";
import type { HedgeSettings } from "../core/settings.ts";
import type { TokenPrice } from "../core/target.ts";

/** Below this nothing is late, however fast the target usually is. */
export const HEDGE_AFTER_MIN_MS = 1_500;
/** A larger prompt costs more at a target that has not cached it than a late answer is worth: about 20 000 tokens. */
export const HEDGE_PROMPT_BYTES_MAX = 80_000;
/** Of what the calls themselves cost. */
export const HEDGE_SPEND_SHARE = 0.03;
/** What a long calm may save up: hedges, and calls' worth of money. */
const HEDGES_SAVED_MAX = 10;
const CALLS_SAVED_MAX = 500;
const BYTES_PER_TOKEN = 4;
const MILLION = 1e6;

export const QUANTILES = { p90: 0.9, p95: 0.95, p99: 0.99 } as const;

/** `learntMs`: the quantile of the target's own first contents; `undefined` while too little is known: then nothing is sent. */
export function hedgeAfterMs(
  { after }: HedgeSettings,
  learntMs: (quantile: number) => number | undefined,
): number | undefined {
  if (typeof after === "number") return after;
  const late = learntMs(QUANTILES[after]);
  return late === undefined ? undefined : Math.max(late, HEDGE_AFTER_MIN_MS);
}

/** Told of each call of the route; `usd` is what it is expected to cost, where that is known. */
export function fundHedge(cell: HedgeCell, share: number, usd: number | undefined): void {
  cell.calls = Math.min(Math.max(cell.calls, HEDGES_SAVED_MAX), cell.calls + share);
  if (usd === undefined) return;
  const most = Math.max(cell.usd, CALLS_SAVED_MAX * HEDGE_SPEND_SHARE * usd);
  cell.usd = Math.min(most, cell.usd + HEDGE_SPEND_SHARE * usd);
}

/** An unknown price blocks nothing: the share of calls still holds. */
export function mayHedge(cell: HedgeCell, usd: number | undefined): boolean {
  // Fiftieths add up to a little less than their sum.
  return cell.calls >= 1 - 1e-9 && (usd === undefined || cell.usd >= usd);
}

export function spendHedge(cell: HedgeCell, usd: number | undefined): void {
  cell.calls = Math.max(0, cell.calls - 1);
  if (usd !== undefined) cell.usd = Math.max(0, cell.usd - usd);
}

/** What a call may cost at a target, its prompt not cached there. `undefined` without a price. */
export function expectedUsd(
  price: TokenPrice | undefined,
  promptBytes: number,
  outputTokens: number,
): number | undefined {
  if (price === undefined) return undefined;
  const input = (promptBytes / BYTES_PER_TOKEN) * price.inputPerMillionUsd;
  const usd = (input + outputTokens * price.outputPerMillionUsd) / MILLION;
  return Number.isFinite(usd) && usd >= 0 ? usd : undefined;
}
