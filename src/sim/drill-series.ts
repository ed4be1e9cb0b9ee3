// What a drill's report draws: counts in slices of equal length over the run, and what was believed when. Filled from the
// facts as they come; the drawing is `cli/drill-page.ts`.

import type { BeliefState } from "../core/cell.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";

/** One list a line, one number a slice. */
export interface Series {
  readonly sliceMs: number;
  readonly calls: readonly number[];
  /** Calls that were not answered to their end. */
  readonly failed: readonly number[];
  /** The same traffic without Holdfast: calls that were not answered. */
  readonly failedWithout: readonly number[];
  readonly attempts: ReadonlyMap<string, readonly number[]>;
  /** First attempts: where calls began. */
  readonly begun: ReadonlyMap<string, readonly number[]>;
  readonly beliefs: readonly BeliefChange[];
}

export interface BeliefChange {
  readonly atMs: number;
  readonly target: string;
  readonly state: BeliefState;
}

/** As many as a plot has room for. */
const SLICES = 240;
/** More changes than a plot can show are not kept. */
const BELIEFS_MAX = 20_000;

export interface SeriesReader {
  see(event: GatewayEvent): void;
  /** A call of the same traffic without Holdfast, begun at `atMs`. */
  seeWithout(atMs: number, ok: boolean): void;
  series(): Series;
}

export function createSeries(seconds: number): SeriesReader {
  const sliceMs = Math.max(1_000, Math.ceil((seconds * 1_000) / SLICES));
  const length = Math.ceil((seconds * 1_000) / sliceMs);
  const empty = (): number[] => new Array<number>(length).fill(0);
  const calls = empty();
  const failed = empty();
  const failedWithout = empty();
  const attempts = new Map<string, number[]>();
  const begun = new Map<string, number[]>();
  const beliefs: BeliefChange[] = [];
  const under = new Map<string, number>();
  const add = (line: number[], atMs: number): void => {
    const slice = Math.min(length - 1, Math.floor(atMs / sliceMs));
    line[slice] = (line[slice] ?? 0) + 1;
  };
  const addTo = (lines: Map<string, number[]>, provider: string, atMs: number): void => {
    const line = lines.get(provider) ?? empty();
    lines.set(provider, line);
    add(line, atMs);
  };
  return {
    see(event) {
      if (event.type === "call-start") {
        under.set(event.call, event.atMs);
        add(calls, event.atMs);
      } else if (event.type === "attempt-start") {
        const provider = event.target.slice(0, event.target.indexOf("/"));
        addTo(attempts, provider, event.atMs);
        if (event.number === 1) addTo(begun, provider, event.atMs);
      } else if (event.type === "call-end") {
        if (event.ending !== "complete") add(failed, under.get(event.call) ?? event.atMs);
        under.delete(event.call);
      } else if (event.type === "belief" && beliefs.length < BELIEFS_MAX) {
        const { atMs, target, state } = event;
        beliefs.push({ atMs, target, state });
      }
    },
    seeWithout(atMs, ok) {
      if (!ok) add(failedWithout, atMs);
    },
    series: () => ({ sliceMs, calls, failed, failedWithout, attempts, begun, beliefs }),
  };
}
