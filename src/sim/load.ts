// How much is asked of a provider, and what that does to it. The model of the notes on recovery: goodput falls with the
// square of the overload, so that more load makes fewer answers.

/** Load is what came in about the last two seconds. */
export const DECAY_MS = 2_000;

export function decayed(load: number, loadAtMs: number, nowMs: number): number {
  return load * Math.exp(-Math.max(0, nowMs - loadAtMs) / DECAY_MS);
}

/** The share of requests that succeed at `load` requests a second. */
export function shareOfCapacity(capacityPerS: number, load: number): number {
  return load <= capacityPerS ? 1 : (capacityPerS / load) ** 2;
}
