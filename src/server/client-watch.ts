// Watches whether clients leave before they have a response. A platform's signal costs as much as all of the engine's own
// work, so only calls that are not answered at once get one, and those of some milliseconds share a timer.

import type { CancelSource } from "../core/cancel.ts";
import { DeadlineSlots, type Slotted } from "../core/deadline-slots.ts";
import { fault } from "../core/fault.ts";
import type { Clock } from "../core/runtime.ts";
import { streamTicks } from "./body.ts";
import type { Ticks } from "./ticks.ts";

/** An answer that takes longer is worth a signal. */
const WATCH_AFTER_MS = 25;
/** Those that come within this share a timer, and wait up to so much longer. */
const GRAIN_MS = 5;

/** From now on silence is no fault of whoever sent the request. */
export type Patient = (request: Request) => void;

export interface ClientWatch {
  /** Of those that have a stream. */
  readonly ticks: Ticks;
  /** Responses go to Bun's server, and nobody else reads them. */
  readonly direct: boolean;
  /** The place of a call whose client is waiting; to be given back by `end`. */
  begin(request: Request, patient: Patient, cancel: CancelSource): Place;
  end(place: Place): void;
}

class Place implements Slotted {
  slot: Slotted["slot"];
  older: Slotted | undefined;
  newer: Slotted | undefined;
  #unwatch: (() => void) | undefined;
  readonly #request: Request;
  readonly #patient: Patient;
  readonly #cancel: CancelSource;

  constructor(request: Request, patient: Patient, cancel: CancelSource) {
    this.#request = request;
    this.#patient = patient;
    this.#cancel = cancel;
  }

  wake(): void {
    const { signal } = this.#request;
    const left = (): void => this.#cancel.cancel(fault("cancelled", "the client left"));
    this.#patient(this.#request);
    if (signal.aborted) left();
    else signal.addEventListener("abort", left);
    this.#unwatch = () => signal.removeEventListener("abort", left);
  }

  leave(): void {
    this.#unwatch?.();
  }
}

export function createClientWatch(clock: Clock, direct = false): ClientWatch {
  const waiting = new DeadlineSlots((delayMs, fire) => clock.after(delayMs, fire), GRAIN_MS);
  return {
    ticks: streamTicks(clock),
    direct,
    begin(request, patient, cancel) {
      const place = new Place(request, patient, cancel);
      const nowMs = clock.now();
      waiting.add(place, nowMs + WATCH_AFTER_MS, nowMs);
      return place;
    },
    end(place) {
      waiting.remove(place);
      place.leave();
    },
  };
}
