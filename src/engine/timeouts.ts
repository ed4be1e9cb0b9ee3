// The deadlines of one attempt, by name. `auto` while nothing is learnt yet: the cold values of the public surface.

import type { Call } from "../core/call.ts";
import type { StreamTimeouts } from "./stream.ts";

export interface AttemptTimeouts {
  readonly connectMs: number;
  readonly firstTokenMs: number | "auto";
  readonly wholeMs: number | "auto";
  readonly idleMs: number | "auto";
}

const FIRST_TOKEN_MS = 30_000;
/** A model that thinks unseen sends nothing that counts until it has thought. */
const FIRST_TOKEN_THINKING_MS = 300_000;
const IDLE_MS = 45_000;
const PROGRESS_MS = 60_000;
const PROGRESS_THINKING_MS = 300_000;
/** A whole answer is as slow as its length: output tokens a second of a slow model. */
const SLOW_TOKENS_PER_S = 20;
/** What a model may write when the client sets no limit. */
const MAX_TOKENS_UNSET = 8_192;

export function timeoutsFor(
  set: AttemptTimeouts,
  call: Pick<Call, "inspected">,
): StreamTimeouts & { readonly wholeMs: number } {
  const { thinks, maxTokens } = call.inspected;
  const coldMs = thinks ? FIRST_TOKEN_THINKING_MS : FIRST_TOKEN_MS;
  const firstTokenMs = set.firstTokenMs === "auto" ? coldMs : set.firstTokenMs;
  const writingMs = ((maxTokens ?? MAX_TOKENS_UNSET) / SLOW_TOKENS_PER_S) * 1_000;
  const progressMs = thinks ? PROGRESS_THINKING_MS : PROGRESS_MS;
  return {
    firstTokenMs,
    wholeMs: set.wholeMs === "auto" ? firstTokenMs + writingMs : set.wholeMs,
    idleMs: set.idleMs === "auto" ? IDLE_MS : set.idleMs,
    // A route that sets `idle` moves the bound on pings without progress in the same proportion.
    progressMs: set.idleMs === "auto" || thinks ? progressMs : (set.idleMs * PROGRESS_MS) / IDLE_MS,
  };
}
