// Which of a provider's keys an attempt takes. Not round robin: prompt caches belong to a key's account, so the first key
// is used until it is rejected, out of quota, rate-limited or sick (`health/key-node.ts`), then the next. Pure rules over cells.

import type { KeyCell, TargetCell } from "../core/cell.ts";
import type { Fault, FaultKind } from "../core/fault.ts";

/** A rejected key is tried again after this; the provider's own `retry-after` may make it longer. */
const REST_MS = 60_000;
/** While one call tries a rested key, the others leave it alone this long. */
const TRIAL_MS = 10_000;
/** A rate limit without a `retry-after`, where another key can serve meanwhile. */
const PAUSE_MS = 5_000;
/**
 * These say something of the key alone. A 403, or a 400 that speaks of credit, may be about what was asked with it: one
 * caller must not be able to put a key to rest for all.
 */
const SURE_STATUSES: ReadonlySet<number> = new Set([401, 402, 429]);
/** Without a success in between, doubt ends here. */
const STRIKES_SURE = 3;

const KEY_FAULTS: ReadonlySet<FaultKind> = new Set(["rate-limited", "credential-rejected", "quota-exhausted"]);

/** What is known of one key at one target. */
export interface KeyState {
  readonly key: KeyCell;
  /** Of this key at this target: a rate limit belongs to both. */
  readonly pause: TargetCell;
}

/** How a target stands with all of its provider's keys. */
export interface KeyStanding {
  /** Until the first key that is no worse than rate-limited may be used. */
  readonly pausedMs: number;
  /** Every key is known to be rejected or out of quota. */
  readonly noKey: boolean;
  /** There are several, and one may be used at once. */
  readonly spareKey: boolean;
}

/** True for faults that another key of the same provider may not have. */
export function isKeyFault(kind: FaultKind): boolean {
  return KEY_FAULTS.has(kind);
}

/**
 * The place of the key to use now; the least bad one when none is good, -1 when there is none at all. `tries`: it may be a
 * sick one whose turn it is.
 */
export function pickKey(keys: readonly KeyState[], nowMs: number, tries = true): number {
  // Nearly always there is one, and nothing to choose.
  if (keys.length < 2) return keys.length - 1;
  let best = -1;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const [index, state] of keys.entries()) {
    const rank = rankOf(state, nowMs, tries);
    if (rank >= bestRank) continue;
    best = index;
    bestRank = rank;
  }
  return best;
}

/** Lower is better; 0 is free. Beyond a class, the sooner it comes back the better. */
function rankOf({ key, pause }: KeyState, nowMs: number, tries: boolean): number {
  if (nowMs < key.restUntilMs) return (key.sure ? 3 : 2) + share(key.restUntilMs - nowMs);
  const untilMs = pausedUntilMs(pause);
  if (nowMs < untilMs) return 1 + share(untilMs - nowMs);
  const avoided = tries ? isAvoided(pause, nowMs) : pause.evidence?.sick === true;
  return avoided ? 0.5 + share(pause.evidence?.score ?? 0) : 0;
}

/** What was asked with it failed, and it is not yet time for one call to try again. */
function isAvoided({ evidence }: TargetCell, nowMs: number): boolean {
  if (evidence?.sick !== true) return false;
  const ageMs = nowMs - evidence.triedAtMs;
  return ageMs >= 0 && ageMs < TRIAL_MS;
}

/** Another key than this one is as good as any: what fails with this one may be its own doing. */
export function hasWellKey(keys: readonly KeyState[], but: KeyState, nowMs: number): boolean {
  return keys.some((state) => state !== but && rankOf(state, nowMs, false) === 0);
}

/** By its provider's word after a 429, or by what is left of its quota. */
export function pausedUntilMs({ pausedUntilMs: askedMs, quota }: TargetCell): number {
  return quota === undefined ? askedMs : Math.max(askedMs, quota.untilMs);
}

/** Within 0..1, monotonic. */
function share(delayMs: number): number {
  return delayMs / (delayMs + 1_000_000);
}

export function keyStanding(keys: readonly KeyState[], nowMs: number): KeyStanding {
  let pausedMs = Number.POSITIVE_INFINITY;
  let noKey = true;
  for (const { key, pause } of keys) {
    const rests = nowMs < key.restUntilMs;
    if (!(rests && key.sure)) noKey = false;
    if (!rests) pausedMs = Math.min(pausedMs, Math.max(0, pausedUntilMs(pause) - nowMs));
  }
  // Keys at rest are not waited for: what ails them seldom passes by itself.
  const known = Number.isFinite(pausedMs);
  return { pausedMs: known ? pausedMs : 0, noKey, spareKey: keys.length > 1 && known && pausedMs === 0 };
}

/** A key that rested, or is sick, is tried by one call at a time. */
export function takeKey({ key, pause }: KeyState, nowMs: number): void {
  if (pause.evidence?.sick === true && !isAvoided(pause, nowMs)) pause.evidence.triedAtMs = nowMs;
  if (key.strikes > 0 && nowMs >= key.restUntilMs) key.restUntilMs = nowMs + TRIAL_MS;
}

export function noteSuccess({ key }: KeyState): void {
  key.restUntilMs = 0;
  key.strikes = 0;
  key.sure = false;
}

export interface KeyOutcome {
  readonly fault: Fault;
  /** The provider's HTTP status, when one came. */
  readonly status?: number | undefined;
  /** The provider has other keys. */
  readonly several: boolean;
  readonly nowMs: number;
}

export function noteFault({ key, pause }: KeyState, { fault, status, several, nowMs }: KeyOutcome): void {
  if (fault.kind === "rate-limited") {
    const pauseMs = fault.retryAfterMs ?? (several ? PAUSE_MS : 0);
    pause.pausedUntilMs = Math.max(pause.pausedUntilMs, nowMs + pauseMs);
  } else if (isKeyFault(fault.kind)) {
    key.strikes++;
    key.sure = (status !== undefined && SURE_STATUSES.has(status)) || key.strikes >= STRIKES_SURE;
    key.restUntilMs = nowMs + Math.max(REST_MS, fault.retryAfterMs ?? 0);
  }
}
