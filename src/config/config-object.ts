// The configuration as a TypeScript object: what an editor completes for users of the library. Only types; what is right is
// decided by the schema, which every object goes through, whatever its type said.

import type { Criticality } from "../core/call.ts";

/** `500ms`, `8s`, `5m`, `1h`, `7d`. */
export type Duration = string;

export interface HoldfastConfig {
  /** By a name of your choice; a name of the catalog (`anthropic`, `openai`, …) brings dialect and url. */
  readonly providers: Readonly<Record<string, ProviderConfig>>;
  /** By the model name that a client uses; `claude-*` is a pattern. */
  readonly routes: Readonly<Record<string, RouteConfig>>;
  /** What else stands in a configuration file; what concerns a server alone is checked and not used. */
  readonly [section: string]: unknown;
}

export interface ProviderConfig {
  readonly dialect?: "anthropic-messages" | "openai-chat";
  /** As the vendor's SDK takes it: Anthropic without `/v1`, OpenAI with it. */
  readonly url?: string;
  /** `"${NAME}"` of the environment, the key itself, or `none`. */
  readonly key?: string;
  /** Instead of `key`. */
  readonly keys?: readonly string[];
  readonly tier?: "remote" | "local";
  /** Where it tells of its outages; `"off"`: nobody reads it. */
  readonly "status-page"?: string;
  readonly region?: string;
  readonly retention?: string;
}

export interface RouteConfig {
  /** `provider/model`, best first. */
  readonly targets: readonly string[];
  readonly timeouts?: {
    readonly connect?: Duration;
    readonly "first-token"?: "auto" | Duration;
    readonly whole?: "auto" | Duration;
    readonly idle?: "auto" | Duration;
    readonly total?: Duration;
  };
  /** Upstream requests of one call, 1 to 10. */
  readonly attempts?: number;
  /** A longer `retry-after` fails over at once. */
  readonly "retry-wait"?: Duration;
  readonly usage?: "exact" | "as-asked";
  /** Refuse a translation that loses something. */
  readonly strict?: boolean;
  readonly criticality?: Criticality;
  /** An answer that fails it fails over. */
  readonly validate?: {
    readonly "min-length"?: number;
    readonly pattern?: string;
    readonly "json-schema"?: unknown;
  };
  /** Answers are kept and given again by the last resort `stale-cache`. */
  readonly cache?:
    | "off"
    | {
        readonly healthy?: "exact" | "stem" | "off";
        readonly outage?: "exact" | "stem" | "off";
        readonly ttl?: Duration;
        readonly "stale-if-error"?: Duration;
        readonly scope?: "tenant" | "route" | "global";
        readonly tools?: boolean;
      };
  /** Asked in this order when no target can answer: `stale-cache`, `provider/model` of `tier: local`, or a prepared sentence. */
  readonly "last-resort"?: readonly (string | { readonly canned: string | Readonly<Record<string, string>> })[];
}
