// One timer for everything that ticks at the same pace: all wait equally long, so that who began last is due last, and a queue
// needs no order made. A timer of its own costs an open stream half a kilobyte. Whoever ticks is its own link in the queue.

import type { Clock } from "../core/runtime.ts";

export interface Ticking {
  /** Runs once, a tick after `add`. */
  tick(): void;
  /** The queue's own, as are its neighbours; `Infinity`: it does not wait. */
  tickAtMs: number;
  before: Ticking | undefined;
  behind: Ticking | undefined;
}

export const NEVER = Number.POSITIVE_INFINITY;

export class Ticks {
  readonly #clock: Clock;
  readonly #tickMs: number;
  #first: Ticking | undefined;
  #last: Ticking | undefined;
  #disarm: (() => void) | undefined;
  /** Who is added meanwhile is seen to at the end of the turn. */
  #turning = false;

  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** Not while it waits already. */
  add(ticking: Ticking): void {
    ticking.tickAtMs = this.#clock.now() + this.#tickMs;
    ticking.before = this.#last;
    if (this.#last === undefined) this.#first = ticking;
    else this.#last.behind = ticking;
    this.#last = ticking;
    if (this.#disarm === undefined && !this.#turning) this.#arm(this.#tickMs);
  }

  /** It does not tick any more; with the last of all no timer stays behind. */
  remove(ticking: Ticking): void {
    this.#unlink(ticking);
    if (this.#first !== undefined) return;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  #unlink(ticking: Ticking): void {
    const { before, behind } = ticking;
    if (ticking.tickAtMs === NEVER) return;
    ticking.tickAtMs = NEVER;
    ticking.before = undefined;
    ticking.behind = undefined;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
  }

  #arm(delayMs: number): void {
    this.#disarm = this.#clock.after(delayMs, () => this.#turn());
  }

  #turn(): void {
    this.#disarm = undefined;
    this.#turning = true;
    const nowMs = this.#clock.now();
    for (let first = this.#first; first !== undefined && first.tickAtMs <= nowMs; first = this.#first) {
      // Out of the queue before it is told: one that throws must not hold up those behind it.
      this.#unlink(first);
      try {
        first.tick();
      } catch {
        // Its own stream's trouble, and nobody's here to tell.
      }
    }
    this.#turning = false;
    const next = this.#first;
    if (next !== undefined) this.#arm(Math.max(0, next.tickAtMs - nowMs));
  }
}
