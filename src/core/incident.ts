// What an incident is, as the parts that keep, show and tell incidents see it: plain data. How one comes about is
// `src/incidents/`; whom it is told is `src/notify/`. All times are milliseconds since the Unix epoch.

export const INCIDENT_STATES = ["investigating", "identified", "monitoring", "resolved", "postmortem"] as const;
export type IncidentState = (typeof INCIDENT_STATES)[number];

/** What clients feel of it: `minor` nothing but another model, `major` some errors, `critical` mostly errors. */
export const SEVERITIES = ["none", "minor", "major", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

export const CAUSE_CLASSES = [
  "infrastructure",
  "deployment or configuration",
  "demand",
  "database",
  "security",
  "quota",
  "ours",
  "unknown",
] as const;
export type CauseClass = (typeof CAUSE_CLASSES)[number];

/** `service`: its targets fail. `account`: it refuses us: key, credit, rate. */
export type Edge = "service" | "account";

/** `sick`: out of rotation. `back`: in its ramp. `well`. `unseen`: not seen since this process began. */
export type Standing = "sick" | "back" | "well" | "unseen";

export interface IncidentUpdate {
  readonly id: string;
  readonly atMs: number;
  readonly state: IncidentState;
  readonly by: "holdfast" | "person";
  /** For those who run the gateway; may name providers. */
  readonly text: string;
  /** For the status page; absent: it is not shown there. */
  readonly forUsers?: string | undefined;
  /** It is kept and nobody is told. */
  readonly quiet?: true | undefined;
}

/** Calls that met the trouble. `rescued`: whole answers of another target; `honest`: a last resort; `failed`: an error. */
export interface ImpactCounts {
  calls: number;
  rescued: number;
  honest: number;
  failed: number;
}

/** What the ledger has of the same calls. Money is in dollars, at list prices; what nobody knows is absent. */
export interface LedgerImpact {
  readonly counts: ImpactCounts;
  readonly byRoute: Readonly<Record<string, ImpactCounts>>;
  /** Clients left while the provider failed them, before anything was decided: in none of the counts. */
  readonly left: number;
  /** Distinct end users, as far as clients name them: all that met it, those who got an error, and calls that named one. */
  readonly users: { readonly hit: number; readonly failed: number; readonly namedCalls: number };
  /** Of rescued calls: how much longer than the attempt that answered, in the median. */
  readonly addedP50Ms?: number;
  readonly money: {
    /** What rescued calls cost beyond the first target's price for the same answers; negative: less. */
    readonly extraUsd?: number;
    /** Rescued calls without a known price: not in `extraUsd`. */
    readonly unknownCalls: number;
    /** Calls that got no answer, at the `value` of their route. */
    readonly lostUsd?: number;
  };
}

export interface Suspicion {
  readonly class: CauseClass;
  readonly evidence: readonly string[];
}

/** What the provider's page says of the same trouble. */
export interface PageWord {
  readonly id: string;
  readonly title: string;
  readonly lifecycle: string;
  readonly url?: string | undefined;
  /** When the provider made it known, and when we first read it. */
  readonly publishedMs: number;
  readonly firstSeenMs: number;
  readonly resolvedMs?: number | undefined;
  /** The cause that it states, where its words tell one. */
  readonly cause?: { readonly class: CauseClass; readonly quote: string } | undefined;
}

/** Attempts at the domain within one minute. */
export interface IncidentMinute {
  readonly atMs: number;
  attempts: number;
  failed: number;
  /** The newest failure in it, and how many attempts there had been by then. */
  lastFailedMs?: number;
  attemptsByThen?: number;
}

/** What people set right; it wins over what was derived. */
export interface Corrections {
  readonly title?: string;
  readonly sentence?: string;
  readonly cause?: CauseClass;
  readonly severity?: Severity;
}

export interface Incident {
  readonly id: string;
  readonly domain: string;
  readonly edge: Edge;
  state: IncidentState;
  severity: Severity;
  readonly targets: Record<string, Standing>;
  readonly routes: string[];
  readonly tenants: string[];
  /** When the trouble began, as far as calls tell. */
  readonly startedMs: number;
  readonly openedMs: number;
  monitoringMs?: number | undefined;
  resolvedMs?: number | undefined;
  /** Since when every target has all of its calls and few of them fail. */
  cleanSinceMs?: number | undefined;
  lastEvidenceMs: number;
  reopened: number;
  /** The newest moments at which it got worse again. */
  readonly relapses: number[];
  readonly counts: ImpactCounts;
  readonly byRoute: Record<string, ImpactCounts>;
  /** As it was last asked; absent: there is no ledger, or it could not be read. `counts` and `byRoute` are the ledger's then. */
  ledger?: Omit<LedgerImpact, "counts" | "byRoute"> | undefined;
  readonly faults: Record<string, number>;
  readonly minutes: IncidentMinute[];
  cause: Suspicion;
  page?: PageWord | undefined;
  /** The provider's page was read while it was open: where `page` is absent it said nothing. */
  pageRead?: true;
  readonly updates: IncidentUpdate[];
  updatesMade: number;
  published: boolean;
  /** A draft is published by itself then. */
  publishAtMs?: number | undefined;
  corrected: Corrections;
  postmortem?: string | undefined;
}

/** Work on our side that people announced. */
export interface Maintenance {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly routes: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly cancelled: boolean;
}

/** When a draft is shown: by hand, at once, or so long after it was opened. */
export type PublishPolicy = "by-hand" | "at-once" | { readonly afterMs: number };
