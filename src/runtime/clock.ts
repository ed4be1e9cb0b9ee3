// The machine's clock as `Clock`.

import { DeadlineSlots } from "../core/deadline-slots.ts";
import type { Clock } from "../core/runtime.ts";

/** Timers beyond this overflow the platform's 32 bits and would fire at once. */
const DELAY_MAX_MS = 2_147_483_647;
/** Deadlines that share timers are late by this at most, beside what any timer is. */
const GRAIN_MS = 16;

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

const after: Clock["after"] = (delayMs, fire) => {
  const timer = setTimeout(fire, bounded(delayMs));
  return () => clearTimeout(timer);
};

export const systemClock: Clock = { now: () => performance.now(), after, slots: new DeadlineSlots(after, GRAIN_MS) };

function bounded(delayMs: number): number {
  return Math.min(DELAY_MAX_MS, Math.max(0, delayMs));
}
