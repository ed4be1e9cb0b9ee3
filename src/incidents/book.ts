// The cell of all incidents: those that are open and those of the last ninety days, what is watched of each provider, and
// what has changed since somebody looked. Only keeping; the rules are in `follow.ts`.

import type { Edge, Incident, IncidentState, IncidentUpdate, PublishPolicy, Severity } from "../core/incident.ts";
import { createWatch, type DomainWatch } from "./evidence.ts";
import { emptyCounts } from "./impact.ts";
import type { PageIncident } from "./page-word.ts";

/** A route as incidents see it: whose trouble is its trouble. */
export interface RouteScope {
  readonly name: string;
  /** Best first, none twice. */
  readonly domains: readonly string[];
  /** `provider/model`; a `*` in it stands for any. */
  readonly targets: readonly string[];
}

export type ChangeKind = "opened" | "updated" | "resolved";

export interface Change {
  readonly kind: ChangeKind;
  readonly incident: Incident;
  readonly update: IncidentUpdate;
  /** It was milder before. */
  readonly raisedFrom?: Severity | undefined;
}

export interface Book {
  /** By id, the oldest first. */
  readonly incidents: Map<string, Incident>;
  readonly open: Set<Incident>;
  readonly watches: Map<string, DomainWatch>;
  /** Targets under suspicion, and whose they are. */
  readonly suspects: Map<string, string>;
  /** Targets out of rotation, and whose they are. */
  readonly down: Map<string, string>;
  /** What their pages have told of late, by provider and by the id there. */
  readonly pages: Map<string, Map<string, PageIncident>>;
  /** Providers whose page could not be read of late. */
  readonly unread: Set<string>;
  routes: ReadonlyMap<string, RouteScope>;
  policy: PublishPolicy;
  changes: Change[];
  /** Incidents that differ from what is stored. */
  readonly dirty: Set<string>;
}

/** The domain of incidents that people reported: nothing that calls tell opens, moves or ends them. */
export const PEOPLE = "people";
const INCIDENTS_MAX = 500;
const WATCHES_MAX = 256;
const UPDATES_MAX = 200;
/** Of a long incident the beginning is kept. */
const UPDATES_FIRST = 20;
const CHANGES_MAX = 10_000;
export const KEPT_MS = 90 * 86_400_000;

export function createBook(policy: PublishPolicy): Book {
  return {
    incidents: new Map(),
    open: new Set(),
    watches: new Map(),
    suspects: new Map(),
    down: new Map(),
    pages: new Map(),
    unread: new Set(),
    routes: new Map(),
    policy,
    changes: [],
    dirty: new Set(),
  };
}

export function watchOf(book: Book, domain: string): DomainWatch {
  const known = book.watches.get(domain);
  if (known !== undefined) return known;
  if (book.watches.size >= WATCHES_MAX) {
    const oldest = book.watches.keys().next().value;
    if (oldest !== undefined) book.watches.delete(oldest);
  }
  const made = createWatch();
  // The oldest first: what stays is the newest.
  for (const incident of book.incidents.values()) if (incident.domain === domain) made.newest[incident.edge] = incident;
  book.watches.set(domain, made);
  return made;
}

/** `provider/model` → `provider`. */
export function domainOf(target: string): string {
  const slash = target.indexOf("/");
  return slash < 0 ? target : target.slice(0, slash);
}

export function isOpen({ state }: Incident): boolean {
  return state !== "resolved" && state !== "postmortem";
}

/** The newest one of this domain and edge, open or not. */
export function latest(book: Book, domain: string, edge: Edge): Incident | undefined {
  return watchOf(book, domain).newest[edge];
}

/** Takes in one that was kept. */
export function enter(book: Book, incident: Incident): void {
  book.incidents.set(incident.id, incident);
  if (isOpen(incident)) book.open.add(incident);
  watchOf(book, incident.domain).newest[incident.edge] = incident;
}

export interface Opening {
  readonly domain: string;
  readonly edge: Edge;
  readonly startedMs: number;
  readonly nowMs: number;
}

/** A new one, empty: its first update is the caller's. */
export function openNew(book: Book, { domain, edge, startedMs, nowMs }: Opening): Incident {
  const incident: Incident = {
    id: freeId(book, nowMs),
    domain,
    edge,
    state: "investigating",
    severity: "minor",
    targets: {},
    routes: routesOf(book, domain),
    tenants: [],
    startedMs,
    openedMs: nowMs,
    lastEvidenceMs: nowMs,
    reopened: 0,
    relapses: [],
    counts: emptyCounts(),
    byRoute: {},
    faults: {},
    minutes: [],
    cause: { class: "unknown", evidence: [] },
    updates: [],
    updatesMade: 0,
    published: false,
    corrected: {},
    ...(book.pages.has(domain) && !book.unread.has(domain) && { pageRead: true as const }),
  };
  draft(incident, book.policy, nowMs);
  enter(book, incident);
  bound(book, nowMs);
  return incident;
}

/** As the policy has it: shown at once, later by itself, or when somebody says so. */
function draft(incident: Incident, policy: PublishPolicy, nowMs: number): void {
  if (policy === "at-once") incident.published = true;
  else if (policy !== "by-hand") incident.publishAtMs = nowMs + policy.afterMs;
}

function routesOf(book: Book, domain: string): string[] {
  return [...book.routes.values()]
    .filter(({ domains }) => domains[0] === domain)
    .map(({ name }) => name)
    .slice(0, 50);
}

/** `inc_20261127-1408`: people say it to each other. It names nobody: users see it too. */
function freeId(book: Book, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().slice(0, 16).replace(/-|:/g, "").replace("T", "-");
  const base = `inc_${stamp}`;
  let id = base;
  for (let number = 2; book.incidents.has(id); number++) id = `${base}-${number}`;
  return id;
}

/** The oldest closed ones go first, then those over their time. */
function bound(book: Book, nowMs: number): void {
  for (const incident of [...book.incidents.values()]) {
    const old = (incident.resolvedMs ?? nowMs) < nowMs - KEPT_MS;
    if (isOpen(incident) || (!old && book.incidents.size <= INCIDENTS_MAX)) continue;
    book.incidents.delete(incident.id);
    book.dirty.add(incident.id);
    const watch = book.watches.get(incident.domain);
    if (watch?.newest[incident.edge] === incident) delete watch.newest[incident.edge];
  }
}

export interface Saying {
  readonly kind: ChangeKind;
  readonly text: string;
  readonly forUsers?: string | undefined;
  readonly by?: "person";
  readonly quiet?: boolean;
  readonly state?: IncidentState;
  readonly raisedFrom?: Severity;
}

/** Adds an update to the timeline and tells of the change. */
export function say(book: Book, incident: Incident, saying: Saying, nowMs: number): IncidentUpdate {
  if (saying.state !== undefined) incident.state = saying.state;
  if (isOpen(incident)) book.open.add(incident);
  else book.open.delete(incident);
  const update: IncidentUpdate = {
    id: `${incident.id}.${++incident.updatesMade}`,
    atMs: nowMs,
    state: incident.state,
    by: saying.by ?? "holdfast",
    text: saying.text,
    ...(saying.forUsers !== undefined && { forUsers: saying.forUsers }),
    ...(saying.quiet === true && { quiet: true }),
  };
  incident.updates.push(update);
  if (incident.updates.length > UPDATES_MAX) incident.updates.splice(UPDATES_FIRST, 1);
  book.dirty.add(incident.id);
  // Whoever reads them does so after each event; what nobody reads must not grow.
  if (book.changes.length < CHANGES_MAX)
    book.changes.push({ kind: saying.kind, incident, update, raisedFrom: saying.raisedFrom });
  return update;
}

export function takeChanges(book: Book): readonly Change[] {
  if (book.changes.length === 0) return [];
  const { changes } = book;
  book.changes = [];
  return changes;
}
