// Shadows of a provider's token buckets, by key and model: what it last said is left, what has come back since, less what was
// sent and not yet told of. When another call would not fit, the key is paused until it does, so that a 429 is
// avoided instead of met. Pure rules over a cell; who is asked instead is decided by key-rotation and next-move.

import type { QuotaBucket, QuotaCell } from "../core/cell.ts";
import type { LimitKind, RateLimit } from "../core/rate-limit.ts";
import type { Usage } from "../core/usage.ts";

/** What headers say keeps no key away for longer: hostile and broken values are common. */
export const QUOTA_PAUSE_MAX_MS = 60_000;
const MINUTE_MS = 60_000;
/** What is known of it is not older: buckets are full again by then, or the provider no longer tells. */
const STALE_MS = 300_000;
/** Answered so often though nothing should have been left: the headers do not mean what they say. */
const DOUBTS_MAX = 3;
const IGNORED_MS = 600_000;
/** Of a request's body: a guess that needs no reading of it. */
export const TOKENS_PER_BYTE = 0.25;
/** Bytes may be those of an image: no call is thought larger than so many times the mean. */
const MEANS_MAX = 4;
/** Until usage tells better. */
const INPUT_TOKENS = 1_000;
const OUTPUT_TOKENS = 500;
const TOKENS_MAX = 1e7;
const LEARNT = 0.1;

/** What one call takes from each bucket, by estimate. */
export type Need = Readonly<Record<LimitKind, number>>;

export function createQuota(): QuotaCell {
  return {
    buckets: new Map(),
    untilMs: 0,
    doubts: 0,
    ignoredUntilMs: 0,
    uncachedTokens: INPUT_TOKENS,
    inputTokens: INPUT_TOKENS,
    outputTokens: OUTPUT_TOKENS,
  };
}

/** A call like others. */
function typicalOf({ uncachedTokens, inputTokens, outputTokens }: QuotaCell): Need {
  return { requests: 1, input: uncachedTokens, output: outputTokens, tokens: inputTokens + outputTokens };
}

export function needOf(cell: QuotaCell, bodyBytes: number, maxTokens: number | undefined): Need {
  const output = Math.min(cell.outputTokens, maxTokens ?? Number.POSITIVE_INFINITY);
  const told = bodyBytes * TOKENS_PER_BYTE;
  const total = Math.min(told, MEANS_MAX * cell.inputTokens);
  return { requests: 1, input: Math.min(told, MEANS_MAX * cell.uncachedTokens), output, tokens: total + output };
}

/** A call is sent: it counts until the provider tells what is left. */
export function debitQuota(cell: QuotaCell, need: Need, nowMs: number): void {
  for (const [kind, bucket] of cell.buckets) bucket.pending += need[kind];
  pauseFor(cell, nowMs);
}

/** An answer came; without limits in it what was taken stays taken. `debited`: this call was. */
export function tellQuota(
  cell: QuotaCell,
  { limits, need, debited }: { readonly limits: readonly RateLimit[]; readonly need: Need; readonly debited: boolean },
  nowMs: number,
): void {
  if (debited) release(cell, need);
  for (const limit of limits) fill(cell, limit, nowMs);
  pauseFor(cell, nowMs);
}

/** It ended without a word of limits. `sent`: the provider may have counted it. */
export function releaseQuota(cell: QuotaCell, need: Need, sent: boolean, nowMs: number): void {
  release(cell, need);
  if (!sent) return;
  for (const [kind, bucket] of cell.buckets) {
    bucket.level = levelOf(bucket, nowMs) - need[kind];
    bucket.atMs = nowMs;
  }
}

/** What it really took: better estimates from now on. */
export function learnUsage(cell: QuotaCell, { inputTokens, outputTokens, cacheReadTokens = 0 }: Usage): void {
  if (inputTokens !== undefined) {
    cell.inputTokens = mixed(cell.inputTokens, inputTokens);
    cell.uncachedTokens = mixed(cell.uncachedTokens, Math.max(0, inputTokens - cacheReadTokens));
  }
  if (outputTokens !== undefined) cell.outputTokens = mixed(cell.outputTokens, outputTokens);
}

/** It was answered although nothing should have been left, or was refused for its rate. */
export function doubtQuota(cell: QuotaCell, answered: boolean, nowMs: number): void {
  cell.doubts = answered ? cell.doubts + 1 : 0;
  if (cell.doubts < DOUBTS_MAX) return;
  cell.doubts = 0;
  cell.untilMs = 0;
  cell.ignoredUntilMs = nowMs + IGNORED_MS;
}

/** How long until another call like others fits, in milliseconds, within 0..QUOTA_PAUSE_MAX_MS. */
export function quotaWaitMs(cell: QuotaCell, nowMs: number): number {
  if (nowMs < cell.ignoredUntilMs) return 0;
  const need = typicalOf(cell);
  let waitMs = 0;
  for (const [kind, bucket] of cell.buckets) {
    if (nowMs - bucket.toldAtMs > STALE_MS) continue;
    // What is larger than the bucket can only be tried when it is full.
    const missing = Math.min(need[kind], bucket.limit) - (levelOf(bucket, nowMs) - bucket.pending);
    if (missing > 0) waitMs = Math.max(waitMs, missing / bucket.perMs);
  }
  return Math.min(QUOTA_PAUSE_MAX_MS, waitMs);
}

function pauseFor(cell: QuotaCell, nowMs: number): void {
  const waitMs = quotaWaitMs(cell, nowMs);
  cell.untilMs = waitMs > 0 ? nowMs + waitMs : 0;
}

function fill(cell: QuotaCell, { kind, limit, remaining, resetMs }: RateLimit, nowMs: number): void {
  const used = limit - remaining;
  // A bucket fills evenly; what was told of its reset says how fast, also where the limit is one of a day.
  const perMs = resetMs !== undefined && resetMs > 0 && used > 0 ? used / resetMs : limit / MINUTE_MS;
  const known = cell.buckets.get(kind);
  const told = { limit, level: remaining, atMs: nowMs, toldAtMs: nowMs, perMs };
  if (known === undefined) cell.buckets.set(kind, { ...told, pending: 0 });
  else Object.assign(known, told);
}

function release(cell: QuotaCell, need: Need): void {
  for (const [kind, bucket] of cell.buckets) bucket.pending = Math.max(0, bucket.pending - need[kind]);
}

function levelOf({ limit, level, atMs, perMs }: QuotaBucket, nowMs: number): number {
  return Math.min(limit, level + Math.max(0, nowMs - atMs) * perMs);
}

function mixed(before: number, seen: number): number {
  if (!Number.isFinite(seen) || seen < 0) return before;
  return before + LEARNT * (Math.min(seen, TOKENS_MAX) - before);
}
