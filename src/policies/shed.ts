// When belief holds that no target of a route will answer: which calls are tried all the same. Some always are, critical ones
// more, and as many again as answers come back; the others are told at once. Pure rules over a cell. While one target is
// believed to answer, nothing here is asked.

import type { Criticality } from "../core/call.ts";
import type { AdmissionCell } from "../core/cell.ts";

/** So many times as are answered may be tried: above a quarter of answers nobody is shed (SRE, "adaptive throttling"). */
const PER_ANSWER = 4;
/** As if so much had been answered: what keeps a trickle going. */
const PRIOR = 0.25;
const SHARE_MIN = 0.02;
/** Nobody is shed on the word of fewer. */
const TRIED_MIN = 4;
const TAU_MS = 60_000;
/** Whatever the shares, somebody is tried so often. */
const EVERY_MS = 5_000;
/** A target that just answered needs calls to tell. */
const HOPEFUL_SHARE = 0.5;
const CRITICAL_TIMES = 4;
/** What a client that was shed is told to wait. */
const RETRY_MS = 5_000;
const RETRY_JITTER_MS = 5_000;
/** Calls of one route that wait for room at once, for how long at most, and how often they look. */
export const QUEUE_MAX = 256;
export const QUEUE_LOOK_MS = 100;
const QUEUE_AGE_MS = 1_000;
const QUEUE_SHARE = 0.05;

/** How belief holds a target for one call. */
export interface Standpoint {
  readonly admitted: boolean;
  readonly strained: boolean;
  /** Its provider says that other models are sick, and not this one. */
  readonly spared?: boolean;
  /** Believed not to answer. */
  readonly down: boolean;
  /** Down, though it has just answered a probe. */
  readonly hopeful: boolean;
  /** Silent together with others: whose trouble it is, is open. */
  readonly hushed: boolean;
  /** The same, and nobody has answered since. */
  readonly mute: boolean;
}

/** Nobody will answer a call now, whosever trouble it is. */
export function isHushed(standings: readonly Standpoint[], isDrained: (index: number) => boolean): boolean {
  return standings.every(({ down, hushed }, index) => down || hushed || isDrained(index));
}

/** Every target in rotation is believed not to answer, whosever trouble it is. */
export function isOutage(standings: readonly Standpoint[], isDrained: (index: number) => boolean): boolean {
  let inRotation = 0;
  for (const [index, { down, mute }] of standings.entries()) {
    if (isDrained(index)) continue;
    if (!down && !mute) return false;
    inRotation++;
  }
  return inRotation > 0;
}

/** The target that is to be tried: one that has answered a probe, else each in its turn. Others come after it, as ever. */
export function chosenOf(
  cell: AdmissionCell,
  standings: readonly Standpoint[],
  isDrained: (index: number) => boolean,
): readonly Standpoint[] {
  const open = standings.map((_, index) => index).filter((index) => !isDrained(index));
  const chosen = open.find((index) => standings[index]?.hopeful) ?? open[cell.turn++ % Math.max(1, open.length)];
  return standings.map((standing, index) => ({ ...standing, admitted: index === chosen }));
}

export interface Plea {
  readonly criticality: Criticality;
  /** One of the targets has answered a probe. */
  readonly hopeful: boolean;
  /** Uniform in [0, 1). */
  readonly random: number;
}

export type Admission = "all" | "one" | "shed";

/** `one`: with a single attempt; `all`: as if nothing were wrong. What is admitted is counted as tried. */
export function admission(cell: AdmissionCell, plea: Plea, nowMs: number): Admission {
  forget(cell, nowMs);
  const share = shareOf(cell);
  const overdue = nowMs - cell.triedAtMs >= (plea.criticality === "sheddable" ? 2 * EVERY_MS : EVERY_MS);
  if (!overdue && plea.random >= shareFor(share, plea)) return "shed";
  cell.tried++;
  cell.triedAtMs = nowMs;
  return share >= 1 ? "all" : "one";
}

/** A call that began before the outage was noticed has failed once: whether it is tried further. What is, is counted as tried. */
export function goesOn(cell: AdmissionCell, nowMs: number): boolean {
  forget(cell, nowMs);
  if (shareOf(cell) < 1) return false;
  cell.tried++;
  cell.triedAtMs = nowMs;
  return true;
}

/** A target answered a call that was admitted so. */
export function admittedAnswered(cell: AdmissionCell, nowMs: number): void {
  forget(cell, nowMs);
  cell.answered = Math.min(cell.tried, cell.answered + 1);
}

/** Of all calls, within SHARE_MIN..1. */
function shareOf({ tried, answered }: AdmissionCell): number {
  if (tried < TRIED_MIN) return 1;
  return Math.min(1, Math.max(SHARE_MIN, (PER_ANSWER * (answered + PRIOR)) / (tried + PRIOR)));
}

function shareFor(share: number, { criticality, hopeful }: Plea): number {
  const least = hopeful ? Math.max(HOPEFUL_SHARE, share) : share;
  if (criticality === "critical") return Math.min(1, CRITICAL_TIMES * least);
  // The sheddable are let in when others nearly all are.
  return criticality === "sheddable" ? Math.max(0, 2 * share - 1) : least;
}

function forget(cell: AdmissionCell, nowMs: number): void {
  const ageMs = nowMs - cell.atMs;
  const kept = ageMs > 0 ? Math.exp(-ageMs / TAU_MS) : 1;
  cell.tried *= kept;
  cell.answered *= kept;
  cell.atMs = nowMs;
}

/** In milliseconds, jittered so that those that were shed do not come back as one. */
export function shedRetryMs(random: number): number {
  return RETRY_MS + RETRY_JITTER_MS * random;
}

/** How long a call may wait for room: a queue that is older only makes everybody late. */
export function queueMs(remainingMs: number): number {
  return Math.min(QUEUE_AGE_MS, QUEUE_SHARE * Math.max(0, remainingMs));
}
