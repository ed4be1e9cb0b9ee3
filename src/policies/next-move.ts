// The one rule that decides what a call does next: try a target, wait and try, or stop. Pure: history, candidates and
// budgets in, one move out. Retry, fallback and hedge are its moves; it knows no vendor and no clock.

import { FAULTS, type Fault, type FaultKind } from "../core/fault.ts";
import { ATTEMPTS_PER_DOMAIN_MAX } from "../core/settings.ts";
import { isPassedOver } from "./context-fit.ts";
import { isKeyFault } from "./key-rotation.ts";

/** Full jitter (AWS, "Exponential Backoff and Jitter"): uniform in 0..min(cap, base·2^n). */
export const BACKOFF_BASE_MS = 250;
export const BACKOFF_CAP_MS = 8_000;
/** A wait that the provider asked for is stretched by up to this share. */
const WAIT_JITTER = 0.2;
const ATTEMPTS_PER_CANDIDATE_MAX = 2;

export interface Candidate {
  readonly domain: string;
  /** How long its provider still wants to be left alone; 0 when it does not. */
  readonly pausedMs: number;
  /** Another call already waits for the end of that pause. */
  readonly waitedFor: boolean;
  /** The domain's budget allows one more same-domain retry. */
  readonly mayRetry: boolean;
  /** It failed this same call before the client sent it again. */
  readonly failedBefore: boolean;
  /** An operator took it out of rotation: it is never tried. */
  readonly drained: boolean;
  /** Every key of its provider is known to be rejected or out of quota: it comes after all others. */
  readonly noKey: boolean;
  /** Its provider has another key that may be used at once. */
  readonly spareKey: boolean;
  /** Belief lets this call go there; others go there only for want of anything else. */
  readonly admitted: boolean;
  /** Under suspicion before this call: no second try there. */
  readonly strained: boolean;
  /** Its provider says that other models are sick, and not this one: it counts as a domain of its own. */
  readonly spared?: boolean | undefined;
  /** Why it cannot hold the request. */
  readonly lacking?: FaultKind | undefined;
  readonly contextTokens?: number | undefined;
  /** As much is under way at its provider as may be, or it takes no more by failover now: it is passed over. */
  readonly full: boolean;
  /** Its load would grow faster than providers like: any other target that is well is better. */
  readonly crowded: boolean;
  /** It will take so long to its first content at least: it is no use to a call that ends before; 0 when not known. */
  readonly soonestMs: number;
}

export interface Tried {
  readonly candidate: number;
  readonly fault: Fault;
  /** It could not be asked: its provider saw nothing. */
  readonly unsent?: true;
}

export interface Situation {
  readonly history: readonly Tried[];
  /** Best first. */
  readonly candidates: readonly Candidate[];
  readonly attemptsMax: number;
  readonly retryWaitMs: number;
  /** To be tried first if all is well there, whatever the order. */
  readonly favoured?: number | undefined;
  /** Until the call must have committed. */
  readonly remainingMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

export type Move =
  | { readonly type: "try"; readonly candidate: number; readonly afterMs: number; readonly retry: boolean }
  | { readonly type: "hedge"; readonly candidate: number }
  | { readonly type: "stop" };

const STOP = { type: "stop" } as const;

/**
 * Failover first; a target that is drained, full or too slow for the time left is never tried, nor one that cannot hold the
 * request while another can. In this order:
 * 1. a fault that is final stops; so does the attempt cap over everything sent for this call;
 * 2. a target that has shown in which form it is to be asked is asked so; a key that is rejected, limited or out of quota is
 *    followed by the provider's next one: the model asked for is kept;
 * 3. a short `retry-after` is waited for, once, on the same target, by one call at a time, if its budget allows;
 * 4. a connect or server fault is retried once on the same target, if its budget allows;
 * 5. the next target of another failure domain, or a model that its provider says is spared, then of a tried one, then one
 *    that is growing too fast; then those that asked to be left alone, those that belief holds back (never fail closed), and
 *    last those without a good key;
 * 6. a route with a single failure domain has nowhere to go: a transient fault is retried there, within the budget.
 */
export function nextMove(now: Situation): Exclude<Move, { type: "hedge" }> {
  const last = now.history.at(-1);
  if (last === undefined) return first(now);
  if (FAULTS[last.fault.kind].retry === "never") return STOP;
  if (now.history.length >= now.attemptsMax) return STOP;
  return again(now, last) ?? elsewhere(now) ?? nowhereElse(now, last) ?? STOP;
}

type Try = Extract<Move, { type: "try" }>;

/**
 * While the first attempt, at `first`, is late: where a second one may go in parallel. Only to another failure domain, and
 * only where all is well: nothing is held against it, and the call itself has room for one more attempt.
 */
export function hedgeMove(now: Situation, first: number): Extract<Move, { type: "hedge" | "stop" }> {
  const domain = now.candidates[first]?.domain;
  if (now.history.length > 0 || now.attemptsMax < 2 || now.remainingMs <= 0) return STOP;
  const candidate = now.candidates.findIndex(
    (other) => other.domain !== domain && isCalm(other) && !other.full && !other.crowded,
  );
  return candidate < 0 ? STOP : { type: "hedge", candidate };
}

function isCalm({ admitted, strained, drained, noKey, failedBefore, pausedMs }: Candidate): boolean {
  return admitted && !strained && !drained && !noKey && !failedBefore && pausedMs <= 0;
}

function first(now: Situation): Try | typeof STOP {
  return elsewhere(now) ?? STOP;
}

function again(now: Situation, last: Tried): Try | undefined {
  const candidate = now.candidates[last.candidate];
  if (candidate === undefined || !hasRoom(now, last.candidate)) return undefined;
  const { retryAfterMs, kind, taught } = last.fault;
  if (taught === true) return { type: "try", candidate: last.candidate, afterMs: 0, retry: false };
  if (candidate.spareKey && isKeyFault(kind))
    return { type: "try", candidate: last.candidate, afterMs: 0, retry: false };
  if (isWorthWaiting(retryAfterMs)) {
    const othersWait = candidate.waitedFor && hasUntried(now);
    // Calls that were told the same must not come back as one.
    const afterMs = retryAfterMs * (1 + WAIT_JITTER * now.random);
    const fits = retryAfterMs <= now.retryWaitMs && afterMs + candidate.soonestMs < now.remainingMs;
    if (!fits || othersWait || !candidate.mayRetry) return undefined;
    return { type: "try", candidate: last.candidate, afterMs, retry: true };
  }
  if (FAULTS[kind].retry !== "same" || !candidate.mayRetry || candidate.strained) return undefined;
  return backOff(now, last.candidate);
}

function elsewhere(now: Situation): Try | undefined {
  let best = -1;
  let bestRank = Number.POSITIVE_INFINITY;
  for (let index = 0; index < now.candidates.length; index++) {
    if (!isUntried(now, index)) continue;
    const own = rank(now, index);
    if (best >= 0 && own >= bestRank) continue;
    best = index;
    bestRank = own;
  }
  if (best < 0) return undefined;
  const { pausedMs = 0, soonestMs = 0 } = now.candidates[best] ?? {};
  // All that is left asked to be left alone: a short wait is kept, a long one is not (never fail closed), nor one after which
  // there is no time for an answer.
  const waitMs = pausedMs * (1 + WAIT_JITTER * now.random);
  const afterMs = pausedMs <= now.retryWaitMs && waitMs + soonestMs < now.remainingMs ? waitMs : 0;
  return { type: "try", candidate: best, afterMs, retry: false };
}

/** Lower is better; ties keep the route's order. */
function rank(now: Situation, index: number): number {
  const candidate = now.candidates[index];
  if (candidate === undefined) return Number.POSITIVE_INFINITY;
  if (index === now.favoured && isCalm(candidate)) return -1;
  const paused = candidate.pausedMs > 0 ? 4 + candidate.pausedMs / 1e9 : 0;
  return (
    (candidate.noKey ? 1e6 : 0) +
    (candidate.admitted ? 0 : 8) +
    paused +
    (candidate.failedBefore ? 2 : 0) +
    (candidate.crowded ? 1.5 : 0) +
    (attemptsOn(now, candidate.domain) > 0 && candidate.spared !== true ? 1 : 0)
  );
}

function nowhereElse(now: Situation, last: Tried): Try | undefined {
  const candidate = now.candidates[last.candidate];
  const singleDomain = now.candidates.every(
    (other) => other.drained || other.full || other.domain === candidate?.domain,
  );
  if (!singleDomain || candidate === undefined || !candidate.mayRetry) return undefined;
  if (!hasRoom(now, last.candidate) || isWorthWaiting(last.fault.retryAfterMs)) return undefined;
  if (!isTransient(last.fault)) return undefined;
  return backOff(now, last.candidate);
}

/** `retry-after: 0` and the like ask for nothing: they are no reason to stay. */
function isWorthWaiting(retryAfterMs: number | undefined): retryAfterMs is number {
  return retryAfterMs !== undefined && retryAfterMs >= BACKOFF_BASE_MS;
}

/** Worth another try at the very same place: a timeout already used up the client's patience, the rest is permanent. */
function isTransient({ kind }: Fault): boolean {
  return (
    kind === "overloaded" ||
    kind === "server-error" ||
    kind === "rate-limited" ||
    kind === "stream-broken" ||
    kind === "malformed-reply" ||
    kind === "empty-reply" ||
    kind === "useless-reply"
  );
}

function backOff(now: Situation, candidate: number): Try | undefined {
  const afterMs = jitter(now, now.history.length - 1);
  return afterMs < now.remainingMs ? { type: "try", candidate, afterMs, retry: true } : undefined;
}

function jitter(now: Situation, exponent: number): number {
  return now.random * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** exponent);
}

function hasRoom(now: Situation, index: number): boolean {
  if (!isOpen(now, index)) return false;
  let count = 0;
  for (const tried of now.history) if (tried.candidate === index) count++;
  return count < ATTEMPTS_PER_CANDIDATE_MAX;
}

function hasUntried(now: Situation): boolean {
  return now.candidates.some((_, index) => isUntried(now, index));
}

function isUntried(now: Situation, index: number): boolean {
  if (!isOpen(now, index)) return false;
  for (const tried of now.history) if (tried.candidate === index) return false;
  return true;
}

function isOpen(now: Situation, index: number): boolean {
  const candidate = now.candidates[index];
  if (candidate === undefined || candidate.drained || candidate.full) return false;
  if (candidate.soonestMs > now.remainingMs || isPassedOver(now.candidates, index, now.history)) return false;
  return attemptsOn(now, candidate.domain) < ATTEMPTS_PER_DOMAIN_MAX;
}

function attemptsOn(now: Situation, domain: string): number {
  let count = 0;
  for (const { candidate, unsent } of now.history)
    if (unsent !== true && now.candidates[candidate]?.domain === domain) count++;
  return count;
}
