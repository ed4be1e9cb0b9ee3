// The machine's clock as `Clock`.

import type { Clock } from "../core/runtime.ts";

/** Timers beyond this overflow the platform's 32 bits and would fire at once. */
const DELAY_MAX_MS = 2_147_483_647;
/** Deadlines that are so far away share timers. */
const SHARED_FROM_MS = 1_000;
/** And are late by this at most, beside what any timer is. */
const SHARED_MS = 16;

/** Its timers do not keep the process alive, where the platform can say so. */
export const backgroundClock: Clock = {
  now: () => performance.now(),
  after(delayMs, fire) {
    const timer: unknown = setTimeout(fire, bounded(delayMs));
    // Elsewhere a timer is a number, and no process waits for it.
    if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")
      timer.unref();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
};

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, fire) {
    if (delayMs >= SHARED_FROM_MS && delayMs <= DELAY_MAX_MS) return shared(delayMs, fire);
    return single(delayMs, fire);
  },
};

function single(delayMs: number, fire: () => void): () => void {
  const timer = setTimeout(fire, bounded(delayMs));
  return () => clearTimeout(timer);
}

function bounded(delayMs: number): number {
  return Math.min(DELAY_MAX_MS, Math.max(0, delayMs));
}

/** By when they are due, in units of `SHARED_MS`. */
const timers = new Map<number, SharedTimer>();

function shared(delayMs: number, fire: () => void): () => void {
  const nowMs = performance.now();
  const slot = Math.ceil((nowMs + delayMs) / SHARED_MS);
  let timer = timers.get(slot);
  if (timer === undefined) {
    timer = new SharedTimer(slot, slot * SHARED_MS - nowMs);
    timers.set(slot, timer);
  }
  return timer.add(fire);
}

interface Due {
  /** Absent: it was taken back, or has fired. */
  fire: (() => void) | undefined;
  older: Due | undefined;
  newer: Due | undefined;
}

/**
 * One native timer for all that is due within the same moment. Nearly every deadline is taken back long before it is due,
 * and a native timer costs a busy gateway 1 µs, two or three of them a call (docs/adr/0036-shared-timers.md).
 */
class SharedTimer {
  readonly #slot: number;
  readonly #native: ReturnType<typeof setTimeout>;
  #oldest: Due | undefined;
  #newest: Due | undefined;

  constructor(slot: number, delayMs: number) {
    this.#slot = slot;
    this.#native = setTimeout(() => this.#fireAll(), bounded(delayMs));
  }

  /** Gives what takes it back. */
  add(fire: () => void): () => void {
    const due: Due = { fire, older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = due;
    else this.#newest.newer = due;
    this.#newest = due;
    return () => {
      if (due.fire !== undefined) this.#remove(due);
    };
  }

  /** The last one takes the native timer with it: that would keep the process alive. */
  #remove(due: Due): void {
    due.fire = undefined;
    if (due.older === undefined) this.#oldest = due.newer;
    else due.older.newer = due.newer;
    if (due.newer === undefined) this.#newest = due.older;
    else due.newer.older = due.older;
    if (this.#oldest !== undefined) return;
    clearTimeout(this.#native);
    timers.delete(this.#slot);
  }

  #fireAll(): void {
    timers.delete(this.#slot);
    for (let due = this.#oldest; due !== undefined; due = this.#oldest) {
      const { fire } = due;
      this.#remove(due);
      try {
        fire?.();
      } catch (error) {
        // As of a timer of its own: nobody's to catch, and no harm to those behind it.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
