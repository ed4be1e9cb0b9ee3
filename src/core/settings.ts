// What the configuration means once it is read, checked and resolved: durations in milliseconds, environment filled in,
// defaults applied. `config/` makes it from a file, the library's entry from an object; the engine compiles it.

import type { Criticality, DialectId, ResumeMode } from "./call.ts";
import type { ChannelSettings } from "./notice.ts";

/**
 * Where a provider's key comes from: the key itself, or a place that is read again while the gateway runs, so that a key
 * that was changed there needs no restart. `command` is a line for the shell; its first line of output is the key.
 */
export type KeySource = string | { readonly file: string } | { readonly command: string };

/** Reads keys that are kept outside the settings. Both functions return at once: what they cause happens behind them. */
export interface Secrets {
  /** The key as it was last read; `undefined` when it never could be. */
  current(source: Exclude<KeySource, string>): string | undefined;
  /** The provider rejected what `current` gave: it may have been changed at its source. */
  rejected(source: Exclude<KeySource, string>): void;
}

export interface ProviderSettings {
  readonly name: string;
  readonly dialect: DialectId;
  /** As the vendor's SDK takes it: Anthropic without /v1, OpenAI with it. No trailing slash. */
  readonly url: string;
  /** Best first; `"none"` was given: empty. */
  readonly keys: readonly KeySource[];
  readonly tier: "remote" | "local";
  /** Where it tells of its outages; absent: it does not, or nobody is to read it. */
  readonly statusPage?: string;
  /** Where it is, as the configuration says. */
  readonly region?: string;
}

export interface TimeoutSettings {
  readonly connectMs: number;
  /** Streams: to the first content. */
  readonly firstTokenMs: number | "auto";
  /** One non-stream attempt. */
  readonly wholeMs: number | "auto";
  /** Streams: silence while we are reading. */
  readonly idleMs: number | "auto";
  /** The whole call until its commit. */
  readonly totalMs: number;
}

export interface TargetSettings {
  readonly provider: string;
  /** `*` takes what the route's own `*` matched. */
  readonly model: string;
}

/** What a route says then, in one language (BCP 47). */
export interface Sentence {
  readonly language: string;
  readonly text: string;
}

/** A sentence's `text` may hold `{model}`, `{reason}`, `{since}` and `{retry}`. */
export type LastResortSettings =
  | { readonly type: "stale-cache" }
  | { readonly type: "defer" }
  /** `text` is for whoever reads none of the `languages`; absent: for all. */
  | { readonly type: "canned"; readonly text: string; readonly languages?: readonly Sentence[] }
  | { readonly type: "local"; readonly target: TargetSettings };

/** How a question must be like the one that was answered: the same words, or the same stems in the same order. */
export type Likeness = "exact" | "stem";

/** Answers are kept while targets answer, and given again when none does. */
export interface CacheSettings {
  /** Read while targets answer. */
  readonly healthy: Likeness | "off";
  /** Read when none can. */
  readonly outage: Likeness | "off";
  /** Who shares answers. `global`: with every route that says so too. */
  readonly scope: "tenant" | "route" | "global";
  /** How long an answer is fresh, and for how long after that it may be given in an outage. */
  readonly ttlMs: number;
  readonly staleIfErrorMs: number;
  /** Answers that call the client's tools are kept as well; absent: they are not. */
  readonly tools?: true;
}

/** What the text of an answer must be. An answer that calls a tool is not judged. */
export interface ValidateSettings {
  /** In characters. */
  readonly minLength?: number;
  /** A regular expression that `linearPattern` takes. */
  readonly pattern?: string;
  /** A JSON Schema that `wrongSchema` finds nothing wrong with. */
  readonly jsonSchema?: unknown;
}

/** A second request in parallel when the first is late. */
export interface HedgeSettings {
  /** Milliseconds, or a quantile of how late the target's own first contents are. */
  readonly after: number | "p90" | "p95" | "p99";
  /** Of the route's calls, 0..1. */
  readonly share: number;
}

export interface RouteSettings {
  /** The model name that a client uses; one `*` is allowed at the end. */
  readonly name: string;
  /** Best first; never empty. */
  readonly targets: readonly TargetSettings[];
  readonly timeouts: TimeoutSettings;
  /** All upstream requests of one call. */
  readonly attempts: number;
  /** A longer `retry-after` fails over at once. */
  readonly retryWaitMs: number;
  readonly resume: ResumeMode;
  readonly usage: "exact" | "as-asked";
  readonly strict: boolean;
  readonly criticality: Criticality;
  /** Absent: answers are taken as they are. */
  readonly validate?: ValidateSettings;
  /** What a completed call is worth; absent: nobody said. */
  readonly valueUsd?: number;
  /** Share of the calls, 0..1, that go to the other targets to keep them warm; absent: none. */
  readonly warm?: number;
  /** Absent: never. */
  readonly hedge?: HedgeSettings;
  /** Absent: nothing is kept. */
  readonly cache?: CacheSettings;
  /** Asked in this order when no target can answer; absent: none. */
  readonly lastResort?: readonly LastResortSettings[];
}

/** Whatever a route's `attempts` says: more at one provider would only add to its trouble. */
export const ATTEMPTS_PER_DOMAIN_MAX = 2;

/** A gateway key is a tenant. */
export interface KeySettings {
  readonly name: string;
  /** `sha256:` and 64 hex digits. */
  readonly hash: string;
  /** Route names it may use; absent: all. */
  readonly routes?: readonly string[];
}

/** Which calls of a route an objective counts as good. */
export type SloIndicator =
  | { readonly kind: "availability" | "complete-stream" | "undegraded" }
  | { readonly kind: "first-token"; readonly withinMs: number };

export interface SloSettings {
  readonly name: string;
  readonly route: string;
  /** 0..1, both exclusive. */
  readonly objective: number;
  /** Rolling; for a calendar month 30 days: what the burn-rate table is scaled by. */
  readonly windowMs: number;
  /** The window is the calendar month of this time zone (IANA). Absent: it is rolling. */
  readonly calendar?: { readonly timeZone: string };
  readonly indicator: SloIndicator;
}

export interface Settings {
  readonly listen: { readonly host: string; readonly port: number };
  readonly providers: readonly ProviderSettings[];
  /** In the file's order; an exact name wins over a pattern, a longer pattern over a shorter. */
  readonly routes: readonly RouteSettings[];
  /** None: one tenant, no key asked for (loopback only). */
  readonly keys: readonly KeySettings[];
  /** Opens `/admin`; without it only loopback may. */
  readonly adminKey?: string;
  /** Other `/v1/…` paths go to the first provider of their dialect, unprotected. */
  readonly passthrough: boolean;
  /** Where the gateway remembers beyond its end: `path` of a SQLite file. Absent: nothing was said of it. */
  readonly store?: "memory" | { readonly path: string };
  /** Who is told of incidents; absent: nobody. */
  readonly notify?: readonly ChannelSettings[];
  /** `public`: our own status page, its API and its feed need no key. Absent: `private`. */
  readonly statusPage?: "private" | "public";
  /** Status pages are read, this often while nothing is open; absent: they are not. */
  readonly status?: { readonly idleMs: number };
  /** Absent: none. */
  readonly slos?: readonly SloSettings[];
  /** What probes of suspected targets may cost; 0: a real call is tried instead. Absent: the default. */
  readonly probesUsdPerDay?: number;
  /** What may be spent on asking targets for evidence alone. Absent: nothing. */
  readonly canaryUsdPerDay?: number;
}
