// A call that has ended, as open incidents and routes count it: whom it met, what became of it. It runs for every call, so
// that without an open incident it must cost next to nothing.

import { FAULTS, type FaultKind } from "../core/fault.ts";
import type { Incident } from "../core/incident.ts";
import type { ServedBy } from "../core/reply.ts";
import { type Book, domainOf, watchOf } from "./book.ts";
import { isAccountFault, isSickness } from "./evidence.ts";
import { type Fate, noteImpact } from "./impact.ts";

/** What is read of a call. */
export interface EndedCall {
  readonly start: { readonly route: string; readonly tenant: string };
  readonly end:
    | {
        readonly ending: "complete" | "broken" | "cancelled" | "refused";
        readonly target?: string | undefined;
        readonly fault?: FaultKind | undefined;
        readonly servedBy?: ServedBy | undefined;
      }
    | undefined;
  readonly attempts: readonly {
    readonly start: { readonly target: string };
    readonly end: { readonly fault?: FaultKind | undefined } | undefined;
  }[];
}

/** `undefined`: it says nothing of us: the client left or asked wrongly. */
export function fateOf({ end }: EndedCall): Fate | undefined {
  if (end === undefined || end.ending === "cancelled") return undefined;
  if (end.ending === "complete") {
    return end.servedBy === undefined || end.servedBy === "target" || end.servedBy === "cache" ? "rescued" : "honest";
  }
  if (end.ending === "refused" && end.fault !== undefined && FAULTS[end.fault].blame === "caller") return undefined;
  return "failed";
}

export function noteCall(book: Book, call: EndedCall, fate: Fate | undefined, nowMs: number): void {
  if (book.open.size === 0 || fate === undefined || call.end?.servedBy === "cache") return;
  const { route, tenant } = call.start;
  for (const incident of book.open) {
    if (!hasMet(book, incident, call)) continue;
    noteImpact(incident, { route, tenant, fate });
    watchOf(book, incident.domain).metMs = nowMs;
    book.dirty.add(incident.id);
  }
}

/** An attempt of it failed there, or it would have gone there first and was sent elsewhere. */
function hasMet(book: Book, { domain, edge, state }: Incident, { start, end, attempts }: EndedCall): boolean {
  let tried = false;
  for (const attempt of attempts) {
    if (domainOf(attempt.start.target) !== domain) continue;
    tried = true;
    const fault = attempt.end?.fault;
    if (fault !== undefined && (edge === "account" ? isAccountFault(fault) : isSickness(fault))) return true;
  }
  if (tried || edge === "account" || state === "monitoring") return false;
  if (book.routes.get(start.route)?.domains[0] !== domain) return false;
  return end?.target === undefined || domainOf(end.target) !== domain;
}
