// What a provider promised, as data that an evaluator can judge by: how failures are counted, over which stretches of time,
// what is due. The promises themselves are in the catalog, or in a file for a contract of one's own.

import type { FailureClass } from "../core/sla.ts";

/** Which failures are errors in the words of the contract. */
export interface Counting {
  readonly errors: readonly FailureClass[];
  /** Neither errors nor valid requests. What is in neither list counts as answered. */
  readonly leftOut: readonly FailureClass[];
}

/**
 * How failures become an availability.
 * - `interval-mean`: the mean over intervals of the share of requests without error; an interval without requests counts
 *   as 1 for the provider.
 * - `downtime-periods`: minutes with more than `errorShare` errors, of runs of at least `leastMinutes` without a gap.
 * - `minute-sum`: as above, but up to `leastMinutes` without requests between bad ones do not end the run; they count as nothing.
 * - `request-ratio`: the share of the month's requests without error.
 */
export type Rule =
  | { readonly kind: "interval-mean"; readonly intervalMinutes: number }
  | { readonly kind: "downtime-periods" | "minute-sum"; readonly errorShare: number; readonly leastMinutes: number }
  | { readonly kind: "request-ratio" };

/** `share` of the month's charges is due where availability is below `below`. Both 0..1. */
export interface Band {
  readonly below: number;
  readonly share: number;
}

/** Until when a claim may be made. `days` run from the end of the first bad stretch or of the month; `months` end with a month. */
export type ClaimWindow =
  | { readonly days: number; readonly from: "incident" | "month-end" }
  | { readonly months: number };

export interface Guarantee extends Counting {
  readonly name: string;
  /** 0..1 */
  readonly promised: number;
  readonly rule: Rule;
  readonly bands: readonly Band[];
  /** What a credit is a share of. */
  readonly of: string;
  readonly claim?: ClaimWindow;
  readonly sourceUrl?: string;
  /** What a person should know before relying on it. */
  readonly notes: readonly string[];
}
