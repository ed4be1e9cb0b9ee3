// Whether a target can hold a request at all, as far as that can be told before it is sent, and where a request goes that
// was too long for one. A guess never refuses a call: where nothing seems large enough, everything may be tried.

import type { Call } from "../core/call.ts";
import type { FaultKind } from "../core/fault.ts";
import { TOKENS_PER_BYTE_MAX, tokensAtLeast } from "../core/token-estimate.ts";

/** What is known of a model's limits, in tokens. */
export interface Room {
  readonly contextTokens?: number | undefined;
  /** Only where the request's own limit is sent on as it is. */
  readonly outputTokens?: number | undefined;
}

/** Why it cannot hold the call; `undefined` when it can, or when that is not known. */
export function lacksRoom({ contextTokens, outputTokens }: Room, call: Call): FaultKind | undefined {
  if (call.operation !== "generate") return undefined;
  if (outputTokens !== undefined && (call.inspected.maxTokens ?? 0) > outputTokens) return "unsupported";
  if (contextTokens === undefined || call.body.length * TOKENS_PER_BYTE_MAX <= contextTokens) return undefined;
  return tokensAtLeast(call.body) >= contextTokens ? "context-too-long" : undefined;
}

/** One target of several, and what the call's own attempts have shown. */
export interface Fitting {
  readonly lacking?: FaultKind | undefined;
  readonly contextTokens?: number | undefined;
  readonly drained: boolean;
}

interface Shown {
  readonly candidate: number;
  readonly fault: { readonly kind: FaultKind };
}

/** True for a target that is passed over: too small while another is not, or no larger than one that was too small. */
export function isPassedOver(candidates: readonly Fitting[], index: number, history: readonly Shown[]): boolean {
  const own = candidates[index];
  if (own?.lacking !== undefined && candidates.some((other) => other.lacking === undefined && !other.drained))
    return true;
  if (own?.contextTokens === undefined) return false;
  for (const { candidate, fault } of history) {
    const tried = candidates[candidate]?.contextTokens;
    if (fault.kind === "context-too-long" && tried !== undefined && own.contextTokens <= tried) return true;
  }
  return false;
}
