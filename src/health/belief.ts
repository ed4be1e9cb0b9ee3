// What is believed of a target, and how outcomes, silence and probes move it: healthy › suspect › ejected › probation ›
// ramp › healthy. Pure rules over cells, O(1) an outcome; nothing here has a timer: calls that come by drive it all.

import type { BeliefCause } from "../core/belief-cause.ts";
import { type BeliefCell, type BeliefState, type PoolCell, PROBES_WANTED_MIN, type SelfCell } from "../core/cell.ts";
import type { ProbeVerdict } from "../core/evidence.ts";
import { beginAnew } from "./crawl.ts";
import { AFTERMATH, DETECTION, ejectAt, type Hypotheses, RECOVERY, scored } from "./cusum.ts";
import { isSpared, pageEvidence, wordProbeEveryMs, wordShare } from "./fuse.ts";
import { calmPool, inherited, inheritedAfar, notePool } from "./pool.ts";
import { beginRamp, cutRamp, growRamp, placeOf } from "./ramp.ts";
import { countOne, rateOf } from "./rate.ts";
import { domainAnswered, domainSilent, isLagging, isMute, isSleptThrough, suspectsItself } from "./self.ts";
import { forgetSilent, isSilenceDue, silenceOf } from "./silence.ts";
import { paceShare } from "./slowness.ts";

const DWELL_MS = 10_000;
const PROBE_EVERY_MS = 5_000;
const SELDOM_RATE = 0.4;
/** Above the former, so that a rate of about that does not go to and fro. */
const OFTEN_RATE = 0.5;
const PROBES_WANTED_MAX = 6;
const PROBE_FAILED = 2;
/** Of one that was answered, and not so that it could be checked: the ramp is to judge, after twice as many. */
const PROBE_UNPROVEN = 0.5;
const AFTERMATH_MS = 600_000;
/** Below this many calls a second a suspect keeps all of its calls: fewer would only tell less. */
const WEIGHT_RATE_MIN = 5;

/** Of what ejects. */
const DOUBTED = 0.75;

/** Where and when a rule is applied; `random` is uniform in [0, 1). */
export interface Moment {
  readonly nowMs: number;
  readonly random: () => number;
}

export interface Believed {
  readonly cell: BeliefCell;
  readonly pool: PoolCell;
  /** Of the vendor, whose domains fail together less often than a domain's models do; absent: it has one domain here. */
  readonly vendor?: PoolCell | undefined;
  readonly model: string;
  readonly self: SelfCell;
  readonly domain: string;
  /** Who falls silent with it: its vendor, where that has several domains. Absent: the domain alone. */
  readonly owner?: string | undefined;
}

/** A change of state, for whoever is told of it. */
export interface Change {
  readonly from: BeliefState;
  readonly state: BeliefState;
  readonly score: number;
  readonly admission: number;
}

export interface Standing {
  /** This very call may go there first. */
  readonly admitted: boolean;
  /** Too much under suspicion for a second try there. */
  readonly strained: boolean;
  /** Its page names other models as sick, and not it. */
  readonly spared?: boolean;
  /** Believed not to answer. `hopeful`: though it has just answered a probe. */
  readonly down: boolean;
  readonly hopeful: boolean;
  /** It is silent, and so are others: it may be us. */
  readonly hushed: boolean;
  /** And nobody has answered since. */
  readonly mute: boolean;
  readonly probeDue: boolean;
  readonly change?: Change | undefined;
}

const WELL = {
  admitted: true,
  strained: false,
  spared: false,
  down: false,
  hopeful: false,
  hushed: false,
  mute: false,
  probeDue: false,
} as const;

/** How the target stands for one call that could use it. Moves what time alone moves. */
export function stand(believed: Believed, callId: string, { nowMs, random }: Moment): Standing {
  const { cell, pool } = believed;
  countOne(cell.offered, nowMs);
  wakeUp(believed, nowMs);
  const rate = rateOf(cell.attempted, nowMs);
  const change =
    (cell.state === "ramp" ? ramping(believed, { nowMs, random }, rate) : weighed(believed, nowMs, rate)) ??
    halved(believed, nowMs);
  if (cell.state === "healthy" && !cell.slow && pool.page === undefined && cell.pageShare >= 1) {
    return change === undefined ? WELL : { ...WELL, change };
  }
  const total = totalOf(believed, nowMs, rate);
  const limit = ejectAt(rate);
  const paced = paceShare(cell, rateOf(cell.offered, nowMs));
  const share = Math.min(shareOf(cell, total, limit, nowMs), cell.pageShare, paced);
  return {
    admitted: share >= 1 || (share > 0 && placeOf(callId) < share),
    strained:
      cell.slow || cell.pageShare < 1 || (cell.state !== "healthy" && (cell.state !== "ramp" || total >= limit / 2)),
    spared: pool.page !== undefined && isSpared(pool.page, believed.model, nowMs),
    down: isDown(cell),
    hopeful: cell.state === "probation",
    hushed: cell.state === "suspect" && suspectsItself(believed.self, nowMs),
    mute: isMuted(believed, nowMs),
    probeDue: isProbeDue(cell, nowMs) || (pool.page !== undefined && isWordDue(believed, nowMs)),
    change,
  };
}

/** What had grown while we slept goes before anything is judged by it. */
function wakeUp({ cell, self }: Believed, nowMs: number): void {
  if (!isSleptThrough(self, cell.silenceAtMs, nowMs)) return;
  forgetSilent(cell, self.wokeMs);
  beginAnew(cell, nowMs);
}

/** Silent together with others, and nobody answers: whosever trouble it is, a call would not be answered now. */
export function isMuted({ cell, self }: Believed, nowMs: number): boolean {
  return cell.state === "suspect" && isMute(self, nowMs);
}

/** Out of rotation: believed not to answer. */
export function isDown({ state }: BeliefCell): boolean {
  return state === "ejected" || state === "probation";
}

/** `rate`: attempts a second, as of now. */
function totalOf({ cell, pool, vendor, model }: Believed, nowMs: number, rate: number): number {
  const own = cell.score + silenceOf(cell, rate, nowMs) + kin(pool, vendor, rate);
  // On the way back only what is seen counts: pages say "resolved" late.
  if (pool.page === undefined || cell.state === "ramp") return own;
  return own + pageEvidence(pool.page, model, { own, limit: ejectAt(rate) }, nowMs);
}

function kin(pool: PoolCell, vendor: PoolCell | undefined, rate: number): number {
  return vendor === undefined ? inherited(pool, rate) : inherited(pool, rate) + inheritedAfar(vendor, rate);
}

/** What a change stood on. Read it before anything else moves. */
export function causeOf({ cell, pool, vendor, model }: Believed, nowMs: number): BeliefCause {
  const rate = rateOf(cell.attempted, nowMs);
  const limit = ejectAt(rate);
  const siblings = kin(pool, vendor, rate);
  const own = cell.score + cell.silence + siblings;
  const { page } = pool;
  return {
    outcomes: rounded(cell.score),
    silence: rounded(cell.silence),
    siblings: rounded(siblings),
    page: rounded(pageEvidence(page, model, { own, limit }, nowMs)),
    ejectAt: rounded(limit),
    probes: cell.probeScore,
    ...(page !== undefined &&
      nowMs < page.untilMs && { said: { health: page.health, ...(page.incident && { incident: page.incident }) } }),
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function shareOf(cell: BeliefCell, total: number, limit: number, nowMs: number): number {
  if (cell.state === "healthy") return 1;
  if (cell.state === "ramp") return cell.admission;
  if (cell.state !== "suspect") return 0;
  if (rateOf(cell.offered, nowMs) < WEIGHT_RATE_MIN) return 1;
  return Math.min(1, Math.max(0.1, 1 - (0.9 * (total - limit / 2)) / (limit / 2)));
}

/** Healthy and suspect follow the score, with hysteresis. */
function weighed(believed: Believed, nowMs: number, known?: number): Change | undefined {
  const { cell } = believed;
  if (!isWeighed(cell) || isPlainlyWell(believed, nowMs)) return undefined;
  const rate = known ?? rateOf(cell.attempted, nowMs);
  const total = totalOf(believed, nowMs, rate);
  const limit = ejectAt(rate);
  if (cell.silence >= limit / 2) domainSilent(believed.self, believed.owner ?? believed.domain, nowMs);
  if (total >= limit && !suspectsItself(believed.self, nowMs)) return ejected(cell, nowMs, PROBES_WANTED_MIN);
  if (cell.state === "healthy" && total >= limit / 2) return turn(cell, "suspect", nowMs);
  if (cell.state === "suspect" && total < limit / 4) return turn(cell, "healthy", nowMs);
  return undefined;
}

/** Nobody is suspect below this, however few calls there are. */
const SUSPECT_LEAST = ejectAt(0) / 2;

/** Nearly always so, and then nothing is reckoned: what there is together is too little for a suspicion. */
function isPlainlyWell({ cell, pool, vendor }: Believed, nowMs: number): boolean {
  if (cell.state !== "healthy" || pool.page !== undefined || isSilenceDue(cell, nowMs)) return false;
  const kinMost = Math.max(0, pool.score - SUSPECT_LEAST) + Math.max(0, (vendor?.score ?? 0) - SUSPECT_LEAST);
  return cell.score + cell.silence + kinMost < SUSPECT_LEAST;
}

function isWeighed({ state }: BeliefCell): boolean {
  return state === "healthy" || state === "suspect";
}

/** Its page says that it is down, and too few calls come to tell: it keeps half of them. */
function halved({ cell, pool, model }: Believed, nowMs: number): Change | undefined {
  if (pool.page === undefined && cell.pageShare === 1) return undefined;
  const isSeldom = rateOf(cell.offered, nowMs) < (cell.pageShare < 1 ? OFTEN_RATE : SELDOM_RATE);
  const share = isWeighed(cell) ? wordShare(pool.page, model, { score: cell.score, isSeldom }, nowMs) : 1;
  const isNews = share !== cell.pageShare && isWeighed(cell);
  cell.pageShare = share;
  return isNews ? { from: cell.state, state: cell.state, score: cell.score, admission: share } : undefined;
}

/** While the trouble may be ours: a suspect, and never enough to eject it once that is over. */
function doubted(believed: Believed, score: number, nowMs: number): Change | undefined {
  believed.cell.score = Math.max(believed.cell.score, score);
  return weighed(believed, nowMs);
}

function ejected(cell: BeliefCell, nowMs: number, probesWanted: number): Change {
  const change = turn(cell, "ejected", nowMs);
  cell.admission = 0;
  cell.probeScore = 0;
  cell.probeForm = 0;
  cell.probesWanted = probesWanted;
  return { ...change, admission: 0 };
}

function turn(cell: BeliefCell, state: BeliefState, nowMs: number): Change {
  const from = cell.state;
  cell.state = state;
  cell.sinceMs = nowMs;
  return { from, state, score: cell.score + cell.silence, admission: cell.admission };
}

function ramping(believed: Believed, { nowMs, random }: Moment, rate: number): Change | undefined {
  const { cell } = believed;
  const sick = totalOf(believed, nowMs, rate) >= ejectAt(rate);
  if (sick && !suspectsItself(believed.self, nowMs)) return relapse(cell, nowMs);
  if (!growRamp(cell, nowMs, random)) return undefined;
  cell.probesWanted = PROBES_WANTED_MIN;
  cell.healedMs = nowMs;
  return turn(cell, "healthy", nowMs);
}

function relapse(cell: BeliefCell, nowMs: number): Change {
  return ejected(cell, nowMs, Math.min(PROBES_WANTED_MAX, cell.probesWanted + 1));
}

/** What its outcomes are held against while it is healthy or a suspect. */
function measureOf({ healedMs }: BeliefCell, nowMs: number): Hypotheses {
  const sinceMs = nowMs - healedMs;
  return sinceMs >= 0 && sinceMs < AFTERMATH_MS ? AFTERMATH : DETECTION;
}

export interface Outcome {
  readonly failed: boolean;
  /** Of a failure: its fault's `evidence`; of a success: the half that is told now. */
  readonly weight: number;
  /** When the attempt began. */
  readonly beganMs: number;
  /** A failure that our own network could have made. */
  readonly silent?: boolean | undefined;
  /** The end of its attempt: what is counted once. */
  readonly last: boolean;
}

/** One outcome of an attempt, or the half of a success. */
export function note(believed: Believed, outcome: Outcome, { nowMs, random }: Moment): Change | undefined {
  const { cell, pool, vendor, model, self, domain, owner = domain } = believed;
  const { failed, weight, beganMs, last, silent = false } = outcome;
  wakeUp(believed, nowMs);
  if (!failed) domainAnswered(self, owner, nowMs);
  // It was late for us: nobody knows for whom else.
  else if (silent && isLagging(self, nowMs)) return undefined;
  else if (silent && isWeighed(cell)) {
    const limit = ejectAt(rateOf(cell.attempted, nowMs));
    const score = scored(cell.score, measureOf(cell, nowMs), true, weight);
    if (score >= limit / 2) domainSilent(self, owner, nowMs);
    if (suspectsItself(self, nowMs)) return doubted(believed, Math.min(score, DOUBTED * limit), nowMs);
  }
  notePool(pool, { model, failed, weight }, nowMs);
  if (vendor !== undefined) notePool(vendor, { model: domain, failed, weight }, nowMs);
  switch (cell.state) {
    case "healthy":
    case "suspect":
      cell.score = scored(cell.score, measureOf(cell, nowMs), failed, weight);
      return weighed(believed, nowMs);
    case "ejected":
    case "probation":
      // What was begun before says nothing of now; what was sent for want of another is as good as a probe.
      return beganMs >= cell.sinceMs && last
        ? probed(believed, failed ? "sick" : "well", { nowMs, random })
        : undefined;
    case "ramp":
      if (beganMs < cell.sinceMs) return undefined;
      cell.score = scored(cell.score, RECOVERY, failed, weight);
      return last && cutRamp(cell, failed, nowMs) ? relapse(cell, nowMs) : undefined;
  }
}

function isProbeDue(cell: BeliefCell, nowMs: number): boolean {
  if (cell.state === "healthy" || cell.state === "ramp" || cell.probing) return false;
  // Calls that are seldom pace the probes by themselves.
  const seldom = cell.state === "probation" && rateOf(cell.offered, nowMs) < SELDOM_RATE;
  return seldom || nowMs - cell.probedAtMs >= PROBE_EVERY_MS || nowMs < cell.probedAtMs;
}

/** Healthy for all we know, said to be sick, and too few calls to tell: it is asked, and again soon when it failed. */
function isWordDue({ cell, pool, model }: Believed, nowMs: number): boolean {
  if (cell.state !== "healthy" || cell.probing || rateOf(cell.attempted, nowMs) >= SELDOM_RATE) return false;
  const everyMs = wordProbeEveryMs(pool.page, model, nowMs);
  return everyMs !== undefined && nowMs - cell.probedAtMs >= (cell.score > 0 ? PROBE_EVERY_MS : everyMs);
}

/** The outcome of a probe. Under mere suspicion it is an outcome like any other, or says nothing. */
export function probed(believed: Believed, verdict: ProbeVerdict, { nowMs, random }: Moment): Change | undefined {
  const { cell, pool, self } = believed;
  const ok = verdict !== "sick";
  wakeUp(believed, nowMs);
  const asked = cell.state === "healthy" && wordProbeEveryMs(pool.page, believed.model, nowMs) !== undefined;
  if ((cell.state === "healthy" && !asked) || cell.state === "ramp") return undefined;
  if (cell.state === "suspect" || asked) {
    if (verdict === "unproven") return undefined;
    const score = scored(cell.score, measureOf(cell, nowMs), !ok, ok ? 0.5 : 1.2);
    if (!ok && suspectsItself(self, nowMs)) {
      return doubted(believed, Math.min(score, DOUBTED * ejectAt(rateOf(cell.attempted, nowMs))), nowMs);
    }
    cell.score = score;
    return weighed(believed, nowMs);
  }
  const worth = verdict === "unproven" ? PROBE_UNPROVEN : 1;
  cell.probeScore = ok ? cell.probeScore + worth : Math.max(0, cell.probeScore - PROBE_FAILED);
  if (cell.probeScore >= cell.probesWanted && nowMs - cell.sinceMs >= DWELL_MS) {
    beginRamp(cell, nowMs, random());
    calmPool(pool, rateOf(cell.attempted, nowMs));
    return turn(cell, "ramp", nowMs);
  }
  if (ok && cell.state === "ejected") return stay(cell, "probation");
  if (!ok && cell.state === "probation" && cell.probeScore === 0) return stay(cell, "ejected");
  return undefined;
}

/** Another word for the same stay out of rotation: it began when it began. */
function stay(cell: BeliefCell, state: BeliefState): Change {
  const from = cell.state;
  cell.state = state;
  return { from, state, score: cell.score, admission: 0 };
}
