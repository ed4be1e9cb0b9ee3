// What a simulated provider can serve at a time: places and a queue, a capacity beyond which answers fail, limits a
// minute for each key, and prompts that it keeps. Rules over a cell; how a refusal looks is the voices' business.

import { AgedMap } from "../core/aged-map.ts";
import { DECAY_MS, decayed, shareOfCapacity } from "./load.ts";

export interface Supply {
  /** Answers under way at once; absent: any number. */
  readonly concurrency?: number;
  /** Requests that wait for a place; beyond it the provider says that it is overloaded. */
  readonly queue?: number;
  /** Requests a second. Above it a share fails as overloaded that grows faster than the load. */
  readonly capacityPerS?: number;
  readonly requestsPerMin?: number;
  /** Tokens of input that were not read from the prompt cache. */
  readonly inputTokensPerMin?: number;
  readonly warmUp?: WarmUp;
  /** How long the beginning of a prompt is kept after it was last used. */
  readonly promptCacheMs?: number;
}

/** Concurrency and capacity as shares of their full size: `from` at `atMs`, growing evenly to `to`. Before: all of it. */
export interface WarmUp {
  readonly atMs: number;
  readonly forMs: number;
  readonly from: number;
  readonly to: number;
}

export interface SupplyCell {
  /** When each place is free again, and by whose doing. */
  readonly places: Place[];
  /** Counts those who took a place. */
  taken: number;
  /** When those that wait begin; older ones are dropped as time goes by. */
  starts: number[];
  load: number;
  loadAtMs: number;
  readonly buckets: Map<string, Bucket>;
  /** What the beginning of a prompt was last used at, by its fingerprint. */
  readonly prompts: AgedMap<KeptPrompt>;
}

interface Place {
  freeAtMs: number;
  holder: number;
}

interface Bucket {
  requests: number;
  tokens: number;
  atMs: number;
}

interface KeptPrompt {
  readonly tokens: number;
  usedAtMs: number;
}

export interface Request {
  readonly atMs: number;
  /** Whose limits count. */
  readonly key: string;
  readonly inputTokens: number;
  /** Fingerprints of the prompt's beginnings, the whole of it first. */
  readonly beginnings: readonly string[];
}

export interface Limit {
  readonly kind: "requests" | "input";
  readonly limit: number;
  readonly remaining: number;
  /** Until it is full again. */
  readonly resetMs: number;
}

export type Grant =
  | { readonly type: "rate-limit"; readonly retryAfterS: number; readonly limits: readonly Limit[] }
  | { readonly type: "overloaded"; readonly limits: readonly Limit[] }
  | { readonly type: "served"; readonly cachedTokens: number; readonly limits: readonly Limit[] };

const KEYS_MAX = 256;
const PROMPTS_MAX = 20_000;
const MINUTE_MS = 60_000;
/** A request that never ends holds its place for as long as the official SDKs wait. */
const HELD_MAX_MS = 600_000;

export function createSupply(): SupplyCell {
  return { places: [], taken: 0, starts: [], load: 0, loadAtMs: 0, buckets: new Map(), prompts: new AgedMap() };
}

/** Decides on one request and counts it. `chance` is uniform in [0, 1). */
export function grant(supply: Supply, cell: SupplyCell, request: Request, chance: number): Grant {
  const { atMs } = request;
  const cachedTokens = cachedOf(supply, cell, request);
  cell.load = decayed(cell.load, cell.loadAtMs, atMs) + 1_000 / DECAY_MS;
  cell.loadAtMs = atMs;
  const uncached = Math.max(0, request.inputTokens - cachedTokens);
  const rate = metered(supply, cell, { atMs, key: request.key, tokens: uncached });
  if (rate.retryAfterS !== undefined) {
    return { type: "rate-limit", retryAfterS: rate.retryAfterS, limits: rate.limits };
  }
  const warm = warmthAt(supply.warmUp, atMs);
  const fails = supply.capacityPerS !== undefined && chance >= shareOfCapacity(supply.capacityPerS * warm, cell.load);
  if (fails || isQueueFull(supply, cell, atMs)) return { type: "overloaded", limits: rate.limits };
  keepPrompt(supply, cell, request);
  return { type: "served", cachedTokens, limits: rate.limits };
}

/** The share of its full size that a provider has at `atMs`. */
export function warmthAt(warmUp: WarmUp | undefined, atMs: number): number {
  if (warmUp === undefined || atMs < warmUp.atMs) return 1;
  const grown = Math.min(1, (atMs - warmUp.atMs) / warmUp.forMs);
  return warmUp.from + (warmUp.to - warmUp.from) * grown;
}

function isQueueFull({ concurrency, queue = 0, warmUp }: Supply, cell: SupplyCell, atMs: number): boolean {
  if (concurrency === undefined) return false;
  cell.starts = cell.starts.filter((startMs) => startMs > atMs);
  const places = placesAt(concurrency, warmUp, atMs);
  const busy = cell.places.reduce((count, { freeAtMs }) => count + (freeAtMs > atMs ? 1 : 0), 0);
  return busy >= places && cell.starts.length >= queue;
}

function placesAt(concurrency: number, warmUp: WarmUp | undefined, atMs: number): number {
  return Math.max(1, Math.floor(concurrency * warmthAt(warmUp, atMs)));
}

/**
 * Takes a place for a request that was granted and takes `tookMs`: how long it waits first, and how its place is given
 * back when it ends before its time. Those who wait behind it keep the time that they were given.
 */
export function takePlace(
  { concurrency, warmUp }: Supply,
  cell: SupplyCell,
  { atMs, tookMs }: { readonly atMs: number; readonly tookMs: number },
): { readonly waitMs: number; readonly release: (nowMs: number) => void } {
  if (concurrency === undefined) return { waitMs: 0, release: () => undefined };
  const places = placesAt(concurrency, warmUp, atMs);
  while (cell.places.length < places) cell.places.push({ freeAtMs: 0, holder: -1 });
  const soonest = cell.places.slice(0, places).reduce((best, place) => (place.freeAtMs < best.freeAtMs ? place : best));
  const startMs = Math.max(atMs, soonest.freeAtMs);
  const holder = ++cell.taken;
  if (startMs > atMs) cell.starts.push(startMs);
  soonest.freeAtMs = startMs + Math.min(HELD_MAX_MS, tookMs);
  soonest.holder = holder;
  return {
    waitMs: startMs - atMs,
    release: (nowMs) => {
      if (soonest.holder === holder) soonest.freeAtMs = Math.min(soonest.freeAtMs, nowMs);
    },
  };
}

interface Metered {
  readonly limits: readonly Limit[];
  /** Absent: it fits. */
  readonly retryAfterS?: number;
}

/** Continuous buckets of a minute's size, one pair for each key; what is refused takes nothing. */
function metered(
  { requestsPerMin, inputTokensPerMin }: Supply,
  cell: SupplyCell,
  { atMs, key, tokens }: { readonly atMs: number; readonly key: string; readonly tokens: number },
): Metered {
  if (requestsPerMin === undefined && inputTokensPerMin === undefined) return { limits: [] };
  const full = { requests: requestsPerMin ?? 0, tokens: inputTokensPerMin ?? 0 };
  const bucket = cell.buckets.get(key) ?? { ...full, atMs };
  if (!cell.buckets.has(key)) {
    const [oldest] = cell.buckets.keys();
    if (cell.buckets.size >= KEYS_MAX && oldest !== undefined) cell.buckets.delete(oldest);
    cell.buckets.set(key, bucket);
  }
  const spanMs = Math.max(0, atMs - bucket.atMs);
  bucket.requests = Math.min(full.requests, bucket.requests + (full.requests * spanMs) / MINUTE_MS);
  bucket.tokens = Math.min(full.tokens, bucket.tokens + (full.tokens * spanMs) / MINUTE_MS);
  bucket.atMs = atMs;
  const lacks = [
    requestsPerMin === undefined ? 0 : lackMs(bucket.requests, 1, requestsPerMin),
    inputTokensPerMin === undefined ? 0 : lackMs(bucket.tokens, tokens, inputTokensPerMin),
  ];
  const lackedMs = Math.max(...lacks);
  if (lackedMs === 0) {
    bucket.requests -= 1;
    bucket.tokens -= tokens;
  }
  const limits = [
    ...(requestsPerMin === undefined ? [] : [limitOf("requests", bucket.requests, requestsPerMin)]),
    ...(inputTokensPerMin === undefined ? [] : [limitOf("input", bucket.tokens, inputTokensPerMin)]),
  ];
  return lackedMs === 0 ? { limits } : { limits, retryAfterS: Math.ceil(lackedMs / 1_000) };
}

/** What is larger than the bucket is let in when the bucket is full. */
function lackMs(left: number, need: number, perMin: number): number {
  return (Math.max(0, Math.min(need, perMin) - left) * MINUTE_MS) / perMin;
}

function limitOf(kind: Limit["kind"], left: number, limit: number): Limit {
  const remaining = Math.max(0, Math.floor(left));
  return { kind, limit, remaining, resetMs: Math.ceil(((limit - Math.max(0, left)) * MINUTE_MS) / limit) };
}

/** The longest beginning that is kept. As if every prompt were marked to be kept. */
function cachedOf({ promptCacheMs }: Supply, cell: SupplyCell, { atMs, beginnings }: Request): number {
  if (promptCacheMs === undefined) return 0;
  for (const beginning of beginnings) {
    const kept = cell.prompts.get(beginning);
    if (kept === undefined || atMs - kept.usedAtMs >= promptCacheMs) continue;
    kept.usedAtMs = atMs;
    return kept.tokens;
  }
  return 0;
}

function keepPrompt({ promptCacheMs }: Supply, cell: SupplyCell, { atMs, beginnings, inputTokens }: Request): void {
  const [whole] = beginnings;
  if (promptCacheMs === undefined || whole === undefined) return;
  cell.prompts.set(whole, { tokens: inputTokens, usedAtMs: atMs });
  const oldest = cell.prompts.size > PROMPTS_MAX ? cell.prompts.oldestKey : undefined;
  if (oldest !== undefined) cell.prompts.delete(oldest);
}
