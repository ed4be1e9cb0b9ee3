// What calls met of an incident, counted call by call, and how bad that is for clients.

import type { ImpactCounts, Incident, Severity } from "../core/incident.ts";
import { SEVERITIES } from "../core/incident.ts";

const KEPT_MAX = 50;
const CRITICAL_SHARE = 0.5;
const CRITICAL_CALLS = 5;
const MAJOR_SHARE = 0.01;
const HONEST_SHARE = 0.1;

export type Fate = "rescued" | "honest" | "failed";

export interface MetCall {
  readonly route: string;
  readonly tenant: string;
  readonly fate: Fate;
}

export function noteImpact(incident: Incident, { route, tenant, fate }: MetCall): void {
  count(incident.counts, fate);
  const ofRoute = Object.hasOwn(incident.byRoute, route) ? incident.byRoute[route] : undefined;
  if (ofRoute !== undefined) count(ofRoute, fate);
  else if (Object.keys(incident.byRoute).length < KEPT_MAX) {
    const made = emptyCounts();
    count(made, fate);
    incident.byRoute[route] = made;
  }
  if (!incident.routes.includes(route) && incident.routes.length < KEPT_MAX) incident.routes.push(route);
  if (!incident.tenants.includes(tenant) && incident.tenants.length < KEPT_MAX) incident.tenants.push(tenant);
}

export function emptyCounts(): ImpactCounts {
  return { calls: 0, rescued: 0, honest: 0, failed: 0 };
}

function count(counts: ImpactCounts, fate: Fate): void {
  counts.calls++;
  counts[fate]++;
}

/** By what clients got, never less than it was: an incident does not become milder because it goes on. */
export function severityOf({ counts, severity, corrected }: Incident): Severity {
  if (corrected.severity !== undefined) return corrected.severity;
  const { calls, honest, failed } = counts;
  const of = (part: number): number => (calls === 0 ? 0 : part / calls);
  const felt: Severity =
    failed >= CRITICAL_CALLS && of(failed) >= CRITICAL_SHARE
      ? "critical"
      : (failed > 0 && of(failed) >= MAJOR_SHARE) || (honest > 0 && of(honest) >= HONEST_SHARE)
        ? "major"
        : "minor";
  return SEVERITIES.indexOf(felt) > SEVERITIES.indexOf(severity) ? felt : severity;
}
