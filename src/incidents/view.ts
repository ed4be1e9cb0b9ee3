// An incident as people and programs are shown it: the admin API's object, and the smaller one that webhooks carry.

import type { Incident, IncidentUpdate } from "../core/incident.ts";
import { isOpen } from "./book.ts";
import { detectionLeadMs } from "./pages.ts";
import { clientsSee, commandOf, costsText, doingOf, sentenceOf, titleOf } from "./sentences.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOr = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : iso(ms));

/** `/admin/v1/incidents`: JSON; absent keys are left out of it. */
export function viewOf(incident: Incident) {
  const { id, state, severity, domain, edge, targets, routes, tenants, counts, byRoute, faults, ledger } = incident;
  const leadMs = detectionLeadMs(incident);
  const { page } = incident;
  return {
    id,
    title: titleOf(incident),
    state,
    severity,
    domain,
    edge,
    targets,
    routes,
    tenants,
    startedAt: iso(incident.startedMs),
    openedAt: iso(incident.openedMs),
    monitoringAt: isoOr(incident.monitoringMs),
    resolvedAt: isoOr(incident.resolvedMs),
    reopened: incident.reopened,
    sentence: sentenceOf(incident),
    clientsSee: clientsSee(incident),
    costs: costsText(incident),
    doing: doingOf(incident),
    cause: { suspected: incident.cause, stated: page?.cause },
    /** Absent where there is none: the page is not read, or with `pageRead` says nothing of it. */
    pageRead: incident.pageRead,
    page: page && {
      id: page.id,
      title: page.title,
      lifecycle: page.lifecycle,
      url: page.url,
      publishedAt: iso(page.publishedMs),
      firstSeenAt: iso(page.firstSeenMs),
      resolvedAt: isoOr(page.resolvedMs),
    },
    /** Seconds by which our own calls knew earlier than the page told; negative: the page was first. */
    detectionLeadS: leadMs === undefined ? undefined : Math.round(leadMs / 1_000),
    /** The ledger's, where there is one: the same as in a report of impact for that provider and time. */
    impact: { ...counts, byRoute, ...ledger },
    faults,
    published: incident.published,
    publishAt: isoOr(incident.publishAtMs),
    command: commandOf(incident),
    updates: incident.updates.map(updateView),
    postmortem: incident.postmortem,
  };
}

export type IncidentView = ReturnType<typeof viewOf>;

function updateView({ id, atMs, state, by, text, forUsers }: IncidentUpdate) {
  return { id, at: iso(atMs), state, by, text, forUsers };
}

/** A webhook's body is small; the admin API has all of them. */
const SCOPE_MAX = 20;

/** `data.incident` of a webhook. `pageUrl`: our own status page. */
export function incidentData(incident: Incident, pageUrl: string) {
  const { id, state, domain, edge, targets, routes, tenants, severity, counts, ledger, startedMs } = incident;
  return {
    id,
    title: titleOf(incident),
    state,
    scope: {
      domain,
      edge,
      targets: Object.keys(targets).slice(0, SCOPE_MAX),
      routes: routes.slice(0, SCOPE_MAX),
      tenants: tenants.slice(0, SCOPE_MAX),
    },
    since: iso(startedMs),
    sentence: sentenceOf(incident),
    impact: { severity, ...counts, ...ledger },
    doing: doingOf(incident),
    command: commandOf(incident),
    url: `${pageUrl}#${id}`,
    ...(!isOpen(incident) && { until: isoOr(incident.resolvedMs) }),
  };
}
