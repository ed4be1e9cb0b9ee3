// Notices when failover multiplies what a route costs: a pure rule over what its calls cost within the last minutes, and
// what they would have cost at their first target.

import { CALL } from "./fields.ts";
import type { Delta } from "./series.ts";

export interface SpendWarning {
  readonly route: string;
  readonly spentUsd: number;
  /** What the first target would have asked for the same answers. */
  readonly withoutFailoverUsd: number;
  readonly overMs: number;
}

export interface SpendAlarm {
  /** Takes what was counted, and gives a warning for each route whose spending it has to. */
  note(deltas: readonly Delta[]): readonly SpendWarning[];
}

const WINDOW_MINUTES = 10;
/** So many times what it would have been, and so much more in the window: a few cents are no alarm. */
const FACTOR = 2;
const EXTRA_NANO = 1e9;
/** One warning a route within this time. */
const AGAIN_MINUTES = 60;
const ROUTES_MAX = 1_000;

interface Spending {
  /** By minute, the last `WINDOW_MINUTES`. */
  readonly minutes: Map<number, { spent: number; extra: number }>;
  warnedMinute: number;
}

export function createSpendAlarm(): SpendAlarm {
  const routes = new Map<string, Spending>();
  return {
    note(deltas) {
      const touched = new Map<string, Spending>();
      for (const { series, minute, vector } of deltas) {
        if (series.name.kind !== "calls") continue;
        const { route } = series.name;
        const spending = find(routes, route);
        const there = spending.minutes.get(minute) ?? { spent: 0, extra: 0 };
        there.spent += vector[CALL.costNano] ?? 0;
        there.extra += (vector[CALL.extraNano] ?? 0) - (vector[CALL.sparedNano] ?? 0);
        spending.minutes.set(minute, there);
        touched.set(route, spending);
      }
      return [...touched].flatMap(([route, spending]) => judge(route, spending) ?? []);
    },
  };
}

function find(routes: Map<string, Spending>, route: string): Spending {
  const known = routes.get(route);
  if (known !== undefined) return known;
  if (routes.size >= ROUTES_MAX) routes.clear();
  const made: Spending = { minutes: new Map(), warnedMinute: Number.NEGATIVE_INFINITY };
  routes.set(route, made);
  return made;
}

function judge(route: string, spending: Spending): SpendWarning | undefined {
  const newest = Math.max(...spending.minutes.keys());
  let spent = 0;
  let extra = 0;
  for (const [minute, one] of spending.minutes) {
    if (minute <= newest - WINDOW_MINUTES) spending.minutes.delete(minute);
    else {
      spent += one.spent;
      extra += one.extra;
    }
  }
  const normal = Math.max(0, spent - extra);
  if (extra < EXTRA_NANO || spent < FACTOR * normal || newest < spending.warnedMinute + AGAIN_MINUTES) return undefined;
  spending.warnedMinute = newest;
  return { route, spentUsd: spent / 1e9, withoutFailoverUsd: normal / 1e9, overMs: WINDOW_MINUTES * 60_000 };
}
