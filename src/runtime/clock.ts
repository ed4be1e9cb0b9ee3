// The machine's clock as `Clock`.

import type { Clock } from "../core/runtime.ts";

/** Timers beyond this overflow the platform's 32 bits and would fire at once. */
const DELAY_MAX_MS = 2_147_483_647;

/** Its timers do not keep the process alive, where the platform can say so. */
export const backgroundClock: Clock = {
  now: () => performance.now(),
  after(delayMs, fire) {
    const timer: unknown = setTimeout(fire, Math.min(DELAY_MAX_MS, Math.max(0, delayMs)));
    // Elsewhere a timer is a number, and no process waits for it.
    if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function")
      timer.unref();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
};

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(DELAY_MAX_MS, Math.max(0, delayMs)));
    return () => clearTimeout(timer);
  },
};
