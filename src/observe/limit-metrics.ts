// The part of `/metrics` that tells of limits: what is under way, who had no room, which calls were spared, what providers
// say is left of their rate limits. Names and labels are in the table of `metrics.ts`.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { RateLimit } from "../core/rate-limit.ts";
import type { Counter, Family } from "./exposition.ts";
import type { CallFollower } from "./follow-calls.ts";
import type { TrackedCall } from "./tracked-call.ts";

interface LimitFamilies {
  readonly underWay: Counter;
  readonly full: Counter;
  readonly shed: Counter;
  readonly quotaLimit: Counter;
  readonly quotaLeft: Counter;
}

export interface LimitMetrics {
  readonly families: readonly Family[];
  /** What a provider said of its rate limits. */
  told(target: string, limits: readonly RateLimit[]): void;
  full(event: Extract<GatewayEvent, { type: "target-full" }>): void;
  shed(event: Extract<GatewayEvent, { type: "call-shed" }>, call: TrackedCall): void;
  /** Counts what is under way: once a look at the metrics, never on a call's path. */
  look(running: CallFollower["running"]): void;
}

/** The labels are names that are bounded in number. */
export interface Labels {
  route(name: string): string;
  target(name: string): string;
}

export function createLimitMetrics(families: LimitFamilies, labels: Labels): LimitMetrics {
  const { underWay, full, shed, quotaLimit, quotaLeft } = families;
  const seen = new Set<string>();
  return {
    families: Object.values(families),
    told(target, limits) {
      const label = labels.target(target);
      for (const { kind, limit, remaining } of limits) {
        quotaLimit.at(label, kind).value = limit;
        quotaLeft.at(label, kind).value = remaining;
      }
    },
    full: ({ target }) => void full.at(labels.target(target)).value++,
    shed({ criticality, why }, { start }) {
      shed.at(labels.route(start.route), criticality, why).value++;
    },
    look(running) {
      for (const target of seen) underWay.at(target).value = 0;
      for (const { attempts } of running.values()) {
        for (const { start, end } of attempts) {
          if (end !== undefined) continue;
          const target = labels.target(start.target);
          seen.add(target);
          underWay.at(target).value++;
        }
      }
    },
  };
}
