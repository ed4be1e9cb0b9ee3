// What may be asked behind the `?` of the admin API. A filter that names nothing known is refused: an empty list would look
// like good news.

import { FAULTS } from "../core/fault.ts";
import { nearest } from "../core/nearest.ts";
import type { CallQuery } from "../observe/call-record.ts";
import { type AdminFault, adminFault } from "./admin-fault.ts";

const NAMED_MAX = 50;
const SHOWN_CHARS_MAX = 200;

export interface CallsKnown {
  readonly routes: readonly string[];
  /** A route that is no more may still have calls. */
  isRemembered(route: string): boolean;
}

/** Of `GET /admin/v1/calls`. */
export function callQuery(query: URLSearchParams, known: CallsKnown): CallQuery | AdminFault {
  const unknown = unknownParameter(query, ["limit", "route", "fault", "since"]);
  if (unknown !== undefined) return unknown;
  const limit = query.get("limit");
  if (limit !== null && !/^\d{1,4}$/.test(limit)) return wrongParameter("limit", "a whole number");
  const since = query.get("since");
  // Milliseconds since the epoch, or a date as it stands in a call's `startedAt`.
  const sinceMs = since === null || /^\d{1,15}$/.test(since) ? Number(since ?? 0) : Date.parse(since);
  if (Number.isNaN(sinceMs))
    return wrongParameter("since", "milliseconds since 1970, or a date such as 2026-01-31T08:00:00Z");
  const route = query.get("route");
  if (route !== null && !known.routes.includes(route) && !known.isRemembered(route))
    return unknownName("route", route, known.routes);
  const fault = query.get("fault");
  if (fault !== null && !Object.hasOwn(FAULTS, fault)) return unknownName("fault", fault, Object.keys(FAULTS));
  return {
    ...(limit !== null && { limit: Number(limit) }),
    ...(since !== null && { sinceMs }),
    ...(route !== null && { route }),
    ...(fault !== null && { fault }),
  };
}

export function unknownParameter(query: URLSearchParams, allowed: readonly string[]): AdminFault | undefined {
  for (const name of query.keys()) {
    if (allowed.includes(name)) continue;
    const near = nearest(name, allowed);
    const message = `The parameter ${shown(name)} is not known; allowed: ${allowed.join(", ")}.`;
    return adminFault(400, "invalid-request", message + meant(near), near);
  }
  return undefined;
}

export function wrongParameter(name: string, allowed: string): AdminFault {
  return adminFault(400, "invalid-request", `The parameter ${name} is not valid; allowed: ${allowed}.`);
}

/** `value` is none of `names`. */
export function unknownName(parameter: string, value: string, names: readonly string[]): AdminFault {
  const near = nearest(value, names);
  const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : "";
  const allowed = names.length === 0 ? "none is known" : `allowed: ${names.slice(0, NAMED_MAX).join(", ")}${more}`;
  const message = `The parameter ${parameter} names no ${parameter} "${shown(value)}"; ${allowed}.`;
  return adminFault(400, "invalid-request", message + meant(near), near);
}

function meant(near: string | undefined): string {
  return near === undefined ? "" : ` Did you mean "${near}"?`;
}

function shown(text: string): string {
  return text.slice(0, SHOWN_CHARS_MAX);
}
