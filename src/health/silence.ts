// Evidence from calls that have not answered yet: an outage of silence is seen long before its timeouts. Calls are counted
// in slots of 250 ms by when they began, so that the cost is that of the slots and never of the calls. A slot weighs how
// unlikely its silence is against how long first contents took while all was well; the newest slots count together as a
// CUSUM read backwards. Only calls of one shape are compared: a long answer asked for whole is no silence.

import type { BeliefCell, SilenceCell } from "../core/cell.ts";

export const SLOT_MS = 250;
const SLOTS = 240;
const BUCKETS = 40;
const BUCKET_BASE_MS = 50;
const BUCKET_GROWTH = Math.log(1.25);
/** If it is sick, this share of its calls hangs. */
const HANGING = 0.3;
const ANSWERED = Math.log(1 - HANGING);
const SLOT_CALL_MAX = 4;
/** The first answers to come are the fast ones: nothing is judged by them alone. */
const LEARNT_MIN = 30;
const LEARNT_MIN_MS = 30_000;
const FASTEST = 0.1;
/** Old habits are forgotten: beyond this many answers every count is halved. */
const LEARNT_MAX = 2_000;

export interface Asked {
  readonly stream: boolean;
  readonly thinks: boolean;
  readonly maxTokens?: number | undefined;
  readonly promptBytes: number;
}

/**
 * What is asked for decides how late the first content may be: of a stream the length of its prompt (0–2), of a whole answer
 * the most tokens that it may have (3–6); either way apart where the model thinks (7–13).
 */
export function shapeOf({ stream, thinks, maxTokens = 4_096, promptBytes }: Asked): number {
  const long = promptBytes <= 32_768 ? 0 : promptBytes <= 262_144 ? 1 : 2;
  const most = maxTokens <= 256 ? 3 : maxTokens <= 1_024 ? 4 : maxTokens <= 4_096 ? 5 : 6;
  return (stream ? long : most) + (thinks ? 7 : 0);
}

/** Notes that a call began; the result is its slot, for `callAnswered`. */
export function callBegan(cell: BeliefCell, shape: number, nowMs: number): number {
  cell.silences[shape] ??= createSilence(nowMs);
  const silence = cell.silences[shape];
  const slot = Math.floor(nowMs / SLOT_MS);
  turnTo(silence, slot);
  silence.silent[slot % SLOTS] = (silence.silent[slot % SLOTS] ?? 0) + 1;
  return slot;
}

export interface Heard {
  readonly shape: number;
  readonly slot: number;
  /** It brought content; false: it ended in another way, which is evidence of its own. */
  readonly content: boolean;
  /** Its time is one to go by: that of an answer, or of an attempt that was outrun and would have taken longer still. */
  readonly learn: boolean;
}

export function callAnswered(cell: BeliefCell, { shape, slot, content, learn }: Heard, nowMs: number): void {
  const silence = cell.silences[shape];
  if (silence === undefined) return;
  turnTo(silence, Math.floor(nowMs / SLOT_MS));
  if (slot > silence.newestSlot - SLOTS && (silence.silent[slot % SLOTS] ?? 0) > 0) {
    silence.silent[slot % SLOTS] = (silence.silent[slot % SLOTS] ?? 0) - 1;
    if (content) silence.answered[slot % SLOTS] = (silence.answered[slot % SLOTS] ?? 0) + 1;
  }
  if (learn) learnt(silence, nowMs - slot * SLOT_MS);
}

/**
 * By when this share of such calls has its first content, in milliseconds: the upper end of a bucket, so up to a quarter
 * more. `undefined` while too few were seen. Nothing is learnt while the target is not well.
 */
export function lateAfterMs(cell: BeliefCell, shape: number, share: number): number | undefined {
  const silence = cell.silences[shape];
  if (silence === undefined || silence.learntTotal < LEARNT_MIN) return undefined;
  let wanted = silence.learntTotal * share;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    wanted -= silence.learnt[bucket] ?? 0;
    if (wanted <= 1e-9) return BUCKET_BASE_MS * Math.exp(BUCKET_GROWTH * (bucket + 1));
  }
  return undefined;
}

export function isSilenceDue({ silenceAtMs }: BeliefCell, nowMs: number): boolean {
  return nowMs - silenceAtMs >= SLOT_MS || nowMs < silenceAtMs;
}

/** The evidence of all shapes at this moment, at least 0; looked at anew at most once a slot. */
export function silenceOf(cell: BeliefCell, ratePerS: number, nowMs: number): number {
  if (!isSilenceDue(cell, nowMs)) return cell.silence;
  cell.silenceAtMs = nowMs;
  let most = 0;
  for (const silence of cell.silences) {
    if (silence !== undefined) most = Math.max(most, evidence(silence, nowMs));
  }
  // A few silent calls are no proof: at low rates it takes a failed probe, or an outcome, besides.
  cell.silence = Math.min(most, 5 + 4.5 * Math.log10(Math.max(1, ratePerS)));
  return cell.silence;
}

/** Whoever is silent now is none of it any more: answers that still come take nothing away. */
export function forgetSilent(cell: BeliefCell, nowMs: number): void {
  for (const silence of cell.silences) silence?.silent.fill(0);
  cell.silence = 0;
  cell.silenceAtMs = nowMs;
}

/** How long the fastest tenth of first contents took at least, in milliseconds; 0: not known yet. */
export function soonestMs(cell: BeliefCell, shape: number): number {
  const silence = cell.silences[shape];
  if (silence === undefined || silence.learntTotal < LEARNT_MIN) return 0;
  let below = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    below += silence.learnt[bucket] ?? 0;
    // Its lower edge: nobody is turned away by the width of a bucket.
    if (below >= silence.learntTotal * FASTEST)
      return bucket === 0 ? 0 : BUCKET_BASE_MS * Math.exp(bucket * BUCKET_GROWTH);
  }
  return 0;
}

function createSilence(nowMs: number): SilenceCell {
  return {
    silent: new Int32Array(SLOTS),
    answered: new Int32Array(SLOTS),
    newestSlot: Math.floor(nowMs / SLOT_MS),
    learnt: new Float64Array(BUCKETS),
    learntTotal: 0,
    learntSinceMs: nowMs,
  };
}

function turnTo(silence: SilenceCell, slot: number): void {
  const first = Math.max(silence.newestSlot + 1, slot - SLOTS + 1);
  for (let each = first; each <= slot; each++) {
    silence.silent[each % SLOTS] = 0;
    silence.answered[each % SLOTS] = 0;
  }
  silence.newestSlot = Math.max(silence.newestSlot, slot);
}

function bucketOf(ageMs: number): number {
  const bucket = Math.floor(Math.log(Math.max(1, ageMs / BUCKET_BASE_MS)) / BUCKET_GROWTH);
  return Math.min(BUCKETS - 1, bucket);
}

function learnt(silence: SilenceCell, tookMs: number): void {
  const bucket = bucketOf(tookMs);
  silence.learnt[bucket] = (silence.learnt[bucket] ?? 0) + 1;
  silence.learntTotal++;
  if (silence.learntTotal < LEARNT_MAX) return;
  for (let each = 0; each < BUCKETS; each++) silence.learnt[each] = (silence.learnt[each] ?? 0) / 2;
  silence.learntTotal /= 2;
}

function evidence(silence: SilenceCell, nowMs: number): number {
  if (silence.learntTotal < LEARNT_MIN || nowMs - silence.learntSinceMs < LEARNT_MIN_MS) return 0;
  const later = survivors(silence);
  const slotNow = Math.floor(nowMs / SLOT_MS);
  let sum = 0;
  let most = 0;
  for (let slot = slotNow; slot > slotNow - SLOTS && slot >= 0 && slot > silence.newestSlot - SLOTS; slot--) {
    if (slot > silence.newestSlot) continue;
    const silent = silence.silent[slot % SLOTS] ?? 0;
    const answered = silence.answered[slot % SLOTS] ?? 0;
    if (silent === 0 && answered === 0) continue;
    const share = later[bucketOf(nowMs - (slot + 1) * SLOT_MS)] ?? 1;
    sum += silent * Math.min(SLOT_CALL_MAX, Math.log(1 - HANGING + HANGING / share)) + answered * ANSWERED;
    most = Math.max(most, sum);
  }
  return most;
}

/** For each bucket the share of calls that took longer, never 0. */
function survivors({ learnt: counts, learntTotal }: SilenceCell): Float64Array {
  const shares = new Float64Array(BUCKETS);
  let later = 0.5;
  for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
    later += counts[bucket] ?? 0;
    shares[bucket] = Math.min(1, later / (learntTotal + 0.5));
  }
  return shares;
}
