// An incident as a drill: who failed, how, for how long and how much, as `holdfast drill` reads it, so that a recurrence is
// rehearsed. What calls saw is played; what nobody saw is not invented.

import type { Incident } from "../core/incident.ts";
import type { ProviderSettings, RouteSettings } from "../core/settings.ts";

export interface Setting {
  readonly providers: readonly Pick<ProviderSettings, "name" | "dialect">[];
  readonly routes: readonly Pick<RouteSettings, "name" | "targets">[];
}

const MINUTE_MS = 60_000;
const LEAST_S = 10;
/** A failure so near to the end is its last one. */
const LAST_MS = 1_000;
const LEAD_IN_S = 120;
const LEAD_OUT_S = 600;
/** A longer one is played in part: its first hours. */
const PLAYED_MAX_S = 3 * 3_600;
const SEGMENTS_MAX = 12;
const KINDS_MAX = 3;
const RATE = { least: 0.5, most: 20 };

/** The simulated provider's own kinds: what a call sees of them is the fault. */
const KINDS: Readonly<Record<string, string>> = {
  overloaded: "overloaded",
  "server-error": "server-error",
  "rate-limited": "rate-limit",
  "quota-exhausted": "rate-limit",
  "credential-rejected": "credential",
  "model-missing": "model-missing",
  "first-token-timeout": "silence",
  "whole-timeout": "silence",
  "connect-timeout": "silence",
  "idle-timeout": "stall",
  "malformed-reply": "malformed-frame",
  "empty-reply": "empty",
  "stream-broken": "cut",
  "connect-failed": "reset",
};

export function scenarioOf(incident: Incident, setting: Setting): string {
  const segments = segmentsOf(incident);
  const lastsS = segments.reduce((most, { toS }) => Math.max(most, toS), 60);
  const { targets, providers } = stageOf(incident, setting);
  const faults = segments.flatMap((segment) => faultLines(incident, segment));
  const rate = Math.min(RATE.most, Math.max(RATE.least, round(incident.counts.calls / Math.max(60, lastsS), 1)));
  const spare = providers.length > 1;
  return `# Made from ${incident.id} by holdfast incidents export. Play it with: holdfast drill FILE.yaml
name: ${quoted(incident.id)}
description: ${quoted(`${incident.domain} as calls saw it from ${new Date(incident.startedMs).toISOString()}`)}
traffic: { rate: ${rate}, seconds: ${LEAD_IN_S + lastsS + LEAD_OUT_S}, stream: 80% }
providers:
${providers.map(({ name, dialect }) => `  ${quoted(name)}: { dialect: ${dialect}, first-token: 400ms }`).join("\n")}
routes:
  ${quoted(routeName(incident))}: { targets: [${targets.map(quoted).join(", ")}] }
faults:
${faults.join("\n")}
gates:
${spare ? '  successRate: ">=0.99"\n' : ""}  corruptedToolCalls: "==0"
  lost: "==0"
`;
}

interface Segment {
  readonly fromS: number;
  readonly toS: number;
  readonly share: number;
}

/** Minutes of about the same share become one; where no attempt was made, it was as in the minute before. */
function segmentsOf(incident: Incident): readonly Segment[] {
  const { startedMs, minutes } = incident;
  const endMs = endOf(incident);
  const spanS = Math.min(PLAYED_MAX_S, Math.max(LEAST_S, Math.round((endMs - startedMs) / 1_000)));
  const widthS = Math.max(60, Math.ceil(spanS / SEGMENTS_MAX));
  const segments: Segment[] = [];
  let share = 1;
  for (let fromS = 0; fromS < spanS; fromS += widthS) {
    const toS = Math.min(spanS, fromS + widthS);
    // A short one lies across minutes: all of them that it touches.
    const isShort = spanS <= widthS;
    const fromMs = isShort ? startedMs - MINUTE_MS / 2 : startedMs + fromS * 1_000;
    const toMs = isShort ? endMs + MINUTE_MS / 2 : startedMs + toS * 1_000;
    const [attempts, failed] = sum(minutes, { fromMs, toMs, endMs });
    if (attempts > 0) share = failed / attempts;
    const last = segments[segments.length - 1];
    if (last !== undefined && Math.abs(last.share - share) < 0.05) segments[segments.length - 1] = { ...last, toS };
    else segments.push({ fromS, toS, share });
  }
  return segments;
}

/** When it began to come back, else the last failure. */
function endOf({ monitoringMs, resolvedMs, openedMs, minutes }: Incident): number {
  const last = minutes.findLast(({ failed }) => failed > 0);
  const lastMs = last?.lastFailedMs ?? (last?.atMs ?? openedMs) + MINUTE_MS;
  return Math.max(openedMs, Math.min(lastMs, monitoringMs ?? resolvedMs ?? lastMs));
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** What was attempted after the end of it all says nothing of how bad it was. */
  readonly endMs: number;
}

function sum(minutes: Incident["minutes"], { fromMs, toMs, endMs }: Span): readonly [attempts: number, failed: number] {
  let attempts = 0;
  let failed = 0;
  for (const minute of minutes) {
    if (minute.atMs < fromMs - MINUTE_MS / 2 || minute.atMs >= toMs - MINUTE_MS / 2) continue;
    const isLast = minute.lastFailedMs !== undefined && minute.lastFailedMs >= endMs - LAST_MS;
    attempts += isLast ? (minute.attemptsByThen ?? minute.attempts) : minute.attempts;
    failed += minute.failed;
  }
  return [attempts, failed];
}

function faultLines(incident: Incident, { fromS, toS, share }: Segment): readonly string[] {
  const known = Object.entries(incident.faults)
    .filter(([kind]) => Object.hasOwn(KINDS, kind))
    .sort((a, b) => b[1] - a[1])
    .slice(0, KINDS_MAX);
  // Incidents that people reported have no faults of their own.
  const kinds: readonly (readonly [string, number])[] = known.length > 0 ? known : [["server-error", 1]];
  const total = kinds.reduce((all, [, count]) => all + count, 0);
  return kinds.flatMap(([kind, count]) => {
    const percent = round((share * count * 100) / total, 1);
    if (percent <= 0) return [];
    const on = quoted(providerName(incident.domain));
    return [
      `  - { on: ${on}, kind: ${KINDS[kind] ?? "server-error"}, at: ${LEAD_IN_S + fromS}s, for: ${toS - fromS}s, share: ${percent}% }`,
    ];
  });
}

interface Stage {
  readonly targets: readonly string[];
  readonly providers: Setting["providers"];
}

/** The route that met it most, as it is configured now; where it is gone, the provider and a spare one. */
function stageOf(incident: Incident, { providers, routes }: Setting): Stage {
  const route =
    routes.find(({ name }) => name === mostHit(incident)) ??
    routes.find(({ targets }) => names(targets, incident.domain));
  const found = route?.targets ?? [];
  if (!names(found, incident.domain)) {
    const own = { name: providerName(incident.domain), dialect: "anthropic-messages" } as const;
    return { targets: [`${own.name}/m`, "spare/m"], providers: [own, { name: "spare", dialect: "openai-chat" }] };
  }
  const used = [...new Set(found.map(({ provider }) => provider))];
  return {
    targets: [...new Set(found.map(({ provider, model }) => `${providerName(provider)}/${model.replace("*", "m")}`))],
    providers: used.map((name) => ({
      name: providerName(name),
      dialect: providers.find((one) => one.name === name)?.dialect ?? "openai-chat",
    })),
  };
}

function names(targets: readonly { readonly provider: string }[], domain: string): boolean {
  return targets.some(({ provider }) => provider === domain);
}

function mostHit({ byRoute, routes }: Incident): string | undefined {
  const [most] = Object.entries(byRoute).sort((a, b) => b[1].calls - a[1].calls);
  return most?.[0] ?? routes[0];
}

/** The traffic asks for it by this name, so that a pattern is one of the names that it matches. */
function routeName(incident: Incident): string {
  return (mostHit(incident) ?? "chat").replace(/\*$/, "drill");
}

/** What the simulator takes as a name. */
function providerName(name: string): string {
  const fits = name.replace(/[^A-Za-z0-9._-]/g, "-").slice(0, 64);
  return /^[A-Za-z0-9]/.test(fits) ? fits : `p${fits}`.slice(0, 64);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** JSON strings are YAML. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
