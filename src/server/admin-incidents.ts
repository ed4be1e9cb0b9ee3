// `/admin/v1/incidents`: incidents as they are and were, what people add to them, maintenance that they announce, and when
// drafts are published. The rules are in `incidents/`.

import type { Incident, Maintenance, PublishPolicy } from "../core/incident.ts";
import { isOpen } from "../incidents/book.ts";
import type { Desk } from "../incidents/desk.ts";
import { readAmendment, readMaintenance, readReport } from "../incidents/people.ts";
import { type Setting, scenarioOf } from "../incidents/scenario.ts";
import { timelineOf } from "../incidents/timeline.ts";
import { viewOf } from "../incidents/view.ts";
import { type AdminFault, adminFault } from "./admin-fault.ts";
import { unknownName, unknownParameter } from "./admin-query.ts";
import type { IncidentRoom } from "./incident-room.ts";

export interface IncidentsAsked {
  readonly request: Request;
  /** Behind `incidents`: empty, or `/{id}`, `/channels`, `/policy`, `/maintenance`, `/maintenance/{id}`. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** What is shown here. */
export type RoomSource = Pick<IncidentRoom, "desk" | "notifier">;

type Result = Response | AdminFault | Readonly<Record<string, unknown>>;

const BODY_CHARS_MAX = 100_000;
const LISTED_MAX = 500;
/** Open ones are never forgotten. */
const OPEN_MAX = 200;

export function adminIncidents(
  room: RoomSource | undefined,
  setting: Setting,
  asked: IncidentsAsked,
): Result | Promise<Result> {
  if (room === undefined) return adminFault(404, "not-found", "This gateway follows no incidents.");
  const { desk } = room;
  const { path, request, query } = asked;
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead && request.method !== "POST") return notAllowed(request.method, "GET, POST");
  if (path === "") return isRead ? list(desk, query) : withBody(request, (body) => open(desk, body));
  if (path === "/policy") {
    return isRead ? { publish: policyText(desk.book.policy) } : withBody(request, (body) => setPolicy(desk, body));
  }
  if (path === "/channels") return isRead ? { channels: room.notifier.view() } : notAllowed(request.method, "GET");
  if (path === "/maintenance") {
    return isRead
      ? { maintenance: desk.maintenances.map(maintenanceView) }
      : withBody(request, (body) => announce(desk, body));
  }
  const cancelled = /^\/maintenance\/([^/]+)\/cancel$/.exec(path);
  if (cancelled !== null) {
    if (isRead) return notAllowed(request.method, "POST");
    const found = desk.cancelMaintenance(cancelled[1] ?? "");
    return found === undefined ? adminFault(404, "not-found", "No such maintenance.") : maintenanceView(found);
  }
  const incident = desk.book.incidents.get(path.slice(1));
  if (incident === undefined) return adminFault(404, "not-found", "No such incident: it never was, or is too old.");
  return isRead ? one(incident, setting, query) : withBody(request, (body) => change(desk, incident, body));
}

function list(desk: Desk, query: URLSearchParams): Result {
  const unknown = unknownParameter(query, ["state", "from", "to"]);
  if (unknown !== undefined) return unknown;
  const state = query.get("state") ?? "all";
  if (state !== "all" && state !== "open") return unknownName("state", state, ["open", "all"]);
  const span = spanOf(query);
  if ("adminFault" in span) return span;
  const incidents = [...desk.book.incidents.values()]
    .filter((incident) => state === "all" || isOpen(incident))
    .filter(({ startedMs, resolvedMs }) => startedMs < span.toMs && (resolvedMs ?? desk.nowMs()) >= span.fromMs)
    .slice(-LISTED_MAX)
    .reverse();
  return { incidents: incidents.map(viewOf) };
}

function spanOf(query: URLSearchParams): { readonly fromMs: number; readonly toMs: number } | AdminFault {
  const [from, to] = [query.get("from"), query.get("to")];
  const fromMs = from === null ? 0 : Date.parse(from);
  const toMs = to === null ? Number.POSITIVE_INFINITY : Date.parse(to);
  if (!Number.isNaN(fromMs) && !Number.isNaN(toMs)) return { fromMs, toMs };
  return invalid("from and to are dates such as 2026-01-31 or 2026-01-31T08:00:00Z.");
}

function one(incident: Incident, setting: Setting, query: URLSearchParams): Result {
  const unknown = unknownParameter(query, ["format"]);
  if (unknown !== undefined) return unknown;
  const format = query.get("format") ?? "json";
  if (format === "json") return { ...viewOf(incident) };
  if (format === "md") return text(timelineOf(incident), "text/markdown; charset=utf-8");
  if (format === "scenario") return text(scenarioOf(incident, setting), "application/yaml");
  return unknownName("format", format, ["json", "md", "scenario"]);
}

function text(body: string, type: string): Response {
  return new Response(body, { headers: { "content-type": type, "cache-control": "no-store" } });
}

function open(desk: Desk, body: unknown): Result {
  const asked = readReport(body, [...desk.book.routes.keys()]);
  if ("wrong" in asked) return invalid(asked.wrong);
  if (desk.book.open.size >= OPEN_MAX) return adminFault(409, "too-many", `${OPEN_MAX} incidents are open already.`);
  return { ...viewOf(desk.report(asked)) };
}

function change(desk: Desk, incident: Incident, body: unknown): Result {
  const asked = readAmendment(body);
  if ("wrong" in asked) return invalid(asked.wrong);
  desk.amend(incident, asked);
  return { ...viewOf(incident) };
}

function announce(desk: Desk, body: unknown): Result {
  const asked = readMaintenance(body, [...desk.book.routes.keys()], desk.nowMs());
  return "wrong" in asked ? invalid(asked.wrong) : maintenanceView(desk.announce(asked));
}

function maintenanceView({ id, title, text: told, routes, fromMs, untilMs, cancelled }: Maintenance) {
  const from = new Date(fromMs).toISOString();
  return { id, title, text: told, routes, from, until: new Date(untilMs).toISOString(), cancelled };
}

const AFTER = /^after ([1-9]\d{0,4})m$/;

function setPolicy(desk: Desk, body: unknown): Result {
  const publish = typeof body === "object" && body !== null && "publish" in body ? body.publish : undefined;
  const after = typeof publish === "string" ? AFTER.exec(publish) : null;
  const policy: PublishPolicy | undefined =
    publish === "by-hand" || publish === "at-once"
      ? publish
      : after === null
        ? undefined
        : { afterMs: Number(after[1]) * 60_000 };
  if (policy === undefined) return invalid("publish: by-hand, at-once, or such as after 10m.");
  desk.setPolicy(policy);
  return { publish: policyText(policy) };
}

function policyText(policy: PublishPolicy): string {
  return typeof policy === "string" ? policy : `after ${policy.afterMs / 60_000}m`;
}

async function withBody(request: Request, work: (body: unknown) => Result): Promise<Result> {
  const stated = Number(request.headers.get("content-length") ?? 0);
  if (stated > BODY_CHARS_MAX) return adminFault(413, "too-large", `At most ${BODY_CHARS_MAX} bytes.`);
  let body: unknown;
  try {
    const read = await request.text();
    if (read.length > BODY_CHARS_MAX) return adminFault(413, "too-large", `At most ${BODY_CHARS_MAX} bytes.`);
    body = JSON.parse(read);
  } catch {
    return invalid("The body is not valid JSON.");
  }
  return work(body);
}

function invalid(message: string): AdminFault {
  return adminFault(400, "invalid-request", message);
}

function notAllowed(method: string, allow: string): AdminFault {
  return { ...adminFault(405, "invalid-request", `${method} is not allowed here; use ${allow}.`), allow };
}
