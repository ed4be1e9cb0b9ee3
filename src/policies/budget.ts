// Same-domain retries, funded by successes: however much fails, at most a tenth of what succeeds is sent a second time
// (after gRPC A6 and the AWS SDKs' retry quota). Pure rules over a cell; no reserve per second, which at these rates
// would be no limit at all.

import { BUDGET_TOKENS_MAX, type BudgetCell } from "../core/cell.ts";

const PER_SUCCESS = 0.1;

export function mayRetry(cell: BudgetCell): boolean {
  return cell.tokens >= 1;
}

export function isFull(cell: BudgetCell): boolean {
  return cell.tokens >= BUDGET_TOKENS_MAX;
}

export function spendRetry(cell: BudgetCell): void {
  cell.tokens = Math.max(0, cell.tokens - 1);
}

export function fundRetry(cell: BudgetCell): void {
  // Tenths add up to a little less than their sum: ten of them would not make one.
  const tokens = Math.round((cell.tokens + PER_SUCCESS) * 1e6) / 1e6;
  cell.tokens = Math.min(BUDGET_TOKENS_MAX, tokens);
}
