// The invariants of a run beyond its bookkeeping (`checkers.ts`): what a gateway may do to providers and callers whatever
// happens. Checked as facts come, windows once a virtual second. What is a violation is decided in `watch-outcome.ts`,
// `watch-load.ts`, `watch-time.ts`, `watch-belief.ts` and `watch-shedding.ts`; this brings facts and seconds to them.

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
import { type Delivered, outcomeRules } from "./watch-outcome.ts";
import { sheddingRules } from "./watch-shedding.ts";
import { timeRules } from "./watch-time.ts";
import type { ClockJump } from "./world.ts";

export interface Watched {
  readonly settings: Settings;
  readonly providers: readonly SimProvider[];
  readonly faults: readonly ScheduledFault[];
  readonly cells: Cells;
  /** Absent: all calls matter alike. */
  readonly criticalityOf?: ((call: string) => Criticality) | undefined;
  /** The client's own, on the world's clock; absent: nobody has one. */
  readonly deadlineOf?: ((call: string) => number | undefined) | undefined;
  readonly jumps?: readonly ClockJump[];
  /** When the traffic ends; absent: how calls come back after a fault is not judged. */
  readonly untilMs?: number | undefined;
  /** What clients get is brought here, of every call. */
  readonly isRead?: boolean;
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
  I2: "each call ends once, as the facts say, in one model's words, and no tool call comes twice",
  I3: "deadlines are kept, nothing is begun that cannot be in time or is in flight with nobody waiting for it",
  I4: "budgets, shares and counters stay within their bounds",
  I5: "a retry-after is kept while another target is well",
  I6: "a limit that is told in headers is seldom met",
  I7: "a ramp only grows but for one cut a window, and probes stay within their pace",
  I8: "at most one way out and back each time that a provider falls sick, and no swinging while a fault stays as it is",
  I9: "nobody is ejected who has no fault, and nothing is believed for a caller's doing",
  I10: "three minutes after the last fault nine of ten calls are back, and nobody waits for room",
  I11: "the critical are shed last, and no tenant takes more than its share while another is refused",
} as const;

export type WatchedName = keyof typeof WATCHED;

export interface Watch {
  see(event: GatewayEvent): void;
  sighted(sighting: Sighting): void;
  delivered(delivered: Delivered): void;
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
  const outcomes = outcomeRules(watched, violate);
  const makers = [loadRules, timeRules, beliefRules, sheddingRules];
  const rules: readonly Rules[] = [outcomes, ...makers.map((make) => make(watched, violate))];
  let nextTickMs = TICK_MS;
  return {
    see(event) {
      if (event.atMs >= nextTickMs) {
        for (const rule of rules) rule.tick(event.atMs);
        nextTickMs = event.atMs + TICK_MS;
      }
      for (const rule of rules) rule.see(event);
    },
    delivered: outcomes.delivered,
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
