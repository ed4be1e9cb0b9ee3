// Counts of calls over a sliding window, in slots: what an objective looks back on. Constant memory, constant time a call.

import type { Counts } from "./burn.ts";

/** A minute each, where the window is 30 days. */
const SLOTS = 43_200;

export interface SloWindow {
  readonly slotMs: number;
  readonly total: Uint32Array;
  readonly bad: Uint32Array;
  /** The slot that is being filled: a number that grows, its place is modulo `SLOTS`. */
  newest: number;
}

export function createSloWindow(windowMs: number, nowMs: number): SloWindow {
  const slotMs = windowMs / SLOTS;
  return {
    slotMs,
    total: new Uint32Array(SLOTS),
    bad: new Uint32Array(SLOTS),
    newest: Math.floor(nowMs / slotMs),
  };
}

/** A clock that went back counts into the newest slot; one that leapt beyond the window empties it. */
export function count(window: SloWindow, nowMs: number, isBad: boolean): void {
  advance(window, nowMs);
  const place = window.newest % SLOTS;
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

function advance(window: SloWindow, nowMs: number): void {
  const slot = Math.floor(nowMs / window.slotMs);
  if (!(slot > window.newest)) return;
  const passed = Math.min(SLOTS, slot - window.newest);
  for (let step = 1; step <= passed; step += 1) {
    const place = (window.newest + step) % SLOTS;
    window.total[place] = 0;
    window.bad[place] = 0;
  }
  if (slot - window.newest >= SLOTS) {
    window.total.fill(0);
    window.bad.fill(0);
  }
  window.newest = slot;
}
