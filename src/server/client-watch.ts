// Watches whether clients leave before they have a response. A platform's signal costs as much as all of the engine's own
// work, so only calls that are not answered at once get one; and since all of them wait equally long for it, one timer
// serves the queue instead of one each.

import type { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { Clock } from "../core/runtime.ts";
import { streamTicks } from "./body.ts";
import type { Ticks } from "./ticks.ts";

/** An answer that takes longer is worth a signal. */
const WATCH_AFTER_MS = 25;

/** From now on silence is no fault of whoever sent the request. */
export type Patient = (request: Request) => void;

interface Watched {
  readonly request: Request;
  readonly patient: Patient;
  readonly cancel: CancelSource;
}

export interface ClientWatch {
  /** Of those that have a stream. */
  readonly ticks: Ticks;
  /** Responses go to Bun's server, and nobody else reads them. */
  readonly direct: boolean;
  /** The place of a call whose client is waiting; to be given back by `end`. */
  begin(request: Request, patient: Patient, cancel: CancelSource): Place;
  end(place: Place): void;
}

export interface Place extends Watched {
  readonly dueMs: number;
  over: boolean;
  unwatch: (() => void) | undefined;
}

export function createClientWatch(clock: Clock, direct = false): ClientWatch {
  let queue: Place[] = [];
  let first = 0;
  let waiting = 0;
  let disarm: (() => void) | undefined;

  const arm = (delayMs: number): void => {
    disarm = clock.after(delayMs, tick);
  };
  const tick = (): void => {
    disarm = undefined;
    const nowMs = clock.now();
    for (;;) {
      const place = queue[first];
      if (place === undefined || (!place.over && place.dueMs > nowMs)) break;
      // Passed before it is watched: one that throws must not hold up those behind it.
      first++;
      if (place.over) continue;
      waiting--;
      // Counted out whatever comes of it, and only once.
      place.unwatch = ignore;
      place.unwatch = watch(place);
    }
    queue = queue.slice(first);
    first = 0;
    const next = queue[0];
    if (waiting > 0 && next !== undefined) arm(Math.max(0, next.dueMs - nowMs));
  };
  return {
    ticks: streamTicks(clock),
    direct,
    begin(request, patient, cancel) {
      const dueMs = clock.now() + WATCH_AFTER_MS;
      const place: Place = { request, patient, cancel, dueMs, over: false, unwatch: undefined };
      queue.push(place);
      waiting++;
      if (disarm === undefined) arm(WATCH_AFTER_MS);
      return place;
    },
    end(place) {
      if (place.over) return;
      place.over = true;
      if (place.unwatch !== undefined) return place.unwatch();
      waiting--;
      if (waiting > 0) return;
      // Nobody is left to look after: no timer stays behind.
      disarm?.();
      disarm = undefined;
      queue = [];
      first = 0;
    },
  };
}

function ignore(): void {}

function watch({ request, patient, cancel }: Watched): () => void {
  const { signal } = request;
  const left = (): void => cancel.cancel(fault("cancelled", "the client left"));
  patient(request);
  if (signal.aborted) left();
  else signal.addEventListener("abort", left);
  return () => signal.removeEventListener("abort", left);
}
