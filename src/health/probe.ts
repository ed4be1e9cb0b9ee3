// What probes may cost. Each is counted at a fixed amount, above what its few tokens cost at usual prices: a budget that
// needs a price for every model would be none for the others.

import type { ProbeBudgetCell } from "../core/cell.ts";

/** In USD: about a dozen tokens in, one out. */
export const PROBE_USD = 0.0005;
/** Per day; `probes.budget` of the configuration. */
export const PROBES_USD_PER_DAY = 0.5;
const DAY_MS = 86_400_000;

export function mayProbe(cell: ProbeBudgetCell, usdPerDay: number, nowMs: number): boolean {
  if (nowMs - cell.dayStartMs >= DAY_MS || nowMs < cell.dayStartMs) {
    cell.dayStartMs = nowMs;
    cell.spentUsd = 0;
  }
  // Sums of such fractions are a little off: half a probe's worth is no overdraft.
  return cell.spentUsd + PROBE_USD / 2 < usdPerDay;
}

export function spendProbe(cell: ProbeBudgetCell): void {
  cell.spentUsd += PROBE_USD;
}
