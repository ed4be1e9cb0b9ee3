// Suspicion of ourselves: when several providers fall silent at once and none answers, the trouble is more likely on our side
// (our network, our machine) than in all of them. Then nobody is ejected for it, and what is seen weighs nothing. Pure rules
// over one cell (after Lifeguard: a node that suspects everybody doubts itself first). The same while our event loop stands
// still: answers lie unread then, and timers fire for calls that have been answered. After a sleep of the whole machine (a lid
// that was closed, a virtual machine that was halted) what was under way is as good as lost: it says nothing of anybody.

import type { SelfCell } from "../core/cell.ts";
import type { FaultKind } from "../core/fault.ts";

/** Together is what happens within this time. */
const TOGETHER_MS = 10_000;
const DOMAINS_MIN = 2;
/** Before that the next target may still answer. */
const TOLD_AFTER_MS = 2_000;
/** Calls that hung with us are still being counted out when the trouble is over. */
const LASTS_MS = 15_000;
const DOMAINS_KEPT = 64;
/** A loop that is later than this has stood still. */
const LAG_MS = 500;
/** What has piled up is worked off by then. */
const LAG_LASTS_MS = 2_000;
/** Whoever stood still for longer slept: connections may be gone, and what was silent meanwhile was so for us alone. */
const SLEPT_MS = 5_000;

const SILENT: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "connect-failed",
  "connect-timeout",
  "first-token-timeout",
  "whole-timeout",
  "idle-timeout",
]);

/** True for faults that our own network could have made. */
export function isSilent(kind: FaultKind): boolean {
  return SILENT.has(kind);
}

/** Whoever answers shows that we can be answered. */
export function domainAnswered(self: SelfCell, domain: string, nowMs: number): void {
  self.answeredMs = nowMs;
  if (self.silent.size > 0) self.silent.delete(domain);
  // What was no more than a moment before the next target answered was none of ours.
  if (suspectsItself(self, nowMs) && !self.told) self.untilMs = Number.NEGATIVE_INFINITY;
}

/** A domain came under suspicion, or is still, by its silence. */
export function domainSilent(self: SelfCell, domain: string, nowMs: number): void {
  const known = self.silent.get(domain);
  const sinceMs = known !== undefined && isNear(known.lastMs, nowMs) ? known.sinceMs : nowMs;
  self.silent.delete(domain);
  const oldest = self.silent.size >= DOMAINS_KEPT ? self.silent.keys().next().value : undefined;
  if (oldest !== undefined) self.silent.delete(oldest);
  self.silent.set(domain, { sinceMs, lastMs: nowMs });
  let together = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const silence of self.silent.values()) {
    if (!isNear(silence.lastMs, nowMs)) continue;
    together++;
    lastMs = Math.max(lastMs, silence.sinceMs);
  }
  // Since the last of them fell silent nobody has answered.
  if (together < DOMAINS_MIN || self.answeredMs >= lastMs) return;
  if (!suspectsItself(self, nowMs)) self.sinceMs = nowMs;
  self.untilMs = nowMs + LASTS_MS;
}

export function suspectsItself(self: SelfCell, nowMs: number): boolean {
  const { untilMs } = self;
  // A clock that went back must not hold it for ever.
  return (nowMs < untilMs && untilMs - nowMs <= LASTS_MS) || isLagging(self, nowMs);
}

/** Several fell silent together, and nobody has answered since. */
export function isMute({ untilMs, answeredMs }: SelfCell, nowMs: number): boolean {
  const signMs = untilMs - LASTS_MS;
  return nowMs < untilMs && nowMs >= signMs && answeredMs < signMs;
}

/** Called every `everyMs`: our event loop turns. `wallMs`: the wall's clock, which goes on where a sleep stops the other one. */
export function loopTurned(
  self: SelfCell,
  everyMs: number,
  { nowMs, wallMs }: { readonly nowMs: number; readonly wallMs: number },
): void {
  isLagging(self, nowMs);
  const aheadMs = wallMs - nowMs;
  // Somebody may as well have set it: nothing is lost by that but what was under way.
  if (self.aheadMs !== undefined && aheadMs - self.aheadMs >= SLEPT_MS) {
    self.wokeMs = nowMs;
    self.laggedUntilMs = nowMs + LAG_LASTS_MS;
  }
  self.aheadMs = aheadMs;
  self.beatMs = nowMs;
  self.beatEveryMs = everyMs;
}

/** It stands still no longer than a moment ago. Whoever asks may be ahead of the beat that is overdue. */
export function isLagging(self: SelfCell, nowMs: number): boolean {
  const { beatMs, beatEveryMs } = self;
  const lateMs = nowMs - beatMs - beatEveryMs;
  if (beatEveryMs > 0 && lateMs >= LAG_MS) {
    self.laggedUntilMs = nowMs + LAG_LASTS_MS;
    if (lateMs >= SLEPT_MS) self.wokeMs = nowMs;
    // Noticed once: the beat itself may still be waiting for its turn.
    self.beatMs = nowMs;
  }
  return nowMs < self.laggedUntilMs && self.laggedUntilMs - nowMs <= LAG_LASTS_MS;
}

/** It began before we slept, and is or was under way since: what becomes of it says nothing. */
export function isSleptThrough(self: SelfCell, beganMs: number, nowMs: number): boolean {
  isLagging(self, nowMs);
  // A clock that went back must not hold it for ever.
  return beganMs < self.wokeMs && self.wokeMs <= nowMs;
}

/** Nobody watches our event loop any more. */
export function loopLeft(self: SelfCell): void {
  self.beatEveryMs = 0;
  self.aheadMs = undefined;
}

/** What is to be told: that it began (it has lasted a while), or that it is over; once each. */
export function toldOfSelf(self: SelfCell, nowMs: number): "began" | "ended" | undefined {
  const suspects = suspectsItself(self, nowMs);
  if (suspects === self.told || (suspects && nowMs - self.sinceMs < TOLD_AFTER_MS)) return undefined;
  self.told = suspects;
  return suspects ? "began" : "ended";
}

/** Domains that are silent together. */
export function silentDomains({ silent }: SelfCell, nowMs: number): string[] {
  return [...silent].flatMap(([domain, { lastMs }]) => (isNear(lastMs, nowMs) ? [domain] : []));
}

function isNear(atMs: number, nowMs: number): boolean {
  return nowMs - atMs >= 0 && nowMs - atMs < TOGETHER_MS;
}
