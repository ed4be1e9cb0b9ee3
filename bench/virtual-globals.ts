// Lets code that reads the time from globals live in the virtual world: `Date.now`, `performance.now` and the timers are the
// world's while `play` runs, and the machine's again afterwards. For packages that are compared, never for our own code.

import type { Clock } from "../src/core/runtime.ts";

/** Virtual time is not near 0: packages compare with "never". */
const EPOCH_MS = 1_790_000_000_000;

export async function inVirtualTime<T>(clock: Clock, play: () => Promise<T>): Promise<T> {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const kept = { setTimeout, clearTimeout, setInterval, clearInterval };
  const now = { date: Date.now, performance: performance.now };
  const timers = new Map<number, () => void>();
  let handles = 0;
  const handleOf = (handle: number) => {
    // What the packages do with a timer beside clearing it.
    const self = { [Symbol.toPrimitive]: () => handle, unref: () => self, ref: () => self, hasRef: () => true };
    return self;
  };
  const clear = (handle: unknown): void => {
    if (handle === undefined || handle === null) return;
    const key = Number(handle);
    timers.get(key)?.();
    timers.delete(key);
  };
  const once = (fire: (...values: unknown[]) => void, delayMs = 0, ...values: unknown[]) => {
    const key = ++handles;
    const disarm = clock.after(delayMs, () => {
      timers.delete(key);
      fire(...values);
    });
    timers.set(key, disarm);
    return handleOf(key);
  };
  const again = (fire: (...values: unknown[]) => void, delayMs = 0, ...values: unknown[]) => {
    const key = ++handles;
    const arm = (): void => {
      timers.set(
        key,
        clock.after(delayMs, () => {
          arm();
          fire(...values);
        }),
      );
    };
    arm();
    return handleOf(key);
  };
  Object.assign(globalThis, { setTimeout: once, setInterval: again, clearTimeout: clear, clearInterval: clear });
  Date.now = () => EPOCH_MS + clock.now();
  performance.now = () => clock.now();
  try {
    return await play();
  } finally {
    Object.assign(globalThis, kept);
    Date.now = now.date;
    performance.now = now.performance;
    for (const disarm of timers.values()) disarm();
  }
}
