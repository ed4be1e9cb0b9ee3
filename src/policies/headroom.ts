// How much of other targets' load a target may take over. Two limits, for calls that come to it by failover alone: a growth
// cap by its own past, which only ever sends a call to somebody else, and what its provider taught by refusing with 429,
// which holds. Pure rules over a cell, O(1) a call. What its headers tell is quota's, how much is under way is bulkhead's.

import type { Criticality } from "../core/call.ts";
import type { HeadroomCell } from "../core/headroom-cell.ts";
import { TOKENS_PER_BYTE } from "./quota.ts";

/** Below this nobody has been seen to refuse growth: input tokens a minute (the strictest published rule begins here). */
export const GROWTH_FREE_TOKENS = 1_000_000;
/** Above it a provider takes half as much again within a quarter of an hour. */
const GROWTH = 1.5;
const GROWTH_A_MINUTE = GROWTH ** (1 / 15);
const MINUTE_MS = 60_000;
/** A lower load is forgotten to a half in a quarter of an hour. */
const FORGOTTEN_A_MINUTE = 0.5 ** (1 / 15);
/** So much of a minute may come at once. */
const BURST_MS = 10_000;
/** Bytes may be those of an image. */
const CALL_TOKENS_MAX = 200_000;

/** After a refusal: this share of what was accepted, back at it after `PLATEAU_MS`, beyond it faster and faster (CUBIC). */
const CUT = 0.7;
const PLATEAU_MS = 30_000;
/** Refusals within it are of one cut: answers to what was sent before still come. */
const CUT_WINDOW_MS = 10_000;
const FORGOTTEN_MS = 300_000;
/** Calls a second that are always sent: a cap never closes. */
const PER_S_MIN = 0.2;
const PER_S_MAX = 100_000;
const LEARNT_BURST_S = 2;
/** What was accepted lately: a failover is younger than the rates of belief. */
const ACCEPTED_TAU_MS = 5_000;
/** What is kept back for those above, as a share of the burst. */
const KEPT_BACK: Readonly<Record<Criticality, number>> = { critical: 0, default: 0.1, sheddable: 0.5 };

/** `crowded`: another target is better, if there is one that is well. `full`: not now. */
export type Room = "free" | "crowded" | "full";

export function tokensOfBody(bytes: number): number {
  return Math.min(CALL_TOKENS_MAX, bytes * TOKENS_PER_BYTE);
}

/** Told of everything that is sent there, its usual load too. */
export function sendTo(cell: HeadroomCell, tokens: number, nowMs: number): void {
  turnMinute(cell, nowMs);
  cell.tokens += tokens;
  const perMs = growthLimit(cell) / MINUTE_MS;
  refill(cell.growth, perMs, perMs * BURST_MS, nowMs);
  // What nobody else could take is sent beyond the cap; that is no debt for long.
  cell.growth.level = Math.max(-perMs * BURST_MS, cell.growth.level - tokens);
  if (cell.refusedAtPerS === 0) return;
  const { perS, burst } = learntLimit(cell, nowMs);
  refill(cell.learnt, perS / 1_000, burst, nowMs);
  cell.learnt.level = Math.max(-burst, cell.learnt.level - 1);
}

/** For one call that would come by failover. */
export function roomFor(
  cell: HeadroomCell,
  { tokens, criticality }: { readonly tokens: number; readonly criticality: Criticality },
  nowMs: number,
): Room {
  if (cell.refusedAtPerS > 0) {
    if (nowMs - cell.cutAtMs >= FORGOTTEN_MS || nowMs < cell.cutAtMs) cell.refusedAtPerS = 0;
    else {
      const { perS, burst } = learntLimit(cell, nowMs);
      refill(cell.learnt, perS / 1_000, burst, nowMs);
      if (cell.learnt.level < 1 + KEPT_BACK[criticality] * (burst - 1)) return "full";
    }
  }
  // Far below the cap nothing is reckoned.
  if (cell.tokens + tokens < GROWTH_FREE_TOKENS / 6 && cell.provenTokens === 0) return "free";
  turnMinute(cell, nowMs);
  const perMs = growthLimit(cell) / MINUTE_MS;
  refill(cell.growth, perMs, perMs * BURST_MS, nowMs);
  return cell.growth.level < Math.min(tokens, perMs * BURST_MS) ? "crowded" : "free";
}

/** A call that came by failover was answered. */
export function tookOver(cell: HeadroomCell, nowMs: number): void {
  cell.accepted.perS = acceptedPerS(cell.accepted, nowMs) + 1_000 / ACCEPTED_TAU_MS;
  cell.accepted.atMs = nowMs;
}

/** One was refused for its rate, and no other key could take it. */
export function refusedRate(cell: HeadroomCell, nowMs: number): void {
  const ageMs = nowMs - cell.cutAtMs;
  if (cell.refusedAtPerS > 0 && ageMs >= 0 && ageMs < CUT_WINDOW_MS) return;
  cell.refusedAtPerS = Math.min(PER_S_MAX, Math.max(PER_S_MIN, acceptedPerS(cell.accepted, nowMs)));
  cell.cutAtMs = nowMs;
  cell.learnt.level = 0;
  cell.learnt.atMs = nowMs;
}

/** Calls a second that may come by failover; `Infinity` where no refusal is remembered. */
export function learntPerS(cell: HeadroomCell, nowMs: number): number {
  return cell.refusedAtPerS === 0 ? Number.POSITIVE_INFINITY : learntLimit(cell, nowMs).perS;
}

/** Input tokens a minute that the target may grow to. */
export function growthLimit({ provenTokens }: HeadroomCell): number {
  return Math.max(GROWTH_FREE_TOKENS, GROWTH * provenTokens);
}

function learntLimit(
  { refusedAtPerS, cutAtMs }: HeadroomCell,
  nowMs: number,
): { readonly perS: number; readonly burst: number } {
  const off = (Math.max(0, nowMs - cutAtMs) - PLATEAU_MS) / PLATEAU_MS;
  const perS = Math.min(PER_S_MAX, Math.max(PER_S_MIN, refusedAtPerS * (1 + (1 - CUT) * off ** 3)));
  return { perS, burst: Math.max(1, LEARNT_BURST_S * perS) };
}

function turnMinute(cell: HeadroomCell, nowMs: number): void {
  const minutes = Math.floor((nowMs - cell.minuteMs) / MINUTE_MS);
  if (minutes === 0) return;
  if (minutes > 0) {
    const grown = Math.max(GROWTH_FREE_TOKENS / GROWTH, cell.provenTokens * GROWTH_A_MINUTE);
    const proven = Math.max(Math.min(cell.tokens, grown), cell.provenTokens * FORGOTTEN_A_MINUTE);
    cell.provenTokens = proven * FORGOTTEN_A_MINUTE ** (minutes - 1);
  }
  // A clock that went back begins a minute of its own.
  cell.minuteMs = minutes > 0 ? cell.minuteMs + minutes * MINUTE_MS : nowMs;
  cell.tokens = 0;
}

function acceptedPerS({ perS, atMs }: HeadroomCell["accepted"], nowMs: number): number {
  const ageMs = nowMs - atMs;
  return ageMs > 0 ? perS * Math.exp(-ageMs / ACCEPTED_TAU_MS) : perS;
}

function refill(bucket: { level: number; atMs: number }, perMs: number, burst: number, nowMs: number): void {
  const ageMs = nowMs - bucket.atMs;
  bucket.level = Math.min(burst, bucket.level + (ageMs > 0 ? Math.min(burst * 2, ageMs * perMs) : 0));
  bucket.atMs = nowMs;
}
