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
