// A client's stop strings across a seam: the model that goes on does not know that one had begun already. Pure.

export interface Scanned {
  readonly said: string;
  /** The stop string that was reached; nothing is to be said after it. */
  readonly stop?: string;
}

export class StopScan {
  readonly #stops: readonly string[];
  /** What was said last, as much as a stop string may have begun in. */
  #tail: string;
  readonly #longest: number;
  /** Beyond the seam the provider looks for them itself. */
  #left: number;

  constructor(stops: readonly string[], before: string) {
    this.#stops = stops.filter((stop) => stop !== "");
    this.#longest = Math.max(0, ...this.#stops.map((stop) => stop.length - 1));
    this.#tail = this.#longest === 0 ? "" : before.slice(-this.#longest);
    this.#left = this.#longest;
  }

  take(text: string): Scanned {
    if (this.#left <= 0) return { said: text };
    const before = this.#tail.length;
    const all = this.#tail + text;
    this.#left -= text.length;
    this.#tail = all.slice(-this.#longest);
    let first: { readonly at: number; readonly stop: string } | undefined;
    for (const stop of this.#stops) {
      const at = all.indexOf(stop);
      if (at >= 0 && at + stop.length > before && (first === undefined || at < first.at)) first = { at, stop };
    }
    return first === undefined
      ? { said: text }
      : { said: all.slice(before, Math.max(before, first.at)), stop: first.stop };
  }
}
