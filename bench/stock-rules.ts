// The field's stock rules for leaving a failing target, with their defaults, as plain state over time: what Holdfast is
// compared with. They only admit and learn; the walk over targets is `differential.ts`.

export interface StockRule {
  /** Whether the target at this place may be tried; `chance` is 0..1. */
  admits(place: number, nowMs: number, chance: number): boolean;
  ended(place: number, ok: boolean, nowMs: number): void;
}

/** Failover alone: every call begins at the first target. */
export function forgetful(): StockRule {
  return { admits: () => true, ended: () => undefined };
}

/** Envoy's outlier detection: five failures in a row, out for 30 s times the ejections so far, one of three at most. */
const CONSECUTIVE = 5;
const EJECTION_MS = 30_000;
const EJECTION_MAX_MS = 300_000;
/** An ejection is forgiven for every interval in the pool. */
const INTERVAL_MS = 10_000;
/** Envoy's slow start: the share of calls grows with time from a tenth, whatever comes of them. */
const SLOW_START_MIN = 0.1;

interface Outlier {
  row: number;
  ejections: number;
  outUntilMs: number;
}

/** `slowStartMs` 0: all calls at once after an ejection. */
export function consecutive(targets: number, slowStartMs: number): StockRule {
  const cells: Outlier[] = Array.from({ length: targets }, () => ({
    row: 0,
    ejections: 0,
    outUntilMs: Number.NEGATIVE_INFINITY,
  }));
  return {
    admits(place, nowMs, chance) {
      const cell = cells[place];
      if (cell === undefined || nowMs < cell.outUntilMs) return false;
      const share = (nowMs - cell.outUntilMs) / slowStartMs;
      return slowStartMs === 0 || chance < Math.max(SLOW_START_MIN, share);
    },
    ended(place, ok, nowMs) {
      const cell = cells[place];
      if (cell === undefined || nowMs < cell.outUntilMs) return;
      cell.row = ok ? 0 : cell.row + 1;
      if (cell.row < CONSECUTIVE || cells.some((other) => nowMs < other.outUntilMs)) return;
      const forgiven = cell.ejections === 0 ? 0 : Math.floor((nowMs - cell.outUntilMs) / INTERVAL_MS);
      cell.ejections = Math.max(0, cell.ejections - forgiven) + 1;
      cell.row = 0;
      cell.outUntilMs = nowMs + Math.min(EJECTION_MAX_MS, EJECTION_MS * cell.ejections);
    },
  };
}

/** Hystrix: half of the calls of 10 s failed, at least 20 of them; shut to all for 5 s, then one call decides. */
const WINDOW_MS = 10_000;
const VOLUME = 20;
const THRESHOLD = 0.5;
const OPEN_MS = 5_000;
const BUCKET_MS = 1_000;

interface Bucket {
  atMs: number;
  calls: number;
  failed: number;
}

interface Breaker {
  buckets: Bucket[];
  state: "closed" | "open" | "probing";
  openedMs: number;
}

export function halfWindow(targets: number): StockRule {
  const cells: Breaker[] = Array.from({ length: targets }, () => ({ buckets: [], state: "closed", openedMs: 0 }));
  return {
    admits(place, nowMs) {
      const cell = cells[place];
      if (cell === undefined || cell.state === "probing") return false;
      if (cell.state === "closed") return true;
      if (nowMs - cell.openedMs < OPEN_MS) return false;
      cell.state = "probing";
      return true;
    },
    ended(place, ok, nowMs) {
      const cell = cells[place];
      if (cell === undefined || cell.state === "open") return;
      if (cell.state === "probing") {
        cell.state = ok ? "closed" : "open";
        cell.openedMs = nowMs;
        cell.buckets = [];
        return;
      }
      if (isOverHalf(cell, ok, nowMs)) {
        cell.state = "open";
        cell.openedMs = nowMs;
      }
    },
  };
}

function isOverHalf(cell: Breaker, ok: boolean, nowMs: number): boolean {
  const atMs = Math.floor(nowMs / BUCKET_MS) * BUCKET_MS;
  cell.buckets = cell.buckets.filter((bucket) => bucket.atMs > nowMs - WINDOW_MS);
  let last = cell.buckets.at(-1);
  if (last?.atMs !== atMs) {
    last = { atMs, calls: 0, failed: 0 };
    cell.buckets.push(last);
  }
  last.calls++;
  if (!ok) last.failed++;
  const calls = cell.buckets.reduce((total, bucket) => total + bucket.calls, 0);
  const failed = cell.buckets.reduce((total, bucket) => total + bucket.failed, 0);
  return calls >= VOLUME && failed / calls >= THRESHOLD;
}
