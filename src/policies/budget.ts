// Same-domain retries, funded by successes: however much fails, at most a tenth of what succeeds is sent a second time
// (after gRPC A6 and the AWS SDKs' retry quota), in calls and, where prices are known, in money. Pure rules over a cell; no
// reserve per second, which at these rates would be no limit at all.

import { BUDGET_TOKENS_MAX, type BudgetCell } from "../core/cell.ts";

const PER_SUCCESS = 0.1;
/** How much one success moves what calls cost in the mean. */
const MEAN_SHARE = 0.05;

/** `usd`: what the retry is expected to cost; `undefined` without a price: then calls alone are counted. */
export function mayRetry(cell: BudgetCell, usd: number | undefined): boolean {
  if (cell.tokens < 1) return false;
  // Where all is well even the dearest call is tried once more; then its money has to be earned again.
  return usd === undefined || cell.usd >= Math.min(usd, usdMax(cell)) - usdMax(cell) * 1e-9;
}

export function isFull(cell: BudgetCell): boolean {
  return cell.tokens >= BUDGET_TOKENS_MAX && cell.usd >= usdMax(cell);
}

export function spendRetry(cell: BudgetCell, usd: number | undefined): void {
  cell.tokens = Math.max(0, cell.tokens - 1);
  if (usd !== undefined) cell.usd = Math.max(0, cell.usd - usd);
}

/** A success that was complete. */
export function fundRetry(cell: BudgetCell, usd: number | undefined): void {
  // Tenths add up to a little less than their sum: ten of them would not make one.
  const tokens = Math.round((cell.tokens + PER_SUCCESS) * 1e6) / 1e6;
  cell.tokens = Math.min(BUDGET_TOKENS_MAX, tokens);
  if (usd !== undefined) cell.usd = Math.min(usdMax(cell), cell.usd + PER_SUCCESS * usd);
}

/** What calls cost: a bucket that is full stays so. */
export function learnCost(cell: BudgetCell, usd: number): void {
  const wasFull = cell.usd >= usdMax(cell);
  cell.meanUsd = cell.meanUsd === 0 ? usd : cell.meanUsd + MEAN_SHARE * (usd - cell.meanUsd);
  cell.usd = wasFull ? usdMax(cell) : Math.min(cell.usd, usdMax(cell));
}

function usdMax({ meanUsd }: BudgetCell): number {
  return BUDGET_TOKENS_MAX * meanUsd;
}
