// Counts of calls over a sliding window, in slots: what an objective looks back on. Constant memory, constant time a call.

import type { Counts } from "./burn.ts";

/** A minute each, where the window is 30 days. */
export const SLOTS = 43_200;
/** What is kept for longer than a window: the borders of days and months in all time zones are among theirs. */
export const QUARTER_MS = 900_000;

export interface SloWindow {
  readonly slotMs: number;
  readonly total: Uint32Array;
  readonly bad: Uint32Array;
  /** The slot that is being filled: a number that grows, its place is modulo `SLOTS`. */
  newest: number;
  /** The last slot that is no longer in the window. */
  readonly oldest: number;
}

export function createSloWindow(windowMs: number, nowMs: number): SloWindow {
  const slotMs = windowMs / SLOTS;
  return {
    slotMs,
    total: new Uint32Array(SLOTS),
    bad: new Uint32Array(SLOTS),
    newest: Math.floor(nowMs / slotMs),
    get oldest() {
      return this.newest - SLOTS;
    },
  };
}

/** What was counted before a restart; a slot outside of the window is nothing. */
export function restore(window: SloWindow, slot: number, { total, bad }: Counts): void {
  if (!Number.isInteger(slot) || slot <= window.oldest || slot > window.newest) return;
  const place = ((slot % SLOTS) + SLOTS) % SLOTS;
  window.total[place] = total;
  window.bad[place] = bad;
}

/** Slots with calls, from `slot` on. */
export function slotsSince(window: SloWindow, slot: number): (Counts & { readonly slot: number })[] {
  const found: (Counts & { readonly slot: number })[] = [];
  for (let at = Math.max(slot, window.oldest + 1); at <= window.newest; at += 1) {
    const place = ((at % SLOTS) + SLOTS) % SLOTS;
    const total = window.total[place] ?? 0;
    if (total > 0) found.push({ slot: at, total, bad: window.bad[place] ?? 0 });
  }
  return found;
}

/** A clock that went back counts into the newest slot; one that leapt beyond the window empties it. */
export function count(window: SloWindow, nowMs: number, isBad: boolean): void {
  advance(window, nowMs);
  const place = ((window.newest % SLOTS) + SLOTS) % SLOTS;
  window.total[place] = (window.total[place] ?? 0) + 1;
  if (isBad) window.bad[place] = (window.bad[place] ?? 0) + 1;
}

/** Of the last `lookbackMs`, the slot under way included; at most the window. */
export function countsOf(window: SloWindow, lookbackMs: number, nowMs: number): Counts {
  advance(window, nowMs);
  const slots = Math.min(SLOTS, Math.max(1, Math.ceil(lookbackMs / window.slotMs)));
  let total = 0;
  let bad = 0;
  for (let back = 0; back < slots; back += 1) {
    const place = (((window.newest - back) % SLOTS) + SLOTS) % SLOTS;
    total += window.total[place] ?? 0;
    bad += window.bad[place] ?? 0;
  }
  return { total, bad };
}

/** Since a moment, its slot included; at most the window. */
export function countsSince(window: SloWindow, sinceMs: number, nowMs: number): Counts {
  advance(window, nowMs);
  const slots = window.newest - Math.floor(sinceMs / window.slotMs) + 1;
  return countsOf(window, slots * window.slotMs, nowMs);
}

function advance(window: SloWindow, nowMs: number): void {
  const slot = Math.floor(nowMs / window.slotMs);
  if (!(slot > window.newest)) return;
  const passed = Math.min(SLOTS, slot - window.newest);
  for (let step = 1; step <= passed; step += 1) {
    const place = (((window.newest + step) % SLOTS) + SLOTS) % SLOTS;
    window.total[place] = 0;
    window.bad[place] = 0;
  }
  if (slot - window.newest >= SLOTS) {
    window.total.fill(0);
    window.bad.fill(0);
  }
  window.newest = slot;
}
