// What an attempt counts as, in the words in which contracts tell failures apart; and what a call came to for its client.
// By the provider's own status where there is one: contracts are about those.

import { FAULTS, type FaultKind } from "../../core/fault.ts";
import { FAILURE_CLASSES, type FailureClass } from "../../core/sla.ts";

/** `ok`, a failure of the provider's, or what is none of its doing. */
export type AttemptClass = "ok" | FailureClass | "callerErrors" | "brokenOff" | "ours";

const BY_KIND: Partial<Readonly<Record<FaultKind, AttemptClass>>> = {
  cancelled: "brokenOff",
  "client-stall": "brokenOff",
  superseded: "brokenOff",
  "deadline-exceeded": "brokenOff",
  busy: "ours",
  draining: "ours",
  bug: "ours",
  "rate-limited": "limited429",
  "quota-exhausted": "account",
  "credential-rejected": "account",
  "model-missing": "account",
  "first-token-timeout": "timeout",
  "whole-timeout": "timeout",
  "idle-timeout": "timeout",
  "connect-timeout": "unreachable",
  "connect-failed": "unreachable",
  "stream-broken": "broken",
  "malformed-reply": "malformed",
  "empty-reply": "malformed",
  "useless-reply": "malformed",
  overloaded: "inBand",
  "server-error": "inBand",
};

export function classOf(fault: FaultKind | undefined, status: number | undefined): AttemptClass {
  if (fault === undefined) return "ok";
  const byKind = BY_KIND[fault] ?? (FAULTS[fault].blame === "caller" ? "callerErrors" : "ours");
  // Ours and the client's doing stays so, whatever status had come before.
  if (byKind === "brokenOff" || byKind === "ours" || byKind === "account" || status === undefined) return byKind;
  if (status === 500) return "error500";
  if (status === 529) return "overloaded529";
  if (status === 429) return "limited429";
  return status >= 501 && status <= 599 ? "error5xx" : byKind;
}

const FAILURES: ReadonlySet<string> = new Set(FAILURE_CLASSES);

/** The provider owed an answer and gave none. */
export function isFailure(found: AttemptClass): found is FailureClass {
  return FAILURES.has(found);
}
