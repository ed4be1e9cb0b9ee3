// How `holdfast status` looks: a block for each provider, the page's word beside our own belief. Pure.

import type { PageIncident, PageReading } from "../core/status-page.ts";
import { oneLine } from "../observe/call-line.ts";
import type { BeliefView } from "../server/admin-beliefs.ts";

/** What is read of a belief. */
export type ProviderBelief = Pick<BeliefView, "target" | "domain" | "state" | "since" | "admission">;

const WORST: readonly ProviderBelief["state"][] = ["healthy", "ramp", "probation", "suspect", "ejected"];

/** The worst of a provider's targets, and all of them; `undefined` where the gateway knows none. */
export function beliefOf(provider: string, beliefs: readonly ProviderBelief[]) {
  const own = beliefs.filter(({ domain }) => domain === provider);
  const [worst] = [...own].sort((a, b) => WORST.indexOf(b.state) - WORST.indexOf(a.state));
  if (worst === undefined) return undefined;
  const targets = own.map(({ target, state, since, admission }) => ({ target, state, since, admission }));
  return { state: worst.state, ...(worst.since !== undefined && { since: worst.since }), targets };
}

export function statusLines(
  readings: readonly PageReading[],
  beliefs: readonly ProviderBelief[],
  nowMs: number,
): readonly string[] {
  if (readings.length === 0) return ["no route uses a provider"];
  return readings.flatMap((reading) => {
    const belief = beliefOf(reading.provider, beliefs);
    return [head(reading), ...body(reading, nowMs), ...ours(belief)].map(oneLine);
  });
}

function head({ provider, health }: PageReading): string {
  return `${provider}  ${health.replaceAll("_", " ")}`;
}

function body(reading: PageReading, nowMs: number): readonly string[] {
  const { components, incidents, error, page, backend, via, fetchedMs, state } = reading;
  const odd = components.filter(({ health, surface }) => surface === "api" || health !== "operational");
  const open = incidents.filter((incident) => incident.open);
  const age = fetchedMs === undefined ? "never read" : `read ${agoText(nowMs - fetchedMs)} ago`;
  return [
    ...odd.map(({ name, health, surface }) => `  ${surface.padEnd(8)}${name}: ${health.replaceAll("_", " ")}`),
    ...open.map((incident) => incidentLine(incident, nowMs)),
    ...(error === undefined ? [] : [`  ${state === "stale" ? "stale" : "not read"}: ${error.detail} (${error.code})`]),
    `  source  ${page === "" ? "none" : (via ?? page)} (${backend}), ${age}`,
  ];
}

function incidentLine({ title, lifecycle, models, surfaces, startedMs, url }: PageIncident, nowMs: number): string {
  const facts = [
    lifecycle,
    surfaces.length === 0 ? "surface not told" : surfaces.join(", "),
    ...(models.length === 0 ? [] : [models.join(", ")]),
    ...(startedMs === undefined ? [] : [`since ${new Date(startedMs).toISOString()} (${agoText(nowMs - startedMs)})`]),
    ...(url === undefined ? [] : [url]),
  ];
  return `  open    ${title} · ${facts.join(" · ")}`;
}

function ours(belief: ReturnType<typeof beliefOf>): readonly string[] {
  if (belief === undefined) return ["  ours    no gateway was reached, or no call has come by"];
  return belief.targets.map(({ target, state, since, admission }) => {
    const share = admission < 1 && state !== "ejected" ? `, ${Math.round(admission * 100)} % of its calls` : "";
    return `  ours    ${target}: ${state}${since === undefined ? "" : ` since ${since}`}${share}`;
  });
}

function agoText(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000));
  if (s < 120) return `${s} s`;
  if (s < 7_200) return `${Math.round(s / 60)} min`;
  return s < 172_800 ? `${Math.round(s / 3_600)} h` : `${Math.round(s / 86_400)} d`;
}
