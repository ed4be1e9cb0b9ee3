// One timer for all deadlines that are due within the same moment. Nearly every one is taken back long before, and a native timer
// costs a busy gateway 1 µs, two or three of them a call (docs/adr/0036-shared-timers.md). Whoever waits is its own link.

import type { Clock } from "./runtime.ts";

export interface Slotted {
  /** The queue's own, as are its neighbours; absent: it does not wait. */
  slot: Slot | undefined;
  older: Slotted | undefined;
  newer: Slotted | undefined;
  /** Its slot is due; it waits no more. */
  wake(): void;
}

interface Slot {
  readonly place: number;
  readonly disarm: () => void;
  oldest: Slotted | undefined;
  newest: Slotted | undefined;
}

export class DeadlineSlots {
  readonly #after: Clock["after"];
  readonly #grainMs: number;
  readonly #slots = new Map<number, Slot>();

  /** Whoever waits is woken up to `grainMs` late. */
  constructor(after: Clock["after"], grainMs: number) {
    this.#after = after;
    this.#grainMs = grainMs;
  }

  /** Not while it waits already. Both times are those of the clock. */
  add(waiting: Slotted, dueMs: number, nowMs: number): void {
    const place = Math.ceil(dueMs / this.#grainMs);
    const slot = this.#slots.get(place) ?? this.#open(place, nowMs);
    waiting.slot = slot;
    waiting.older = slot.newest;
    if (slot.newest === undefined) slot.oldest = waiting;
    else slot.newest.newer = waiting;
    slot.newest = waiting;
  }

  #open(place: number, nowMs: number): Slot {
    const disarm = this.#after(place * this.#grainMs - nowMs, () => this.#fire(slot));
    const slot: Slot = { place, disarm, oldest: undefined, newest: undefined };
    this.#slots.set(place, slot);
    return slot;
  }

  /** The last one takes the timer with it: that would keep the process alive. */
  remove(waiting: Slotted): void {
    const { slot, older, newer } = waiting;
    if (slot === undefined) return;
    waiting.slot = undefined;
    waiting.older = undefined;
    waiting.newer = undefined;
    if (older === undefined) slot.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) slot.newest = older;
    else newer.older = older;
    if (slot.oldest !== undefined || this.#slots.get(slot.place) !== slot) return;
    slot.disarm();
    this.#slots.delete(slot.place);
  }

  #fire(slot: Slot): void {
    this.#slots.delete(slot.place);
    for (let waiting = slot.oldest; waiting !== undefined; waiting = slot.oldest) {
      this.remove(waiting);
      try {
        waiting.wake();
      } catch (error) {
        // As of a timer of its own: nobody's to catch, and no harm to those behind it.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
