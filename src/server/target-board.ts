// How each target does by the facts alone: attempts in flight, and what last went wrong. A reader of the one stream; what
// rules know of a target is in the cells.

import { AgedMap } from "../core/aged-map.ts";
import type { FactReader } from "../core/fact-readers.ts";
import { FAULTS, type FaultKind } from "../core/fault.ts";

export interface TargetFacts {
  readonly inFlight: number;
  /** `atMs` is on `Clock`. The client's own leaving is no fault of a target. */
  readonly lastFault?: { readonly kind: FaultKind; readonly message: string; readonly atMs: number } | undefined;
}

export interface TargetBoard {
  readonly read: FactReader;
  of(target: string): TargetFacts;
}

interface Entry {
  inFlight: number;
  lastFault: TargetFacts["lastFault"];
}

const TARGETS_MAX = 4_096;
const NONE: TargetFacts = { inFlight: 0 };

export function createTargetBoard(): TargetBoard {
  const board = new AgedMap<Entry>();
  const heard = (target: string): Entry => {
    const entry = board.get(target) ?? { inFlight: 0, lastFault: undefined };
    // Whoever is dropped was quiet the longest.
    board.set(target, entry);
    const oldest = board.size > TARGETS_MAX ? board.oldestKey : undefined;
    if (oldest !== undefined) board.delete(oldest);
    return entry;
  };
  return {
    of: (target) => board.get(target) ?? NONE,
    read: {
      "attempt-start"({ target }) {
        heard(target).inFlight++;
      },
      "attempt-end"({ target, fault: kind, message = "", atMs }) {
        const entry = heard(target);
        entry.inFlight = Math.max(0, entry.inFlight - 1);
        if (kind === undefined || FAULTS[kind].blame === "caller" || FAULTS[kind].blame === "gateway") return;
        entry.lastFault = { kind, message, atMs };
      },
    },
  };
}
