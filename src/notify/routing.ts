// Who is told what: by kind, severity, route and tenant. A table of conditions, nothing else.

import { SEVERITIES } from "../core/incident.ts";
import type { ChannelSettings, Notice } from "../core/notice.ts";

export function isMeant({ on, severity, routes, tenants }: ChannelSettings, notice: Notice): boolean {
  if (!on.includes(notice.type) && !begins(on, severity, notice)) return false;
  if (severity !== undefined && SEVERITIES.indexOf(notice.severity) < SEVERITIES.indexOf(severity)) return false;
  return touches(routes, notice.routes) && touches(tenants, notice.tenants);
}

/** For whoever is told from a severity on, an incident begins when it reaches that. */
function begins(on: ChannelSettings["on"], least: ChannelSettings["severity"], notice: Notice): boolean {
  if (notice.raisedFrom === undefined || least === undefined || !on.includes("incident.opened")) return false;
  return SEVERITIES.indexOf(notice.raisedFrom) < SEVERITIES.indexOf(least);
}

function touches(asked: readonly string[] | undefined, found: readonly string[]): boolean {
  return asked === undefined || asked.some((one) => found.includes(one));
}
