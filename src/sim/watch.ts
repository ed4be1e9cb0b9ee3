// The invariants of a run beyond its bookkeeping (`checkers.ts`): what a gateway may do to providers and callers whatever
// happens. Checked as facts come, windows once a virtual second. What is a violation is decided in `watch-load.ts` and
// `watch-belief.ts`; this brings facts and seconds to them.

import type { Criticality } from "../core/call.ts";
import type { Cells } from "../core/cell.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Settings } from "../core/settings.ts";
import type { Invariant } from "./checkers.ts";
import type { ScheduledFault } from "./fault-script.ts";
import type { SimProvider } from "./provider.ts";
import type { Sighting } from "./transport.ts";
import { beliefRules } from "./watch-belief.ts";
import { loadRules } from "./watch-load.ts";

export interface Watched {
  readonly settings: Settings;
  readonly providers: readonly SimProvider[];
  readonly faults: readonly ScheduledFault[];
  readonly cells: Cells;
  /** Absent: all calls matter alike. */
  readonly criticalityOf?: ((call: string) => Criticality) | undefined;
  /** Requests that the world has open for this gateway. */
  inFlight(): number;
}

/** `what` is for people; the first few of a name are kept. */
export type Violate = (name: WatchedName, what: string) => void;

export interface Rules {
  see(event: GatewayEvent): void;
  /** Once a virtual second. */
  tick(nowMs: number): void;
  /** A request ended, as its provider saw it. */
  sighted?(sighting: Sighting): void;
  atRest(): void;
}

export const WATCHED = {
  I1: "same-domain retries stay within their budget in any minute",
  I3: "nothing is in flight upstream that no attempt or probe waits for",
  I4: "budgets, shares and counters stay within their bounds",
  I5: "a retry-after is kept while another target is well",
  I6: "a limit that is told in headers is seldom met",
  I7: "a ramp only grows but for one cut a window, and probes stay within their pace",
  I8: "at most one way out and back per edge of a fault",
  I9: "nobody is ejected who has no fault, nor for a caller's doing",
  I11: "the critical are shed last",
} as const;

export type WatchedName = keyof typeof WATCHED;

export interface Watch {
  see(event: GatewayEvent): void;
  sighted(sighting: Sighting): void;
  atRest(): void;
  invariants(): readonly Invariant[];
}

const TICK_MS = 1_000;
const VIOLATIONS_MAX = 5;

export function createWatch(watched: Watched): Watch {
  const violations = new Map<WatchedName, string[]>();
  const violate: Violate = (name, what) => {
    const list = violations.get(name) ?? [];
    violations.set(name, list);
    if (list.length < VIOLATIONS_MAX) list.push(`${name} ${what}`);
  };
  const rules: readonly Rules[] = [loadRules(watched, violate), beliefRules(watched, violate)];
  let nextTickMs = TICK_MS;
  return {
    see(event) {
      if (event.atMs >= nextTickMs) {
        for (const rule of rules) rule.tick(event.atMs);
        nextTickMs = event.atMs + TICK_MS;
      }
      for (const rule of rules) rule.see(event);
    },
    sighted(sighting) {
      for (const rule of rules) rule.sighted?.(sighting);
    },
    atRest() {
      for (const rule of rules) rule.atRest();
    },
    invariants: () =>
      // The keys of the table are its names.
      (Object.keys(WATCHED) as WatchedName[]).map((name) => {
        const list = violations.get(name) ?? [];
        return { name: `${name}: ${WATCHED[name]}`, held: list.length === 0, violations: list };
      }),
  };
}
