// The calls that people may look at: those running and the newest that ended, in memory, bounded. Not a ledger: what is
// kept for good is the store's.

import { AgedMap } from "../core/aged-map.ts";
import type { CallQuery, CallRecord } from "./call-record.ts";
import type { CallFollower, CallReader } from "./follow-calls.ts";
import { faultOf, recordOf, type TrackedCall } from "./tracked-call.ts";

export interface RecentCalls {
  readonly read: CallReader;
  /** Newest first; calls that still run are among them. */
  list(running: CallFollower["running"], query?: CallQuery): readonly CallRecord[];
  get(running: CallFollower["running"], id: string): CallRecord | undefined;
}

export const RECENT_CALLS_MAX = 1_000;
const LIMIT_DEFAULT = 100;

export function createRecentCalls(keptMax = RECENT_CALLS_MAX): RecentCalls {
  const ended = new AgedMap<TrackedCall>();
  const endedCalls = (): readonly TrackedCall[] => [...ended.entries()].map(([, call]) => call);
  return {
    read: {
      "call-end"(event, call) {
        ended.set(event.call, call);
        const oldest = ended.size > keptMax ? ended.oldestKey : undefined;
        if (oldest !== undefined) ended.delete(oldest);
      },
    },
    list(running, query = {}) {
      const limit = Math.max(0, Math.min(query.limit ?? LIMIT_DEFAULT, RECENT_CALLS_MAX));
      return [...running.values(), ...endedCalls()]
        .filter((call) => matches(call, query))
        .sort((a, b) => b.start.atMs - a.start.atMs)
        .slice(0, limit)
        .map(recordOf);
    },
    get(running, id) {
      const call = running.get(id) ?? ended.get(id);
      return call && recordOf(call);
    },
  };
}

function matches(call: TrackedCall, { route, fault, sinceMs }: CallQuery): boolean {
  if (route !== undefined && call.start.route !== route) return false;
  if (sinceMs !== undefined && call.startedWallMs < sinceMs) return false;
  return (
    fault === undefined || call.end?.fault === fault || call.attempts.some((attempt) => faultOf(attempt) === fault)
  );
}
