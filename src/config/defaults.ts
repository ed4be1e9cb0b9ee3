// What holds where a configuration says nothing.

import type { CacheSettings, RouteSettings, Settings } from "../core/settings.ts";

export const LISTEN_DEFAULTS: Settings["listen"] = { host: "127.0.0.1", port: 4000 };

export const CACHE_DEFAULTS: CacheSettings = {
  healthy: "off",
  outage: "stem",
  scope: "tenant",
  ttlMs: 3_600_000,
  staleIfErrorMs: 604_800_000,
};

export const ROUTE_DEFAULTS: Omit<RouteSettings, "name" | "targets"> = {
  timeouts: { connectMs: 5_000, firstTokenMs: "auto", wholeMs: "auto", idleMs: "auto", totalMs: 600_000 },
  attempts: 3,
  retryWaitMs: 3_000,
  resume: "text",
  usage: "exact",
  strict: false,
  criticality: "default",
  cache: CACHE_DEFAULTS,
  lastResort: [{ type: "stale-cache" }],
};
