// What calls tell of a provider and of a route, kept small: attempts in slots of ten seconds, faults since all was well,
// and refusals of our account in a row. Pure rules over cells; which of it makes an incident is `follow.ts`.

import { FAULTS, type FaultKind } from "../core/fault.ts";
import type { Edge, Incident } from "../core/incident.ts";

export const SLOT_MS = 10_000;
const SLOTS = 60;
/** The onset is looked for across gaps of this many slots. */
const GAP_SLOTS = 3;
const SICK_SHARE = 0.1;
const KINDS_MAX = 32;

/** Attempts (of a provider) or calls (of a route) by slot. */
export interface SlotRing {
  readonly slot: Float64Array;
  readonly all: Int32Array;
  readonly failed: Int32Array;
  readonly firstFailedMs: Float64Array;
}

export interface DomainWatch {
  readonly ring: SlotRing;
  /** By kind, since the last time that all was well. */
  readonly faults: Map<FaultKind, number>;
  /** Successes since the process began. */
  successes: number;
  lastSuccessMs: number;
  lastFailureMs: number;
  /** Refusals of our account in a row, and since when. */
  account: { streak: number; sinceMs: number; kind: FaultKind | undefined };
  /** When an open incident's target was last heard of: asked, probed, or believed something else. */
  readonly heard: Map<string, number>;
  /** When a call last met an open incident: failed there, or went past it. */
  metMs: number;
  /** The newest incident of each edge, open or not. */
  readonly newest: { [edge in Edge]?: Incident };
}

export function createRing(): SlotRing {
  return {
    slot: new Float64Array(SLOTS).fill(-1),
    all: new Int32Array(SLOTS),
    failed: new Int32Array(SLOTS),
    firstFailedMs: new Float64Array(SLOTS),
  };
}

export function createWatch(): DomainWatch {
  return {
    ring: createRing(),
    faults: new Map(),
    successes: 0,
    lastSuccessMs: 0,
    lastFailureMs: 0,
    account: { streak: 0, sinceMs: 0, kind: undefined },
    heard: new Map(),
    metMs: 0,
    newest: {},
  };
}

export function countIn(ring: SlotRing, failed: boolean, nowMs: number): void {
  const slot = Math.floor(nowMs / SLOT_MS);
  const at = slot % SLOTS;
  if (ring.slot[at] !== slot) {
    ring.slot[at] = slot;
    ring.all[at] = 0;
    ring.failed[at] = 0;
  }
  ring.all[at] = (ring.all[at] ?? 0) + 1;
  if (!failed) return;
  if (ring.failed[at] === 0) ring.firstFailedMs[at] = nowMs;
  ring.failed[at] = (ring.failed[at] ?? 0) + 1;
}

/** What was counted within the last `spanMs`, whole slots, the present one included. */
export function countsOf(ring: SlotRing, spanMs: number, nowMs: number): { all: number; failed: number } {
  const last = Math.floor(nowMs / SLOT_MS);
  const first = last - Math.min(SLOTS - 1, Math.ceil(spanMs / SLOT_MS));
  let all = 0;
  let failed = 0;
  for (let slot = first; slot <= last; slot++) {
    const at = slot % SLOTS;
    if (ring.slot[at] !== slot) continue;
    all += ring.all[at] ?? 0;
    failed += ring.failed[at] ?? 0;
  }
  return { all, failed };
}

/** The end of the newest slot in which more than one attempt, and more than a tenth of them, failed; 0 for none. */
export function lastDirtyMs(ring: SlotRing): number {
  let newest = 0;
  for (let at = 0; at < SLOTS; at++) {
    const slot = ring.slot[at] ?? -1;
    if (slot >= 0 && isDirty(ring, at) && (slot + 1) * SLOT_MS > newest) newest = (slot + 1) * SLOT_MS;
  }
  return newest;
}

/** When the trouble that is seen now began: back from now through slots with failures, over short gaps. */
export function onsetMs(ring: SlotRing, nowMs: number): number {
  let slot = Math.floor(nowMs / SLOT_MS);
  let onset = nowMs;
  let gap = 0;
  for (let walked = 0; walked < SLOTS && gap <= GAP_SLOTS; walked++, slot--) {
    const at = ((slot % SLOTS) + SLOTS) % SLOTS;
    const sick = ring.slot[at] === slot && (ring.failed[at] ?? 0) / Math.max(1, ring.all[at] ?? 0) > SICK_SHARE;
    gap = sick ? 0 : gap + 1;
    if (sick) onset = Math.min(nowMs, ring.firstFailedMs[at] ?? nowMs);
  }
  return onset;
}

function isDirty(ring: SlotRing, at: number): boolean {
  const failed = ring.failed[at] ?? 0;
  return failed >= 2 && failed / Math.max(1, ring.all[at] ?? 0) > SICK_SHARE;
}

/** One attempt of a call that ended. `fault` absent: it was answered. True when it says anything of the provider. */
export function noteAttempt(watch: DomainWatch, fault: FaultKind | undefined, nowMs: number): boolean {
  if (fault === undefined) {
    watch.successes++;
    watch.lastSuccessMs = nowMs;
    watch.account.streak = 0;
    countIn(watch.ring, false, nowMs);
    return true;
  }
  if (isAccountFault(fault)) {
    const { account } = watch;
    if (account.streak === 0) account.sinceMs = nowMs;
    account.streak++;
    // The harder word stands.
    if (account.streak === 1 || fault !== "rate-limited") account.kind = fault;
    return true;
  }
  if (!isSickness(fault)) return false;
  countIn(watch.ring, true, nowMs);
  watch.lastFailureMs = nowMs;
  if (watch.faults.has(fault) || watch.faults.size < KINDS_MAX) {
    watch.faults.set(fault, (watch.faults.get(fault) ?? 0) + 1);
  }
  return true;
}

/** A failure that moves a belief: the provider's or the network's own. */
export function isSickness(fault: FaultKind): boolean {
  const { blame, evidence } = FAULTS[fault];
  return evidence > 0 && (blame === "provider" || blame === "network");
}

export function isAccountFault(fault: FaultKind): boolean {
  return fault === "quota-exhausted" || fault === "credential-rejected" || fault === "rate-limited";
}

const REFUSED_STREAK = 3;
const REFUSED_MS = 5_000;
const LIMITED_STREAK = 20;
const LIMITED_MS = 60_000;

/** Our account is refused for long enough to tell people: quickly where a person must act, slowly for mere rate limits. */
export function isAccountSick({ account }: DomainWatch, nowMs: number): boolean {
  const { streak, sinceMs, kind } = account;
  const lastedMs = nowMs - sinceMs;
  if (kind === "rate-limited") return streak >= LIMITED_STREAK && lastedMs >= LIMITED_MS;
  return streak >= REFUSED_STREAK && lastedMs >= REFUSED_MS;
}
