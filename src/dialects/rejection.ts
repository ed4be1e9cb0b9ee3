// What an answer that is not 2xx adds to its fault, whatever its dialect; what it means is each dialect's own.

import { FAULTS, type Fault, type FaultKind } from "../core/fault.ts";
import { retryAfterMs } from "../core/retry-after.ts";
import type { HeaderMap } from "../core/runtime.ts";

export interface Rejection {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  /** For HTTP dates in `retry-after`. */
  readonly wallMs: number;
}

/** Trouble of the provider's own, or of a proxy's before it, in a status of the class that blames the caller. */
const OWN_TROUBLE: ReadonlySet<number> = new Set([408, 409, 424, 425, 499]);
/** All others of that class are about the place, the way there or the moment, and may be otherwise elsewhere. */
const ABOUT_THE_REQUEST: ReadonlySet<number> = new Set([400, 413, 422]);

export function isOwnTrouble(status: number): boolean {
  return OWN_TROUBLE.has(status);
}

/** A page of a proxy or a firewall in between does not prove that the request is wrong for every target either. */
export function provesRequestWrong(status: number, isJson: boolean): boolean {
  return isJson && ABOUT_THE_REQUEST.has(status);
}

/** A caller's own fault keeps the answer, to be returned as it was; any other how long the provider wants to be left alone. */
export function rejectionFacts(kind: FaultKind, answer: Rejection): Pick<Fault, "upstream" | "retryAfterMs"> {
  const { status, headers, body, wallMs } = answer;
  if (FAULTS[kind].blame === "caller") {
    return { upstream: { status, contentType: headers["content-type"] ?? "application/json", body } };
  }
  // A wait belongs to the target: with a caller's fault it would pause one that is well.
  const waitMs = retryAfterMs(headers, wallMs);
  return waitMs === undefined ? {} : { retryAfterMs: waitMs };
}
