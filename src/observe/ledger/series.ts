// What the ledger counts apart: attempts by whom they were sent to and for whom, calls by route, tenant and whose trouble
// they met. Each has one vector that is filled in place while its minute lasts.

import { createVector, type Vector } from "./fields.ts";

export type SeriesKind = "attempts" | "calls";

/** "" is unknown, or does not apply. */
export interface SeriesName {
  readonly kind: SeriesKind;
  /** Of calls: whose failure they met; "" when all was well. */
  readonly provider: string;
  /** A fingerprint of the key. */
  readonly account: string;
  readonly region: string;
  readonly model: string;
  readonly route: string;
  readonly tenant: string;
}

export interface Series {
  readonly name: SeriesName;
  /** The store's number of it, once it has one. */
  id: number | undefined;
  /** Of `vector`, in whole minutes since the Unix epoch; -1 when it holds nothing. */
  minute: number;
  readonly vector: Vector;
}

/** One minute of one series that is not in the store yet. */
export interface Delta {
  readonly series: Series;
  readonly minute: number;
  readonly vector: Vector;
}

export interface SeriesBook {
  /** `key` tells it apart from all others; `name` is asked for when it is new. */
  at(key: string, minute: number, name: () => SeriesName): Series;
  /** What was counted since the last time, oldest minute first, up to so many minutes of series in all. */
  take(): readonly Delta[];
  /** They could not be stored: to be given out again. */
  giveBack(deltas: readonly Delta[]): void;
  /** Minutes of series that were given up for want of room. */
  readonly dropped: number;
}

/** Tenants and models beyond this are counted together: names of models come from clients. */
export const SERIES_MAX = 10_000;
/** Held while the store fails: some 8 MB. */
export const WAITING_MAX = 5_000;
export const OTHER = "other";

export function createSeriesBook(seriesMax = SERIES_MAX, waitingMax = WAITING_MAX): SeriesBook {
  const known = new Map<string, Series>();
  const dirty = new Set<Series>();
  let waiting = new Map<string, Delta>();
  const numbers = new Map<Series, number>();
  let dropped = 0;
  const find = (key: string, name: () => SeriesName): Series => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const full = known.size >= seriesMax;
    const made = full ? { ...name(), model: OTHER, tenant: OTHER } : name();
    const place = full ? `${made.kind} ${made.provider}\n${made.account}\n${made.route}\n${OTHER}` : key;
    const shared = known.get(place);
    if (shared !== undefined) return shared;
    const series: Series = { name: made, id: undefined, minute: -1, vector: createVector() };
    numbers.set(series, numbers.size);
    known.set(place, series);
    return series;
  };
  const keep = ({ series, minute, vector }: Delta): void => {
    const key = `${minute} ${numbers.get(series)}`;
    const there = waiting.get(key);
    if (there !== undefined) {
      for (let field = 0; field < vector.length; field++)
        there.vector[field] = at(there.vector, field) + at(vector, field);
    } else if (waiting.size >= waitingMax) dropped++;
    else waiting.set(key, { series, minute, vector });
  };
  const setAside = (series: Series): void => {
    if (series.minute < 0) return;
    keep({ series, minute: series.minute, vector: series.vector.slice() });
    series.vector.fill(0);
    series.minute = -1;
  };
  return {
    get dropped() {
      return dropped;
    },
    at(key, minute, name) {
      const series = find(key, name);
      if (series.minute !== minute) {
        setAside(series);
        series.minute = minute;
        dirty.add(series);
      }
      return series;
    },
    take() {
      for (const series of dirty) setAside(series);
      dirty.clear();
      const taken = [...waiting.values()].sort((a, b) => a.minute - b.minute);
      waiting = new Map();
      return taken;
    },
    giveBack(deltas) {
      for (const delta of deltas) keep(delta);
    },
  };
}

function at(vector: Vector, field: number): number {
  return vector[field] ?? 0;
}
