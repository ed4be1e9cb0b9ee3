// How fast an objective's error budget burns, and when that is worth waking somebody: several windows, several rates, after
// the SRE Workbook, chapter 5 (https://sre.google/workbook/alerting-on-slos/). Pure; the counts are in `slo-window.ts`.

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const STANDARD_MS = 30 * DAY_MS;

export type Severity = "page" | "ticket";

export interface BurnRule {
  readonly severity: Severity;
  /** This share of the budget within the long window is too much. */
  readonly budgetShare: number;
  readonly longMs: number;
  /** Fires only while it is still burning, and ends soon after it has stopped. */
  readonly shortMs: number;
  /** Times the rate at which the budget lasts exactly for its window. */
  readonly rate: number;
}

const STANDARD: readonly Omit<BurnRule, "rate">[] = [
  { severity: "page", budgetShare: 0.02, longMs: HOUR_MS, shortMs: HOUR_MS / 12 },
  { severity: "page", budgetShare: 0.05, longMs: 6 * HOUR_MS, shortMs: HOUR_MS / 2 },
  { severity: "ticket", budgetShare: 0.1, longMs: DAY_MS, shortMs: 2 * HOUR_MS },
  { severity: "ticket", budgetShare: 0.1, longMs: 3 * DAY_MS, shortMs: 6 * HOUR_MS },
];

/** The rules of a budget that is for `windowMs`: as for 30 days, with all windows shortened or lengthened alike. */
export function burnRules(windowMs: number): readonly BurnRule[] {
  const scale = windowMs / STANDARD_MS;
  return STANDARD.map((rule) => ({
    ...rule,
    longMs: rule.longMs * scale,
    shortMs: rule.shortMs * scale,
    rate: (rule.budgetShare * STANDARD_MS) / rule.longMs,
  }));
}

export interface Counts {
  readonly total: number;
  readonly bad: number;
}

/** Below these a share says nothing: one failure of a quiet night wakes nobody. */
export const TOTAL_LEAST = 30;
export const BAD_LEAST = 10;

/** How often the budget's own rate: 1 spends it exactly within its window. 0 without calls. */
export function burnRate({ total, bad }: Counts, objective: number): number {
  return total === 0 ? 0 : bad / total / (1 - objective);
}

/** True when both windows burn faster than the rule allows, on enough calls. `objective` 0..1, exclusive. */
export function isBurning(rule: BurnRule, long: Counts, short: Counts, objective: number): boolean {
  if (long.total < TOTAL_LEAST || long.bad < BAD_LEAST) return false;
  return burnRate(long, objective) > rule.rate && burnRate(short, objective) > rule.rate;
}
