// An incident as a postmortem in Markdown: what happened, whom it met, what was done, minute by minute. What providers and
// people wrote is quoted, never interpreted.

import type { Incident } from "../core/incident.ts";
import { PEOPLE } from "./book.ts";
import { detectionLeadMs } from "./pages.ts";
import {
  clientsSee,
  commandOf,
  costsText,
  pageText,
  sentenceOf,
  spanText,
  timeText,
  titleOf,
  troubleEndMs,
} from "./sentences.ts";

export function timelineOf(incident: Incident): string {
  const { id, state, severity, domain, edge, startedMs, openedMs, reopened } = incident;
  const facts: readonly (readonly [string, string])[] = [
    ["Incident", `\`${id}\``],
    ["State", reopened === 0 ? state : `${state}, reopened ${reopened} ${reopened === 1 ? "time" : "times"}`],
    ["Severity", severity],
    ["Whose", edge === "account" ? `our account at ${plain(domain)}` : plain(domain)],
    ["Targets", Object.keys(incident.targets).map(plain).join(", ") || "none"],
    ["Routes", incident.routes.map(plain).join(", ") || "none"],
    ["Began", timeText(startedMs)],
    ["Noticed", `${timeText(openedMs)}, after ${spanText(openedMs - startedMs)}`],
    ["Over", overText(incident)],
  ];
  return `# ${plain(titleOf(incident))}

${plain(sentenceOf(incident))}

| | |
|---|---|
${facts.map(([what, value]) => `| ${what} | ${value} |`).join("\n")}

## Impact

${clientsSee(incident)}.
${ledgerText(incident)}${routesTable(incident)}
## Cause

${causeText(incident)}

## What was done

${doneText(incident)}

## Timeline

${incident.updates.map(({ atMs, state: then, by, text }) => `- **${secondText(atMs)}** · ${then}${by === "person" ? " · by a person" : ""}: ${plain(text)}`).join("\n")}
${incident.postmortem === undefined ? "" : `\n## Postmortem\n\n${incident.postmortem}\n`}
${closing(incident)}`;
}

function overText(incident: Incident): string {
  const { resolvedMs, startedMs } = incident;
  const endMs = troubleEndMs(incident);
  if (resolvedMs === undefined || endMs === undefined) return "not yet";
  return `${timeText(endMs)}, after ${spanText(endMs - startedMs)}; watched until ${timeText(resolvedMs)}`;
}

function doneText({ domain, edge, openedMs, monitoringMs }: Incident): string {
  if (domain === PEOPLE) return "See the timeline.";
  const moved = `From ${timeText(openedMs)} on calls went to the next target of their route`;
  const probed = edge === "service" ? `, and ${plain(domain)} was probed` : "";
  const back =
    monitoringMs === undefined ? "." : `. From ${timeText(monitoringMs)} on it got its calls back step by step.`;
  return `${moved}${probed}${back}`;
}

function secondText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function closing(incident: Incident): string {
  return `Rehearse it: \`holdfast incidents export ${incident.id} --scenario\`. The present state: \`${commandOf(incident)}\`.\n`;
}

function ledgerText(incident: Incident): string {
  const { ledger } = incident;
  if (ledger === undefined) return "";
  const { left, users, addedP50Ms } = ledger;
  const costs = costsText(incident);
  const lines = [
    ...(users.failed > 0 ? [`${users.failed} of ${users.hit} end users got an error.`] : []),
    ...(left > 0 ? [`${left} clients left before it was decided.`] : []),
    ...(addedP50Ms === undefined ? [] : [`Rescued calls took ${addedP50Ms} ms longer in the median.`]),
    ...(costs === undefined ? [] : [`It cost ${costs}.`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function routesTable({ byRoute }: Incident): string {
  const rows = Object.entries(byRoute);
  if (rows.length === 0) return "";
  const lines = rows.map(
    ([route, { calls, rescued, honest, failed }]) =>
      `| ${plain(route)} | ${calls} | ${rescued} | ${honest} | ${failed} |`,
  );
  return `\n| route | calls that met it | rescued | a last resort | an error |\n|---|---|---|---|---|\n${lines.join("\n")}\n`;
}

function causeText(incident: Incident): string {
  const { cause, page, faults } = incident;
  const lines = [
    `Suspected: **${cause.class}**.`,
    ...cause.evidence.map((one) => `- ${plain(one)}`),
    ...(Object.keys(faults).length === 0 ? [] : [`- failed attempts: ${faultsText(faults)}`]),
  ];
  if (page === undefined)
    return [...lines, "", `${pageText(incident) ?? "The provider's page was not read"}.`].join("\n");
  const leadMs = detectionLeadMs(incident) ?? 0;
  const lead = leadMs >= 0 ? `${spanText(leadMs)} after we knew` : `${spanText(-leadMs)} before we knew`;
  const stated =
    page.cause === undefined ? "states no cause" : `states: **${page.cause.class}** (“${plain(page.cause.quote)}”)`;
  const said = `The provider's page told of it at ${timeText(page.publishedMs)}, ${lead}: “${plain(page.title)}”. It ${stated}.`;
  return [...lines, "", page.url === undefined ? said : `${said} ${link(page.url)}`].join("\n");
}

function link(url: string): string {
  return /^https?:\/\/[^\s<>()]+$/.test(url) ? `<${url}>` : "";
}

function faultsText(faults: Readonly<Record<string, number>>): string {
  return Object.entries(faults)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${plain(kind)} ${count}`)
    .join(", ");
}

/** On one line, with nothing that Markdown or HTML would take for markup. */
function plain(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[&<>]/g, (sign) => (sign === "&" ? "&amp;" : sign === "<" ? "&lt;" : "&gt;"))
    .replace(/[|[\]`*_\\]/g, "\\$&");
}
