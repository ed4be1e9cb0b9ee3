// The nodes above a model's: models of one provider tend to fail together, so what several of them say raises the suspicion
// against the rest; what one says alone hardly does. The same a level higher, and weaker, for the regions of one vendor.

import type { PoolCell } from "../core/cell.ts";
import { DETECTION, ejectAt, scored } from "./cusum.ts";

const TOGETHER_MS = 30_000;
const TOGETHER_WEIGHT = 0.6;
const ALONE_WEIGHT = 0.2;
/** How much of a provider's suspicion its models inherit. */
const INHERITED = 0.5;

export interface PoolOutcome {
  readonly model: string;
  readonly failed: boolean;
  readonly weight: number;
}

export function notePool(pool: PoolCell, { model, failed, weight }: PoolOutcome, nowMs: number): void {
  if (failed) {
    if (model !== pool.lastModel && pool.lastModel !== "") pool.otherFailedMs = pool.lastFailedMs;
    pool.lastModel = model;
    pool.lastFailedMs = nowMs;
  }
  const together = nowMs - pool.otherFailedMs < TOGETHER_MS;
  pool.score = scored(pool.score, DETECTION, failed, weight * (together ? TOGETHER_WEIGHT : ALONE_WEIGHT));
}

/** What a model inherits. */
export function inherited({ score }: PoolCell, ratePerS: number): number {
  return INHERITED * Math.max(0, score - ejectAt(ratePerS) / 2);
}

/** The most that one domain of a vendor learns from another, of what ejects: it is never out of rotation for that alone. */
const AFAR_MOST = 1 / 4;

/** What a region, or an account, inherits from the others of its vendor. */
export function inheritedAfar(vendor: PoolCell, ratePerS: number): number {
  return Math.min(AFAR_MOST * ejectAt(ratePerS), inherited(vendor, ratePerS));
}

/** A model came back: the provider is not as a whole down. */
export function calmPool(pool: PoolCell, ratePerS: number): void {
  pool.score = Math.min(pool.score, ejectAt(ratePerS) / 2);
}
