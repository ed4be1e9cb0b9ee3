// What the ledger counts, as vectors: so many counters and two histograms. The places of the fields are the stored format:
// new ones go to the end of their list, none is ever moved.

import { FAILURE_CLASSES } from "../../core/sla.ts";

/**
 * Of attempts. Money is in billionths of a dollar; `unpriced` are attempts with tokens and without a known price. What Holdfast
 * asks on its own is counted in series of its own (`isOwn`), by the same classes, and as `probes` or `canaries` besides.
 */
const ATTEMPT_FIELDS = [
  "ok",
  "inputTokens",
  "outputTokens",
  "costNano",
  "unpriced",
  "cacheReadTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  ...FAILURE_CLASSES,
  "callerErrors",
  "brokenOff",
  "ours",
  "probes",
  "probesFailed",
  "canaries",
  "canariesFailed",
] as const;

/**
 * Of calls, by how they ended for their client. `answered`, `rescued`, the last resorts, `refused`, `broken`, `left`,
 * `callerErrors` and `ours` add up to all calls; the rest says more of them.
 */
const CALL_FIELDS = [
  "answered",
  "rescued",
  "stale",
  "local",
  "canned",
  "deferred",
  "refused",
  "broken",
  "left",
  "callerErrors",
  "ours",
  /** Of `answered`: from a cache while the targets were well. */
  "cached",
  /** Of `left`: a provider had failed them before they left. */
  "leftHit",
  /** What rescued calls waited beyond the attempt that answered. */
  "addedMs",
  /** What rescued calls cost beyond the first target's price, and what they cost less; and those whose prices are unknown. */
  "extraNano",
  "sparedNano",
  "extraUnknown",
  /** Calls that got no real answer: what those were worth whose route says so, and how many that were. */
  "lostNano",
  "lostValued",
  "costNano",
] as const;

export type AttemptField = (typeof ATTEMPT_FIELDS)[number];
export type CallField = (typeof CALL_FIELDS)[number];

/** Room for the counters to come; the histograms begin here. */
const COUNTERS = 40;
export const BUCKETS = 80;
/** Of attempts: first content of streams. Of calls: the same, for their client. */
export const FIRST_AT = COUNTERS;
/** Of attempts: tokens a second. Of calls: the time that rescued ones waited more. */
export const SECOND_AT = COUNTERS + BUCKETS;
export const FIELDS = COUNTERS + 2 * BUCKETS;

function placesOf<Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> {
  // Made from the very names.
  return Object.fromEntries(names.map((name, place) => [name, place])) as Record<Name, number>;
}

export const ATTEMPT = placesOf(ATTEMPT_FIELDS);
export const CALL = placesOf(CALL_FIELDS);

export type Vector = Float64Array;

export function createVector(): Vector {
  return new Float64Array(FIELDS);
}

/** Buckets of a fifth in width: four to each doubling, the first for all up to 1. */
export function bucketOf(value: number): number {
  return value <= 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(4 * Math.log2(value)));
}

/** The value below which `share` of the histogram at `from` lies, to the width of a bucket; `undefined` when it is empty. */
export function quantile(vector: Vector, from: number, share: number): number | undefined {
  let total = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) total += vector[from + bucket] ?? 0;
  if (total === 0) return undefined;
  let left = share * total;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    left -= vector[from + bucket] ?? 0;
    // The middle of the bucket, by its logarithm.
    if (left <= 0) return 2 ** ((bucket + 0.5) / 4);
  }
  return undefined;
}
