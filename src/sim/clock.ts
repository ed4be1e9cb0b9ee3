// Virtual time: a heap of timers that somebody else fires one by one. Nothing here waits. Timers due at the same
// millisecond fire in the order in which they were set, so that a run depends on nothing but its seed.

import type { Clock } from "../core/runtime.ts";

interface Timer {
  readonly dueMs: number;
  readonly sequence: number;
  readonly fire: () => void;
  /** Place in the heap; -1 once fired or cancelled. */
  place: number;
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  #sequence = 0;
  readonly #heap: Timer[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fire: () => void): () => void {
    if (Number.isNaN(delayMs)) throw new Error("a timer's delay is not a number");
    const dueMs = this.#nowMs + Math.max(0, delayMs);
    const timer: Timer = { dueMs, sequence: this.#sequence++, fire, place: this.#heap.length };
    this.#heap.push(timer);
    this.#up(timer);
    return () => this.#remove(timer);
  }

  /** Timers that are set and have not fired. */
  get timers(): number {
    return this.#heap.length;
  }

  /** Timers that were ever set. */
  get armed(): number {
    return this.#sequence;
  }

  /** When the next timer is due; `Infinity` without one. */
  get nextDueMs(): number {
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Moves time to the earliest timer and fires it; false when there is none. */
  fireNext(): boolean {
    const timer = this.#heap[0];
    if (timer === undefined) return false;
    this.#remove(timer);
    // After a sleep it is later than the timer wanted.
    this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
    timer.fire();
    return true;
  }

  /** Moves time on without firing; never backwards, never past a timer. */
  advanceTo(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, Math.min(nowMs, this.nextDueMs));
  }

  /** The machine sleeps: time passes, and what is due meanwhile fires late. */
  sleep(ms: number): void {
    this.#nowMs += ms;
  }

  #remove(timer: Timer): void {
    const place = timer.place;
    if (place < 0) return;
    timer.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === timer) return;
    last.place = place;
    this.#heap[place] = last;
    this.#up(last);
    this.#down(last);
  }

  #up(timer: Timer): void {
    const heap = this.#heap;
    while (timer.place > 0) {
      const parent = heap[(timer.place - 1) >> 1];
      if (parent === undefined || !before(timer, parent)) return;
      this.#swap(timer, parent);
    }
  }

  #down(timer: Timer): void {
    const heap = this.#heap;
    for (;;) {
      const left = heap[timer.place * 2 + 1];
      const right = heap[timer.place * 2 + 2];
      if (left === undefined) return;
      const child = right !== undefined && before(right, left) ? right : left;
      if (!before(child, timer)) return;
      this.#swap(child, timer);
    }
  }

  /** `riser` takes its parent's place. */
  #swap(riser: Timer, parent: Timer): void {
    const place = riser.place;
    riser.place = parent.place;
    parent.place = place;
    this.#heap[riser.place] = riser;
    this.#heap[place] = parent;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}
