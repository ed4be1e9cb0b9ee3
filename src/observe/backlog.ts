// Facts wait here, a moment, for the readers that no call waits for, and are then told together: their code runs many times
// in a row instead of cold between two steps of a call. Nothing is lost and the order stays: whoever looks at what they have
// made calls `drain` first. Not for what decides about calls (belief), which must know at once.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Clock } from "../core/runtime.ts";

export interface Backlog {
  readonly read: (event: GatewayEvent) => void;
  /** Tells all that waits, now. */
  drain(): void;
}

type Reader = (event: GatewayEvent) => void;

/** So late is a fact told at most. */
const WAIT_MS = 100;
/** So many are not waited with: told together they would hold up the calls of that moment. */
const MANY = 256;
/** So many wait at most; then they are told at once. */
const WAITING_MAX = 4_096;

export function createBacklog(clock: Pick<Clock, "after">, readers: readonly Reader[]): Backlog {
  let waiting: GatewayEvent[] = [];
  let disarm: (() => void) | undefined;
  const arm = (afterMs: number): void => {
    disarm?.();
    disarm = clock.after(afterMs, onTimer);
  };
  const drain = (): void => {
    const events = waiting;
    if (events.length === 0) return;
    // A reader may cause a fact: it waits for the next time.
    waiting = [];
    // One reader after the other: the code of each is fetched once for all of them.
    for (const reader of readers) {
      for (const event of events) {
        try {
          reader(event);
        } catch {
          // Seeing is not serving: one reader's fault is not the others'.
        }
      }
    }
  };
  const onTimer = (): void => {
    disarm = undefined;
    drain();
  };
  return {
    drain,
    read(event) {
      waiting.push(event);
      const { length } = waiting;
      if (length >= WAITING_MAX) drain();
      else if (length === MANY) arm(0);
      else if (disarm === undefined) arm(WAIT_MS);
    },
  };
}
