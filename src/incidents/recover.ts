// What time alone does: incidents that were clean for long enough end, drafts are published, severities follow the counts,
// and what nobody hears of any more is closed. Pure rules over the book, applied once a second.

import type { Incident } from "../core/incident.ts";
import { type Book, isOpen, PEOPLE, type RouteScope, say, watchOf } from "./book.ts";
import { lastDirtyMs } from "./evidence.ts";
import { causeOf, identify, tell, watchRecovery } from "./follow.ts";
import { severityOf } from "./impact.ts";
import { attachPage } from "./pages.ts";
import { clientsSee, spanText } from "./sentences.ts";

/** Minutes with all of the traffic and nearly no failure, after which it is over. */
export const CLEAN_MS = 10 * 60_000;
const IDENTIFY_AFTER_MS = 30_000;
const SEEN_SUCCESSES = 10;
const SEEN_CALM_MS = 30_000;
const SILENT_MS = 24 * 3_600_000;
const QUIET_AFTER_MS = 60_000;

export function passTime(book: Book, nowMs: number, cleanMs = CLEAN_MS): void {
  for (const incident of [...book.open]) {
    if (incident.publishAtMs !== undefined && nowMs >= incident.publishAtMs) publish(book, incident);
    if (incident.domain === PEOPLE) continue;
    escalate(book, incident, nowMs);
    if (incident.page === undefined && incident.edge === "service") attachPage(book, incident, nowMs);
    if (incident.edge === "service") letGo(book, incident, { nowMs, cleanMs });
    seeAgain(book, incident, nowMs);
    incident.cause = causeOf(book, incident);
    if (incident.state === "investigating" && nowMs - incident.openedMs >= IDENTIFY_AFTER_MS) {
      if (incident.cause.class !== "unknown") identify(book, incident, incident.cause.evidence[0] ?? "", nowMs);
    }
    if (incident.state === "monitoring") maybeResolve(book, incident, { nowMs, cleanMs });
    else if (nowMs - incident.lastEvidenceMs >= SILENT_MS) {
      const text = `Nothing has been heard of ${incident.domain} for ${spanText(SILENT_MS)}: closed without having seen it well`;
      resolve(book, incident, text, nowMs);
    }
  }
  for (const [domain, watch] of book.watches) {
    const isCalm = ![...book.open].some((incident) => incident.domain === domain);
    if (isCalm && watch.faults.size > 0 && nowMs - watch.lastFailureMs > QUIET_AFTER_MS) watch.faults.clear();
  }
}

export function publish(book: Book, incident: Incident): void {
  incident.published = true;
  incident.publishAtMs = undefined;
  book.dirty.add(incident.id);
}

function escalate(book: Book, incident: Incident, nowMs: number): void {
  const severity = severityOf(incident);
  if (severity === incident.severity) return;
  const raisedFrom = incident.severity;
  incident.severity = severity;
  tell(book, incident, { kind: "updated", text: `Now ${severity}: ${clientsSee(incident)}`, raisedFrom }, nowMs);
}

/** A target that nobody asks for any more cannot show that it is well; while others of its provider do, it holds up nothing. */
function letGo(
  book: Book,
  incident: Incident,
  { nowMs, cleanMs }: { readonly nowMs: number; readonly cleanMs: number },
): void {
  const { heard, lastSuccessMs, metMs, ring } = watchOf(book, incident.domain);
  const cleanSinceMs = Math.max(metMs, lastDirtyMs(ring));
  if (nowMs - lastSuccessMs > SEEN_CALM_MS || nowMs - cleanSinceMs < cleanMs) return;
  for (const [target, standing] of Object.entries(incident.targets)) {
    if (standing !== "sick" && standing !== "back") continue;
    if (nowMs - (heard.get(target) ?? incident.lastEvidenceMs) < cleanMs) continue;
    incident.targets[target] = "unseen";
    // It was clean for long enough meanwhile: nothing more is waited for.
    incident.cleanSinceMs ??= cleanSinceMs;
    const text = `${target} has not been asked for ${spanText(cleanMs)}, and others of ${incident.domain} are well`;
    say(book, incident, { kind: "updated", text, quiet: true }, nowMs);
  }
}

/** After a restart nothing is known of the targets: enough successes say that they are well. */
function seeAgain(book: Book, incident: Incident, nowMs: number): void {
  const unseen = Object.entries(incident.targets).filter(([, standing]) => standing === "unseen");
  if (unseen.length === 0) return;
  const { successes, ring } = watchOf(book, incident.domain);
  if (successes < SEEN_SUCCESSES || nowMs - lastDirtyMs(ring) < SEEN_CALM_MS) return;
  for (const [target] of unseen) incident.targets[target] = "well";
  watchRecovery(book, incident, nowMs);
}

function maybeResolve(
  book: Book,
  incident: Incident,
  { nowMs, cleanMs }: { readonly nowMs: number; readonly cleanMs: number },
): void {
  if (incident.cleanSinceMs === undefined) return;
  const watch = watchOf(book, incident.domain);
  const sinceMs = Math.max(incident.cleanSinceMs, incident.edge === "service" ? lastDirtyMs(watch.ring) : 0);
  if (sinceMs !== incident.cleanSinceMs) incident.cleanSinceMs = sinceMs;
  if (nowMs - sinceMs < cleanMs) return;
  const { domain } = incident;
  resolve(book, incident, `${domain} had all of its calls for ${spanText(cleanMs)} and failed nearly none`, nowMs);
}

export function resolve(book: Book, incident: Incident, why: string, nowMs: number): void {
  incident.resolvedMs = nowMs;
  incident.cause = causeOf(book, incident);
  const lasted = spanText(nowMs - incident.startedMs);
  const text = `Over after ${lasted}: ${why}. ${clientsSee(incident)}.`;
  tell(book, incident, { kind: "resolved", state: "resolved", text }, nowMs);
}

/** The configuration was read: what is no longer in it cannot get well any more. */
export function setRoutes(book: Book, routes: readonly RouteScope[], nowMs: number): void {
  book.routes = new Map(routes.map((route) => [route.name, route]));
  for (const incident of [...book.open]) {
    if (incident.domain === PEOPLE) continue;
    if (!routes.some(({ domains }) => domains.includes(incident.domain))) {
      resolve(book, incident, `no route uses ${incident.domain} any more`, nowMs);
      continue;
    }
    const gone = Object.keys(incident.targets).filter(
      (target) => !routes.some(({ targets }) => targets.some((one) => matches(one, target))),
    );
    for (const target of gone) delete incident.targets[target];
    if (gone.length === 0) continue;
    book.dirty.add(incident.id);
    const text = `${gone.join(", ")} left the configuration`;
    if (Object.keys(incident.targets).length === 0) resolve(book, incident, text, nowMs);
    else say(book, incident, { kind: "updated", text, quiet: true }, nowMs);
  }
}

function matches(pattern: string, target: string): boolean {
  const star = pattern.indexOf("*");
  return star < 0 ? pattern === target : target.startsWith(pattern.slice(0, star));
}

/** What a stored incident means to a process that has just begun: nothing of its targets has been seen. */
export function wake(incident: Incident, nowMs: number): void {
  if (!isOpen(incident)) return;
  for (const target of Object.keys(incident.targets)) incident.targets[target] = "unseen";
  incident.cleanSinceMs = undefined;
  incident.lastEvidenceMs = nowMs;
}
