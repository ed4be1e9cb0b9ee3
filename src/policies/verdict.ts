// What a call's client is told when every move is spent: one fault from the history of attempts. Pure; the dialect turns
// it into a status and a body.

import { FAULTS, type Fault, fault } from "../core/fault.ts";
import type { Tried } from "./next-move.ts";

/**
 * A fault that is final for every target wins. One kind all along stays itself; all caller's doing: the first, with the
 * provider's own words. Anything mixed reads as overload: nobody could answer now. `retryAfterMs` is the earliest known.
 */
export function verdict(history: readonly Tried[], nameOf: (candidate: number) => string): Fault {
  const final = history.find((tried) => FAULTS[tried.fault.kind].retry === "never");
  if (final !== undefined) return final.fault;
  const first = history[0];
  if (first === undefined) return fault("overloaded", "no target could be tried");
  const known = history.filter((tried) => FAULTS[tried.fault.kind].blame !== "caller");
  if (known.length === 0) return first.fault;
  const waits = history.flatMap((tried) => (tried.fault.retryAfterMs === undefined ? [] : [tried.fault.retryAfterMs]));
  const kind = known.every((tried) => tried.fault.kind === known[0]?.fault.kind)
    ? (known[0]?.fault.kind ?? "overloaded")
    : "overloaded";
  const told = history.map((tried) => `${nameOf(tried.candidate)}: ${FAULTS[tried.fault.kind].summary}`);
  const message = `No target could answer (${told.join("; ")}).`;
  return waits.length === 0 ? fault(kind, message) : fault(kind, message, { retryAfterMs: Math.min(...waits) });
}
