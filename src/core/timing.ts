// Small tools over `Clock`: a deadline that can be moved for free. Not a scheduler.

import type { Cancel } from "./cancel.ts";
import type { Clock } from "./runtime.ts";

/** What a deadline tells, where that is an object anyway. */
export interface Late {
  late(): void;
}

/**
 * A deadline with one timer of the clock's that is moved lazily: `move` only stores the due time, and the timer, when it
 * fires early, arms itself again. Cheaper than a timer per frame. What lies behind the clock's timers is the runtime's.
 */
export class LazyDeadline {
  readonly #clock: Clock;
  readonly #fire: Late | (() => void);
  #dueMs = Number.POSITIVE_INFINITY;
  #armedForMs = Number.POSITIVE_INFINITY;
  #disarm: (() => void) | undefined;

  constructor(clock: Clock, fire: Late | (() => void)) {
    this.#clock = clock;
    this.#fire = fire;
  }

  /** Due `delayMs` from now; `Infinity` never. */
  move(delayMs: number): void {
    this.moveTo(this.#clock.now() + delayMs);
  }

  moveTo(dueMs: number): void {
    this.#dueMs = dueMs;
    if (dueMs >= this.#armedForMs || dueMs === Number.POSITIVE_INFINITY) return;
    this.#disarm?.();
    this.#arm();
  }

  /** Moved, and neither paused nor fired since. */
  get isDue(): boolean {
    return this.#dueMs !== Number.POSITIVE_INFINITY;
  }

  /** Not due until moved again; the native timer may stay and find nothing to do. */
  pause(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Gives the timer back. Must be called at the end of the owner's life. */
  stop(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  #arm(): void {
    this.#armedForMs = this.#dueMs;
    this.#disarm = this.#clock.after(Math.max(0, this.#dueMs - this.#clock.now()), () => {
      this.#armedForMs = Number.POSITIVE_INFINITY;
      this.#disarm = undefined;
      if (this.#clock.now() >= this.#dueMs) {
        this.#dueMs = Number.POSITIVE_INFINITY;
        if (typeof this.#fire === "function") this.#fire();
        else this.#fire.late();
      } else if (this.#dueMs !== Number.POSITIVE_INFINITY) this.#arm();
    });
  }
}

/** Resolves after `delayMs`, or at once when `cancel` fires; leaves no timer behind. */
export function sleep(clock: Clock, delayMs: number, cancel: Cancel): Promise<void> {
  return new Promise((resolve) => {
    const disarm = clock.after(delayMs, () => {
      off();
      resolve();
    });
    const off = cancel.onCancel(() => {
      disarm();
      resolve();
    });
  });
}
