// How an objective stands: what the metrics, the admin API and a report tell of it. How it is counted is in `sla/`.

import type { SloSettings } from "./settings.ts";

export interface SloReading extends SloSettings {
  /** Calls of the window that say something of this objective, and those of them that were good. */
  readonly total: number;
  readonly good: number;
  /** 0..1; absent: there was no call. */
  readonly achieved?: number;
  /** Of the error budget, 0..1 and below 0 when it is overspent; 1 without calls. */
  readonly budgetLeft: number;
  /** Worst of the rules that hold now; absent: none. */
  readonly burning?: "page" | "ticket";
  /** Over each of the long windows of the burn-rate table; 1 spends the budget exactly within the objective's window. */
  readonly burn: readonly { readonly over: string; readonly overMs: number; readonly rate: number }[];
}
