// The mutable state that rules read and shells write, as plain data. Cells live in `src/state/` and are keyed by identity
// (provider, url, region, model, key fingerprint), so that two routes share them and a reload keeps them.

import type { Refusal } from "./reply.ts";

/** Tokens of a full retry budget. */
export const BUDGET_TOKENS_MAX = 10;

/** Same-domain retries, funded by successes: a retry takes 1, a success gives 0.1. Starts full. */
export interface BudgetCell {
  tokens: number;
}

/** One target: until when (on `Clock`) its provider asked us to stay away, and whether a call already waits for that. */
export interface TargetCell {
  pausedUntilMs: number;
  waiting: boolean;
}

/** What became of a call that was refused, so that the same call again spends no second set of attempts. */
export interface RefusedCell {
  readonly refusal: Refusal;
  /** Until then (on `Clock`) the same answer is given without touching a provider. */
  readonly repeatUntilMs: number;
  /** Until then a client's retry is known to be the same logical call. */
  readonly forgetAtMs: number;
  readonly attempts: number;
  /** Targets that failed it, by id. */
  readonly failed: ReadonlySet<string>;
}

export interface Cells {
  target(id: string): TargetCell;
  budget(domain: string): BudgetCell;
  refused: {
    /** True when there is nothing to look up: callers spare themselves the hash. */
    isEmpty(nowMs: number): boolean;
    get(key: string, nowMs: number): RefusedCell | undefined;
    set(key: string, cell: RefusedCell): void;
  };
}
