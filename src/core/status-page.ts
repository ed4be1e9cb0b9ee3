// What a provider says of itself on its status page, in one shape for every kind of page. Readers in `src/status/` make
// it; belief, incidents and `holdfast status` read it. It is what is claimed, never what is so. Texts are plain: markup
// was removed, but they are a stranger's words all the same and are escaped wherever they are shown.

/** From best to worst but for `maintenance` (announced) and `unknown` (not told, not read, not understood: never green). */
export type PageHealth = "operational" | "degraded" | "partial_outage" | "major_outage" | "maintenance" | "unknown";

/** What of the provider a component or an incident is about. Only `api` is what calls go through. */
export type PageSurface = "api" | "web" | "console" | "agent" | "auth" | "billing" | "other";

export type PageLifecycle = "investigating" | "identified" | "monitoring" | "resolved" | "postmortem" | "unknown";

export type PageBackend =
  | "statuspage"
  | "incidentio"
  | "incidentio-compat"
  | "gcp"
  | "aws"
  | "azure-rss"
  | "instatus"
  | "statusio"
  | "firehydrant"
  | "slack"
  | "rss"
  | "atom"
  | "unknown";

export interface PageComponent {
  readonly id: string;
  readonly name: string;
  readonly health: PageHealth;
  readonly surface: PageSurface;
}

/** Times are milliseconds since the Unix epoch, as the page states them. */
export interface PageIncident {
  /** Of the page; unique within it. */
  readonly id: string;
  readonly title: string;
  readonly lifecycle: PageLifecycle;
  /** Neither resolved nor ended by its own word. */
  readonly open: boolean;
  /** What the page claims of it; `unknown` where it claims nothing. */
  readonly impact: PageHealth;
  /** From its components, else from its title; empty: not told. */
  readonly surfaces: readonly PageSurface[];
  /** Names of models or of model families in its title, lower-case (`claude-sonnet-5`, `opus`); empty: none is named. */
  readonly models: readonly string[];
  readonly regions: readonly string[];
  /** Ids of `PageComponent`s. */
  readonly components: readonly string[];
  readonly startedMs?: number;
  readonly updatedMs?: number;
  readonly endedMs?: number;
  /** The newest of its updates. */
  readonly note?: string;
  readonly url?: string;
}

export interface PageError {
  readonly code: "http" | "timeout" | "network" | "blocked" | "schema" | "too-large";
  readonly detail: string;
}

/** One provider's page as it was last read. */
export interface PageReading {
  readonly provider: string;
  readonly page: string;
  readonly backend: PageBackend;
  /** The address that answered; absent when none did. */
  readonly via?: string;
  /** Of the API alone. */
  readonly health: PageHealth;
  readonly components: readonly PageComponent[];
  /** Open ones, and those that ended within a day. */
  readonly incidents: readonly PageIncident[];
  /** When what stands here was read, in milliseconds since the Unix epoch; absent: never. */
  readonly fetchedMs?: number;
  /** `stale`: the last reading failed, an older one stands. `error`: nothing stands, `health` is unknown. */
  readonly state: "ok" | "stale" | "error";
  readonly error?: PageError;
}

/** The fact that a page says something else than before. */
export interface PageChange {
  readonly type: "status";
  readonly provider: string;
  readonly page: string;
  /** Another than before: the provider has moved to another vendor. */
  readonly backend?: PageBackend;
  /** Of the API component. */
  readonly from: PageHealth;
  readonly health: PageHealth;
  readonly state: PageReading["state"];
  /** Those that are new or not as they were (an ended one is told once, with `open: false`); at most 50. */
  readonly incidents: readonly PageIncident[];
  /** The page was read for the first time since the start: what it says is no news. */
  readonly first: boolean;
}
