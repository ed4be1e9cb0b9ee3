// What changed in an incident, and what is believed of a target, as notices: what fails, since when, what clients see, what
// we did, and one command.

import type { Notice, NoticeType } from "../core/notice.ts";
import type { Book, Change } from "./book.ts";
import type { BeliefFact } from "./follow.ts";
import {
  clientsSee,
  commandOf,
  costsText,
  doingOf,
  failsText,
  pageText,
  sentenceOf,
  timeText,
  titleOf,
} from "./sentences.ts";
import { incidentData } from "./view.ts";

const TYPES: Readonly<Record<Change["kind"], NoticeType>> = {
  opened: "incident.opened",
  updated: "incident.updated",
  resolved: "incident.resolved",
};

/** `undefined`: it was written down and nobody is to hear of it. `pageUrl`: our own status page. */
export function noticeOf({ kind, incident, update, raisedFrom }: Change, pageUrl: string): Notice | undefined {
  if (update.quiet === true) return undefined;
  const since = timeText(incident.startedMs);
  const costs = costsText(incident);
  const page = pageText(incident);
  return {
    id: update.id,
    type: TYPES[kind],
    atMs: update.atMs,
    severity: incident.severity,
    raisedFrom,
    routes: [...incident.routes],
    tenants: [...incident.tenants],
    thread: incident.id,
    threadTitle: `${incident.domain}, since ${since}`,
    ends: update.state === "resolved" || update.state === "postmortem",
    title: `${titleOf(incident)} (${update.state})`,
    facts: [
      ["What fails", failsText(incident)],
      ["Since", since],
      ["Clients see", clientsSee(incident)],
      ...(costs === undefined ? [] : [["It costs", costs] as const]),
      ["We did", doingOf(incident)],
      ...(page === undefined ? [] : [["Its page", page] as const]),
      ["Now", update.text],
      ["For users", sentenceOf(incident)],
      ["Run", commandOf(incident)],
    ],
    url: `${pageUrl}#${incident.id}`,
    data: { incident: incidentData(incident, pageUrl) },
  };
}

/** A target left the rotation, or has all of its calls again. */
export function targetNotice(
  { target, domain, state, from }: BeliefFact & { readonly from: BeliefFact["state"] },
  { book, pageUrl, nowMs }: { readonly book: Book; readonly pageUrl: string; readonly nowMs: number },
): Notice | undefined {
  const isOut = state === "ejected" && from !== "probation";
  if (!isOut && !(state === "healthy" && from === "ramp")) return undefined;
  const routes = [...book.routes.values()].filter(({ domains }) => domains.includes(domain)).map(({ name }) => name);
  const title = isOut ? `${target} is out of rotation` : `${target} has all of its calls again`;
  return {
    id: `target.${target}.${Math.round(nowMs)}`,
    type: isOut ? "target.ejected" : "target.restored",
    atMs: nowMs,
    severity: "minor",
    routes,
    tenants: [],
    thread: `target.${target}`,
    threadTitle: target,
    ends: !isOut,
    title,
    facts: [
      ["What fails", isOut ? target : "nothing of it any more"],
      ["Since", timeText(nowMs)],
      [
        "We did",
        isOut ? "calls go to the next target of their route; it is probed until it is well" : "it is asked first again",
      ],
      ["Run", `holdfast explain ${routes[0] ?? ""}`.trim()],
    ],
    url: pageUrl,
    data: { target: { id: target, domain, state, since: new Date(nowMs).toISOString(), routes } },
  };
}
