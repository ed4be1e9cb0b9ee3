// What a report of impact says: the object that `report impact --json` prints and the other formats are made from. Facts
// from the ledger only; what nobody knows is absent or said to be unknown, never 0.

export interface ImpactReport {
  readonly report: "impact";
  /** ISO 8601, UTC: the first minute, and the first one after. */
  readonly from: string;
  readonly to: string;
  /** The report is about this provider's failures; absent: everybody's. */
  readonly provider?: string;
  readonly calls: CallCounts;
  /** Distinct end users, as far as clients name them. */
  readonly users: {
    readonly hit: number;
    readonly rescued: number;
    readonly word: number;
    readonly rawError: number;
    /** Calls that were hit, and of which a record names its end user. */
    readonly namedCalls: number;
  };
  /** Of rescued calls: how much longer than the attempt that answered. Absent: there were none. */
  readonly added?: { readonly meanMs: number; readonly p50Ms: number; readonly p95Ms: number; readonly p99Ms: number };
  readonly money: Money;
  /** By provider, the one with most failures first. */
  readonly providers: readonly ProviderImpact[];
  /** By route, the one with most calls hit first. */
  readonly routes: readonly RouteImpact[];
  readonly slots: Slots;
  /** Minutes of the span in which there was no call at all. */
  readonly minutesWithoutCalls: number;
  /** Entries that the gateway had to give up: since the store began, not only in this span. */
  readonly entriesLost: number;
  /** What a reader should know before relying on it. */
  readonly notes: readonly string[];
}

export interface CallCounts {
  /** Of the routes that the report is about. */
  readonly all: number;
  /** A provider failed them: `rescued`, `word`, `rawError` and `leftHit` together. */
  readonly hit: number;
  /** Answered by a target all the same. */
  readonly rescued: number;
  /** A last resort, named as such. */
  readonly word: { readonly all: number } & Readonly<Record<"stale" | "local" | "canned" | "deferred", number>>;
  /** The client got an error, or an answer that broke off. */
  readonly rawError: { readonly all: number; readonly refused: number; readonly broken: number };
  /** Clients left while a provider failed them, before anything was decided. */
  readonly leftHit: number;
  /** Clients left for reasons of their own. */
  readonly left: number;
  readonly callerErrors: number;
  /** Refused by this gateway for reasons of its own. */
  readonly ours: number;
}

/** In dollars, at list prices: what caches at providers save or cost is left out. */
export interface Money {
  readonly currency: "usd";
  /** Of what has a known price; absent: nothing has. */
  readonly spent?: number;
  /** Attempts with tokens and without a known price. */
  readonly unpricedAttempts: number;
  /** Of rescued calls, against the first target's price for the same answers: more, less (absent: known of none), and calls of which it is unknown. */
  readonly failoverExtra?: number;
  readonly failoverSpared?: number;
  readonly failoverUnknownCalls: number;
  /** Calls answered from a cache, at the mean cost of a call of their route; `usd` absent: nothing to estimate it by. */
  readonly cache: { readonly calls: number; readonly usd?: number };
  /** Calls that got no answer, at the `value` of their route; `usd` absent: no route concerned has one. */
  readonly lost: { readonly calls: number; readonly unknownCalls: number; readonly usd?: number };
}

export interface ProviderImpact {
  readonly provider: string;
  readonly attempts: number;
  readonly failed: number;
  /** `failed` by class. */
  readonly by: Readonly<Record<string, number>>;
  /** What Holdfast asked on its own; in none of the other numbers but `alone`. */
  readonly probes: number;
  readonly probesFailed: number;
  readonly canaries: number;
  readonly canariesFailed: number;
  /** What those cost; absent: no known price, or nothing. */
  readonly ownCostUsd?: number;
  /** 0..1; absent where there was nothing to judge by. */
  readonly truths: {
    /** Of the attempts that were made, by the rule that most contracts have: only HTTP 5xx but 529 counts. */
    readonly slaCountable?: number;
    /** Every failure, as a caller of this provider alone would have met it: minute by minute, weighed by the calls. */
    readonly experienced?: number;
    /** What clients of Holdfast got on the routes that ask this provider: anything but a raw error. */
    readonly clientsSaw?: number;
  };
  /** With this provider alone, minute by minute from its recorded failures, probes and canaries, each call asked once. Estimated. */
  readonly alone: {
    readonly calls: number;
    readonly failed: number;
    /** Calls in minutes without any evidence of it: in neither of the two above. */
    readonly callsUnknown: number;
    readonly availability?: number;
  };
  readonly firstTokenMs?: { readonly p50: number; readonly p95: number };
  readonly tokensPerS?: { readonly p50: number; readonly p5: number };
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Absent: no attempt had a known price. */
  readonly costUsd?: number;
  readonly models: readonly ModelImpact[];
}

export interface ModelImpact {
  readonly model: string;
  readonly attempts: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly unpricedAttempts: number;
  /** Absent: no attempt had a known price. */
  readonly costUsd?: number;
  /** The list price that it was counted by, in dollars a million tokens; the latest, where it changed. */
  readonly price?: {
    readonly inputPerMillion: number;
    readonly outputPerMillion: number;
    readonly source: string;
    readonly verified: string;
  };
}

export interface RouteImpact {
  readonly route: string;
  readonly calls: number;
  readonly hit: number;
  readonly rescued: number;
  readonly word: number;
  readonly rawError: number;
  readonly leftHit: number;
}

/** The span in equal parts, for plots. */
export interface Slots {
  readonly minutes: number;
  readonly from: readonly string[];
  readonly calls: readonly number[];
  readonly rescued: readonly number[];
  readonly word: readonly number[];
  readonly rawError: readonly number[];
  /** By provider: the share of attempts that failed; `null`: none was made. */
  readonly failing: Readonly<Record<string, readonly (number | null)[]>>;
}
