// The deadlines of one attempt, by name. `auto`: the cold values of the public surface until enough is learnt of the target,
// then what is far beyond its own habit, never more than the cold value.

import type { Call } from "../core/call.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Deadline } from "./settlement.ts";
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

/** A first content that is this many times later than nearly all others is not coming. */
const LEARNT_FACTOR = 4;
const LEARNT_MIN_MS = 10_000;
/** Half of what nineteen of twenty streams of the target exceed, at most this: an even target may still have a slow day. */
const LEARNT_TOKENS_PER_S_MAX = 100;

/** What is known of a target and the shape of a call; what is `undefined` is not known yet. */
export interface Learnt {
  /** By when 99 % of such calls have their first content. */
  readonly lateMs: number | undefined;
  /** Tokens a second that nineteen of twenty of its streams exceed. */
  readonly tokensPerS: number | undefined;
}

export function timeoutsFor(
  set: AttemptTimeouts,
  call: Pick<Call, "inspected">,
  learnt?: Learnt,
): StreamTimeouts & { readonly wholeMs: number } {
  const { thinks, maxTokens } = call.inspected;
  const coldMs = thinks ? FIRST_TOKEN_THINKING_MS : FIRST_TOKEN_MS;
  const firstTokenMs = set.firstTokenMs === "auto" ? learntMs(coldMs, learnt?.lateMs) : set.firstTokenMs;
  // Whole answers are as late as they are long: for those only the speed is learnt, never the time.
  const beganMs = set.firstTokenMs === "auto" ? coldMs : set.firstTokenMs;
  const writingMs = ((maxTokens ?? MAX_TOKENS_UNSET) / writingPerS(learnt?.tokensPerS)) * 1_000;
  const progressMs = thinks ? PROGRESS_THINKING_MS : PROGRESS_MS;
  return {
    firstTokenMs,
    wholeMs: set.wholeMs === "auto" ? beganMs + writingMs : set.wholeMs,
    idleMs: set.idleMs === "auto" ? IDLE_MS : set.idleMs,
    // A route that sets `idle` moves the bound on pings without progress in the same proportion.
    progressMs: set.idleMs === "auto" || thinks ? progressMs : (set.idleMs * PROGRESS_MS) / IDLE_MS,
  };
}

function learntMs(coldMs: number, lateMs: number | undefined): number {
  return lateMs === undefined || Number.isNaN(lateMs)
    ? coldMs
    : Math.min(coldMs, Math.max(LEARNT_MIN_MS, LEARNT_FACTOR * lateMs));
}

function writingPerS(learntPerS: number | undefined): number {
  return Math.min(LEARNT_TOKENS_PER_S_MAX, Math.max(SLOW_TOKENS_PER_S, (learntPerS || 0) / 2));
}

/** What a timer says that was armed for the first content of a stream. */
export function noContent(): Fault {
  return fault("first-token-timeout", "no content within the first-token timeout");
}

export const NO_CONTENT: Deadline = { passed: noContent };

/** Of a whole answer. */
export const NO_WHOLE: Deadline = { passed: () => fault("whole-timeout", "no whole answer within its timeout") };
