// What a provider's promise is judged by, and what the judgement is: minutes of evidence in, an evaluation out. The rules
// between the two are in `sla/`; where the minutes come from is the ledger's business.

/**
 * How an attempt failed, in the words in which contracts tell failures apart. `account` is our own account's trouble
 * (quota, credential, model), `malformed` an answer that its dialect does not allow, `inBand` an error under HTTP 200.
 */
export const FAILURE_CLASSES = [
  "error500",
  "error5xx",
  "overloaded529",
  "limited429",
  "timeout",
  "broken",
  "unreachable",
  "malformed",
  "inBand",
  "account",
] as const;

export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** What one provider did in one minute, by the minute in which its attempts ended. */
export interface MinuteCount {
  /** Whole minutes since the Unix epoch, in UTC. */
  readonly minute: number;
  /** Attempts that the provider owed an answer to: all but the caller's own errors and what was broken off on our side. */
  readonly valid: number;
  /** Of `valid`, those that failed, whatever the class: `valid - failed` were answered whole. */
  readonly failed: number;
  /** At list prices, in billionths of a dollar, and requests whose price is not known. Absent: nobody reckoned. */
  readonly costNano?: number;
  readonly unpriced?: number;
  /** `failed` by class; absent is 0. */
  readonly by: Readonly<Partial<Record<FailureClass, number>>>;
  /** What Holdfast asked on its own, apart: nobody's call waited for it. Absent: nothing. */
  readonly own?: OwnCount;
}

/** One-token questions. A provider owes them an answer like any other: contracts count them, experience does not. */
export interface OwnCount {
  readonly valid: number;
  readonly by: Readonly<Partial<Record<FailureClass, number>>>;
  /** To learn whether a target is well again, and those of them that failed. */
  readonly probes: number;
  readonly probesFailed: number;
  /** For evidence's sake. */
  readonly canaries: number;
  readonly canariesFailed: number;
}

/** Whole minutes in UTC: the first one down, and the first one after. */
export interface DowntimePeriod {
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly valid: number;
  /** By the rule of the promise, not merely in our experience. */
  readonly failed: number;
}

/** What is due when a promise was broken, as a share of what the service cost within the month. */
export interface Credit {
  /** 0.1 is 10 %. */
  readonly share: number;
  /** What it is a share of, in the contract's words. */
  readonly of: string;
  /** In dollars, of what was asked of it at list prices; absent: a price is not known. */
  readonly estimateUsd?: number;
}

export interface Evaluation {
  /** Which promise: the catalog's or the contract's own name of it. */
  readonly name: string;
  /** How it was judged, in one sentence: what counts as an error, over which intervals. */
  readonly rule: string;
  /** Where the rule was read; absent for a contract of one's own. */
  readonly sourceUrl?: string;
  /** 0..1; absent: there was no evidence to judge by. */
  readonly availability?: number;
  /**
   * 0..1, as the provider computes it: minutes in which nothing was asked count for it. A credit is judged by this.
   * Absent: there was no evidence.
   */
  readonly contracted?: number;
  /** 0..1; absent: nothing is promised. */
  readonly promised?: number;
  readonly downtime: readonly DowntimePeriod[];
  /** Minutes of the month in which nothing was asked: they are said, never counted as up by us. */
  readonly minutesWithoutEvidence: number;
  /** Of those with evidence: minutes in which only probes and canaries were asked, and no client's call. */
  readonly minutesOfOwnAlone: number;
  /** Absent: nothing is due. */
  readonly credit?: Credit;
  /** The last day on which a claim may be made, `2026-12-31`; absent: no claim, or no such day is known. */
  readonly claimBy?: string;
  /** What a person should know before relying on it. */
  readonly notes: readonly string[];
}
