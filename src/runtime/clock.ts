// The machine's clock as `Clock`.

import type { Clock } from "../core/runtime.ts";

/** Timers beyond this overflow the platform's 32 bits and would fire at once. */
const DELAY_MAX_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(DELAY_MAX_MS, Math.max(0, delayMs)));
    return () => clearTimeout(timer);
  },
};
