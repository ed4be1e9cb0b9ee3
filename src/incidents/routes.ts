// How each route has been for its clients: the last minutes, and ninety days for the status page's bars. Pure rules over
// cells; a route is a component of the page.

import type { Incident, Maintenance } from "../core/incident.ts";
import { type Book, PEOPLE } from "./book.ts";
import { countIn, countsOf, createRing, type SlotRing } from "./evidence.ts";
import type { Fate } from "./impact.ts";

export const COMPONENT_STATUSES = [
  "operational",
  "under_maintenance",
  "degraded_performance",
  "partial_outage",
  "major_outage",
] as const;
/** As Statuspage names them; the later the worse. */
export type ComponentStatus = (typeof COMPONENT_STATUSES)[number];

/** One day of a route: how long it was watched, and how much of that it was not well. */
export interface RouteDay {
  watchedMs: number;
  degradedMs: number;
  partialMs: number;
  majorMs: number;
  maintenanceMs: number;
  calls: number;
  failed: number;
}

export interface RouteWatch {
  readonly ring: SlotRing;
  /** By day number since 1970, in UTC. */
  readonly days: Map<number, RouteDay>;
  /** Days that differ from what is stored. */
  readonly dirty: Set<number>;
  status: ComponentStatus;
  sinceMs: number;
}

export type RouteWatches = Map<string, RouteWatch>;

export const DAY_MS = 86_400_000;
export const DAYS_KEPT = 90;
const ROUTES_MAX = 1_000;
const LOOK_BACK_MS = 60_000;
const SEEN_MIN = 3;
const MAJOR_SHARE = 0.5;
const PARTIAL_SHARE = 0.05;
const PARTIAL_FAILED = 2;

export function routeWatchOf(watches: RouteWatches, route: string, nowMs: number): RouteWatch | undefined {
  const known = watches.get(route);
  if (known !== undefined) return known;
  if (watches.size >= ROUTES_MAX) return undefined;
  const made: RouteWatch = {
    ring: createRing(),
    days: new Map(),
    dirty: new Set(),
    status: "operational",
    sinceMs: nowMs,
  };
  watches.set(route, made);
  return made;
}

export function emptyDay(): RouteDay {
  return { watchedMs: 0, degradedMs: 0, partialMs: 0, majorMs: 0, maintenanceMs: 0, calls: 0, failed: 0 };
}

export function noteRouteCall(watch: RouteWatch, fate: Fate, nowMs: number): void {
  countIn(watch.ring, fate === "failed", nowMs);
  const day = dayOf(watch, nowMs);
  day.calls++;
  if (fate === "failed") day.failed++;
}

function dayOf(watch: RouteWatch, nowMs: number): RouteDay {
  const number = Math.floor(nowMs / DAY_MS);
  watch.dirty.add(number);
  const known = watch.days.get(number);
  if (known !== undefined) return known;
  const made = emptyDay();
  watch.days.set(number, made);
  for (const old of watch.days.keys()) if (old <= number - DAYS_KEPT) watch.days.delete(old);
  return made;
}

export interface Around {
  readonly book: Book;
  readonly maintenances: readonly Maintenance[];
}

/** What a route is like now, by what its own calls got and by whose trouble is its trouble. */
export function statusOf(
  route: string,
  watch: RouteWatch,
  { book, maintenances }: Around,
  nowMs: number,
): ComponentStatus {
  return judged(route, watch, { book, maintenances, sick: sickDomains(book) }, nowMs);
}

interface Judging extends Around {
  readonly sick: ReadonlySet<string>;
}

function sickDomains(book: Book): ReadonlySet<string> {
  return new Set([...book.open].filter(isSick).map(({ domain }) => domain));
}

function judged(
  route: string,
  watch: RouteWatch,
  { book, maintenances, sick }: Judging,
  nowMs: number,
): ComponentStatus {
  const { all, failed } = countsOf(watch.ring, LOOK_BACK_MS, nowMs);
  const share = all === 0 ? 0 : failed / all;
  if (all >= SEEN_MIN && share >= MAJOR_SHARE) return "major_outage";
  if (failed >= PARTIAL_FAILED && share >= PARTIAL_SHARE) return "partial_outage";
  const reported = reportedStatus(book, route);
  if (reported !== undefined) return reported;
  const { domains = [] } = book.routes.get(route) ?? {};
  const [first] = domains;
  // Nobody has asked: what is known of all of its targets is all there is to say.
  if (all < SEEN_MIN && domains.length > 0 && domains.every((domain) => sick.has(domain))) return "major_outage";
  if (first !== undefined && sick.has(first)) return "degraded_performance";
  return maintenances.some((one) => isUnderWay(one, route, nowMs)) ? "under_maintenance" : "operational";
}

const REPORTED = {
  none: undefined,
  minor: "degraded_performance",
  major: "partial_outage",
  critical: "major_outage",
} as const;

/** What people say of it; an incident of theirs without routes is everybody's. */
function reportedStatus(book: Book, route: string): ComponentStatus | undefined {
  let worst: ComponentStatus | undefined;
  for (const { domain, routes, severity } of book.open) {
    if (domain !== PEOPLE || (routes.length > 0 && !routes.includes(route))) continue;
    const status = REPORTED[severity];
    if (status !== undefined && rank(status) > rank(worst)) worst = status;
  }
  return worst;
}

export function rank(status: ComponentStatus | undefined): number {
  return status === undefined ? -1 : COMPONENT_STATUSES.indexOf(status);
}

function isSick({ state, corrected }: Incident): boolean {
  return (state === "investigating" || state === "identified") && corrected.severity !== "none";
}

export function isUnderWay(one: Maintenance, route: string, nowMs: number): boolean {
  const { cancelled, fromMs, untilMs, routes } = one;
  return !cancelled && fromMs <= nowMs && nowMs < untilMs && (routes.length === 0 || routes.includes(route));
}

/** `tookMs` have passed since it was last looked at. */
export function passRouteTime(
  watches: RouteWatches,
  { book, maintenances }: Around,
  nowMs: number,
  tookMs: number,
): void {
  // Once for all of them.
  const judging = { book, maintenances, sick: sickDomains(book) };
  for (const name of book.routes.keys()) {
    const watch = routeWatchOf(watches, name, nowMs);
    if (watch === undefined) return;
    const status = judged(name, watch, judging, nowMs);
    if (status !== watch.status) {
      watch.status = status;
      watch.sinceMs = nowMs;
    }
    const day = dayOf(watch, nowMs);
    day.watchedMs += tookMs;
    if (status === "major_outage") day.majorMs += tookMs;
    else if (status === "partial_outage") day.partialMs += tookMs;
    else if (status === "degraded_performance") day.degradedMs += tookMs;
    else if (status === "under_maintenance") day.maintenanceMs += tookMs;
  }
}

/** As Statuspage counts: a partial outage weighs three tenths. `undefined`: never watched. */
export function uptimeOf(days: Iterable<RouteDay>): number | undefined {
  let watched = 0;
  let down = 0;
  for (const day of days) {
    watched += day.watchedMs;
    down += day.majorMs + 0.3 * day.partialMs;
  }
  return watched === 0 ? undefined : 1 - down / watched;
}
