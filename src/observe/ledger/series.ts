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

/** What Holdfast asked on its own: no call of a client is without a route. */
export function isOwn({ kind, route }: Pick<SeriesName, "kind" | "route">): boolean {
  return kind === "attempts" && route === "";
}

export interface Series {
  readonly name: SeriesName;
  /** The store's number of it, once it has one. */
  id: number | undefined;
  /** Of `vector`, in whole minutes since the Unix epoch; -1 when it holds nothing. */
  minute: number;
  /** Another one after each writing. */
  vector: Vector;
}

/** One minute of one series that is not in the store yet. */
export interface Delta {
  readonly series: Series;
  readonly minute: number;
  readonly vector: Vector;
}

/** Where series are found: a name a step. Names are the same objects call after call, so that a step costs next to nothing. */
export interface Branch {
  readonly next: Map<string, Branch>;
  series: Series | undefined;
}

export interface SeriesBook {
  readonly root: Readonly<Record<SeriesKind, Branch>>;
  /** `undefined` beyond the limit, and from there on. */
  step(branch: Branch | undefined, name: string): Branch | undefined;
  /** The series of a branch, its vector that of `minute`; `undefined` when it is new, or is found by its name alone. */
  at(branch: Branch | undefined, minute: number): Series | undefined;
  /** The same of one that `at` does not know. */
  named(branch: Branch | undefined, minute: number, name: SeriesName): Series;
  /** What was counted since the last time, oldest minute first, up to so many minutes of series in all. */
  take(): readonly Delta[];
  /** They could not be stored: to be given out again. */
  giveBack(deltas: readonly Delta[]): void;
  /** They are stored, and their vectors are not needed any more. */
  done(deltas: readonly Delta[]): void;
  /** Minutes of series that were given up for want of room. */
  readonly dropped: number;
}

/** Tenants and models beyond this are counted together: names of models come from clients. */
export const SERIES_MAX = 10_000;
/** Held while the store fails: some 8 MB. */
export const WAITING_MAX = 5_000;
/** Series have numbers below it: those beyond `SERIES_MAX` are as many as providers, keys and routes. */
const NUMBERS_MAX = 1_000_000;
const POOL_MAX = 1_000;
/** Steps that lead to them. */
const BRANCHES_A_SERIES = 4;
export const OTHER = "other";

export function createSeriesBook(seriesMax = SERIES_MAX, waitingMax = WAITING_MAX): SeriesBook {
  const dirty = new Set<Series>();
  const pool: Vector[] = [];
  const { find, numberOf } = createNames(seriesMax);
  const branchesMax = BRANCHES_A_SERIES * seriesMax;
  let branches = 0;
  let waiting = new Map<number, Delta>();
  let dropped = 0;
  const keep = (delta: Delta): void => {
    const key = delta.minute * NUMBERS_MAX + numberOf(delta.series);
    const there = waiting.get(key);
    if (there !== undefined) addTo(there.vector, delta.vector);
    else if (waiting.size >= waitingMax) dropped++;
    else waiting.set(key, delta);
  };
  const setAside = (series: Series): void => {
    if (series.minute < 0) return;
    keep({ series, minute: series.minute, vector: series.vector });
    series.vector = pool.pop() ?? createVector();
    series.minute = -1;
  };
  const turned = (series: Series, minute: number): Series => {
    if (series.minute !== minute) {
      setAside(series);
      series.minute = minute;
      dirty.add(series);
    }
    return series;
  };
  return {
    root: { attempts: createBranch(), calls: createBranch() },
    get dropped() {
      return dropped;
    },
    step(branch, name) {
      const found = branch?.next.get(name);
      if (found !== undefined || branch === undefined || branches >= branchesMax) return found;
      branches++;
      const made = createBranch();
      branch.next.set(name, made);
      return made;
    },
    at: (branch, minute) => branch?.series && turned(branch.series, minute),
    named: (branch, minute, name) => turned(find(branch, name), minute),
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
    done(deltas) {
      for (const { vector } of deltas) if (pool.length < POOL_MAX) pool.push(vector.fill(0));
    },
  };
}

/** Makes series and numbers them, up to a limit; beyond it many names share one. */
function createNames(seriesMax: number) {
  const numbers = new Map<Series, number>();
  const shared = new Map<string, Series>();
  const make = (name: SeriesName): Series => {
    const series: Series = { name, id: undefined, minute: -1, vector: createVector() };
    numbers.set(series, numbers.size);
    return series;
  };
  return {
    numberOf: (series: Series) => numbers.get(series) ?? 0,
    find(branch: Branch | undefined, name: SeriesName): Series {
      if (branch !== undefined && numbers.size < seriesMax) {
        branch.series = make(name);
        return branch.series;
      }
      // No branch remembers it: there are as many of those as clients care to name.
      const { kind, provider, account, route } = name;
      const key = `${kind}\n${provider}\n${account}\n${route}`;
      const found = shared.get(key) ?? make({ ...name, model: OTHER, tenant: OTHER });
      shared.set(key, found);
      return found;
    },
  };
}

function createBranch(): Branch {
  return { next: new Map(), series: undefined };
}

function addTo(sum: Vector, more: Vector): void {
  for (let field = 0; field < more.length; field++) sum[field] = (sum[field] ?? 0) + (more[field] ?? 0);
}
