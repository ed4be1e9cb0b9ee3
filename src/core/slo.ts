// How an objective stands: what the metrics, the admin API and a report tell of it. How it is counted is in `sla/`.

import type { SloSettings } from "./settings.ts";

export interface SloReading extends SloSettings {
  /** What was counted: ISO 8601 in UTC, the end not part of it. Absent: the rolling window until now. */
  readonly from?: string;
  readonly to?: string;
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

/** What is looked back on; a month is that of an objective's own time zone, else of UTC. */
export type SloSpan = { readonly month: string } | { readonly fromMs: number; readonly toMs: number };

/** `6h`, `84m`, `5s`: in the largest unit of which it is a whole number, to a second. */
export function lengthText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`;
  if (seconds % 3_600 === 0) return `${seconds / 3_600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
