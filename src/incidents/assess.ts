// Asks the ledger, now and then, what an incident has come to: calls, end users, money. Between two answers calls are
// counted as they come, since severity and messages must not wait; where the ledger cannot be read, those counts stand.

import type { Incident, LedgerImpact } from "../core/incident.ts";
import type { Clock } from "../core/runtime.ts";
import { type Book, isOpen, PEOPLE } from "./book.ts";

export interface Assessed {
  readonly domain: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What the ledger has of a provider in a time. It may reject. */
export type Assess = (asked: Assessed) => Promise<LedgerImpact>;

const EVERY_MS = 5_000;
/** Calls that were under way when it ended are counted too. */
const AFTER_MS = 60_000;
const ROUTES_MAX = 50;
/** Of the time, at most this share: an incident of a day in a large ledger takes a while to walk. */
const BUSY_SHARE = 0.05;

/** Looks whose turn it is; one at a time. `nowMs`: since the Unix epoch. */
export function createAssessor(book: Book, clock: Clock, assess: Assess): (nowMs: number) => void {
  /** When each was asked for last; 0: never. */
  const watched = new Map<Incident, number>();
  let busy = false;
  let readyMs = Number.NEGATIVE_INFINITY;
  const due = (nowMs: number): Incident | undefined => {
    for (const incident of book.open) {
      if (incident.domain !== PEOPLE && !watched.has(incident)) watched.set(incident, 0);
    }
    let longest: readonly [Incident, number] | undefined;
    for (const one of watched) {
      const [incident, askedMs] = one;
      if (!isOpen(incident) && nowMs - (incident.resolvedMs ?? 0) > AFTER_MS) watched.delete(incident);
      else if (nowMs - askedMs >= EVERY_MS && (longest === undefined || askedMs < longest[1])) longest = one;
    }
    return longest?.[0];
  };
  return (nowMs) => {
    if (busy || clock.now() < readyMs) return;
    const incident = due(nowMs);
    if (incident === undefined) return;
    busy = true;
    watched.set(incident, nowMs);
    const beganMs = clock.now();
    const { domain, startedMs: fromMs, resolvedMs: toMs = nowMs } = incident;
    const done = (): void => {
      busy = false;
      readyMs = clock.now() + (clock.now() - beganMs) / BUSY_SHARE;
    };
    assess({ domain, fromMs, toMs }).then((impact) => {
      takeImpact(book, incident, impact);
      done();
    }, done);
  };
}

/** The ledger gives each call to the provider that failed it first: an incident that saw more of them keeps its own counts. */
export function takeImpact(book: Book, incident: Incident, impact: LedgerImpact): void {
  const { counts, byRoute, ...more } = impact;
  if (counts.calls >= incident.counts.calls) {
    Object.assign(incident.counts, counts);
    for (const [route, found] of Object.entries(byRoute)) {
      const isKnown = Object.hasOwn(incident.byRoute, route);
      if (isKnown || Object.keys(incident.byRoute).length < ROUTES_MAX) incident.byRoute[route] = { ...found };
    }
  }
  incident.ledger = more;
  book.dirty.add(incident.id);
}
