// Small tools over `Clock`: a deadline that can be moved for free. Not a scheduler.

import type { Cancel } from "./cancel.ts";
import type { Slotted } from "./deadline-slots.ts";
import type { Clock } from "./runtime.ts";

/** What a deadline tells, where that is an object anyway. */
export interface Late {
  late(): void;
  /** Where what its owner notes anyway puts it off: looked at when the timer wakes, so that nothing need be moved. Never earlier. */
  putOffToMs?(): number;
}

/** Deadlines that are so far away share timers, where the clock has any to share. */
const SHARED_FROM_MS = 1_000;
const SHARED_TO_MS = 86_400_000;

/**
 * A deadline with one timer of the clock's that is moved lazily: `move` only stores the due time, and the timer, when it
 * fires early, arms itself again. Cheaper than a timer per frame.
 */
export class LazyDeadline implements Slotted {
  slot: Slotted["slot"];
  older: Slotted["older"];
  newer: Slotted["newer"];
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
    const nowMs = this.#clock.now();
    this.moveTo(nowMs + delayMs, nowMs);
  }

  /** `nowMs`: for who has looked at the clock anyway. */
  moveTo(dueMs: number, nowMs?: number): void {
    this.#dueMs = dueMs;
    if (dueMs >= this.#armedForMs || dueMs === Number.POSITIVE_INFINITY) return;
    this.#off();
    this.#arm(nowMs ?? this.#clock.now());
  }

  /** Not due until moved again; the timer may stay and find nothing to do. */
  pause(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Gives the timer back. Must be called at the end of the owner's life. */
  stop(): void {
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    this.#off();
  }

  /** For the timer alone. */
  wake(): void {
    this.#armedForMs = Number.POSITIVE_INFINITY;
    this.#disarm = undefined;
    if (this.#dueMs !== Number.POSITIVE_INFINITY && typeof this.#fire !== "function") {
      this.#dueMs = Math.max(this.#dueMs, this.#fire.putOffToMs?.() ?? 0);
    }
    const nowMs = this.#clock.now();
    if (nowMs >= this.#dueMs) {
      this.#dueMs = Number.POSITIVE_INFINITY;
      if (typeof this.#fire === "function") this.#fire();
      else this.#fire.late();
    } else if (this.#dueMs !== Number.POSITIVE_INFINITY) this.#arm(nowMs);
  }

  #arm(nowMs: number): void {
    const delayMs = Math.max(0, this.#dueMs - nowMs);
    const { slots } = this.#clock;
    this.#armedForMs = this.#dueMs;
    if (slots === undefined || delayMs < SHARED_FROM_MS || delayMs > SHARED_TO_MS) this.#armAlone(delayMs);
    else slots.add(this, this.#dueMs, nowMs);
  }

  #armAlone(delayMs: number): void {
    this.#disarm = this.#clock.after(delayMs, () => this.wake());
  }

  #off(): void {
    this.#clock.slots?.remove(this);
    this.#disarm?.();
    this.#disarm = undefined;
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
