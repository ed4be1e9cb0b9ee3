// How each target does by the facts alone: attempts in flight, and what last went wrong. A reader of the one stream; what
// rules know of a target is in the cells.

import { FAULTS, type FaultKind } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";

export interface TargetFacts {
  readonly inFlight: number;
  /** `atMs` is on `Clock`. The client's own leaving is no fault of a target. */
  readonly lastFault?: { readonly kind: FaultKind; readonly message: string; readonly atMs: number } | undefined;
}

export interface TargetBoard {
  read(event: GatewayEvent): void;
  of(target: string): TargetFacts;
}

const TARGETS_MAX = 4_096;
const NONE: TargetFacts = { inFlight: 0 };

export function createTargetBoard(): TargetBoard {
  const board = new Map<string, TargetFacts>();
  const put = (target: string, facts: TargetFacts): void => {
    // The newest is last: whoever is dropped was quiet the longest.
    board.delete(target);
    const oldest = board.size >= TARGETS_MAX ? board.keys().next().value : undefined;
    if (oldest !== undefined) board.delete(oldest);
    board.set(target, facts);
  };
  return {
    of: (target) => board.get(target) ?? NONE,
    read(event) {
      if (event.type === "attempt-start") {
        const known = board.get(event.target) ?? NONE;
        put(event.target, { inFlight: known.inFlight + 1, lastFault: known.lastFault });
      } else if (event.type === "attempt-end") {
        const known = board.get(event.target) ?? NONE;
        const { fault: kind, message = "", atMs } = event;
        const own = kind !== undefined && FAULTS[kind].blame !== "caller" && FAULTS[kind].blame !== "gateway";
        const inFlight = Math.max(0, known.inFlight - 1);
        put(event.target, { inFlight, lastFault: own ? { kind, message, atMs } : known.lastFault });
      }
    },
  };
}
