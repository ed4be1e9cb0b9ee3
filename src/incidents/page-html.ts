// `/status`: the status page for people. Everything is in the page itself and nothing needs a script. Every text that came
// from anywhere goes through `escaped`.

import type { PageComponent, PageFacts, ShownIncident, ShownMaintenance } from "./page-facts.ts";
import { escaped } from "./page-json.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { type ComponentStatus, DAY_MS, DAYS_KEPT, type RouteDay, uptimeOf } from "./routes.ts";
import { spanText, timeText } from "./sentences.ts";

/** More are only in the API: a page of a thousand bars helps nobody. */
const COMPONENTS_MAX = 100;
/** Shorter trouble leaves its mark on a day's uptime and not on its colour. */
const MARK_MS = 30_000;
const PAST_MS = 14 * DAY_MS;

/** `refreshS`: the browser asks again by itself; absent: a copy that stays as it is. */
export function statusHtml(facts: PageFacts, refreshS?: number): string {
  const { name, headline, indicator, components, incidents, maintenances, nowMs } = facts;
  const open = incidents.filter((one) => one.open);
  const past = incidents.filter((one) => !one.open && nowMs - (one.resolvedMs ?? 0) < PAST_MS);
  const work = maintenances.filter(({ state }) => state !== "completed");
  const asOf = timeText(nowMs);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">${refreshS === undefined ? "" : `\n<meta http-equiv="refresh" content="${refreshS}">`}
<title>${escaped(headline)} · ${escaped(name)}</title>
<link rel="alternate" type="application/atom+xml" title="Incident history" href="history.atom">
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(name)}</h1>
<div class="headline ${indicator}" role="status">${escaped(headline)}<small>as of ${asOf}</small></div>
</header>
<main>
${section("Now", open.map(incidentCard))}
${section("Announced work", work.map(maintenanceCard))}
<h2>Services</h2>
${components.slice(0, COMPONENTS_MAX).map(componentCard).join("\n")}
${components.length > COMPONENTS_MAX ? `<p class="soft">${components.length - COMPONENTS_MAX} more are in <a href="api/v2/components.json">the list for programs</a>.</p>` : ""}
<h2>The last two weeks</h2>
${past.length === 0 ? '<p class="soft">No incident has ended in the last two weeks.</p>' : past.map(incidentCard).join("\n")}
</main>
<footer>Times are UTC. <a href="history.atom">Feed</a> · <a href="api/v2/summary.json">for programs</a> · kept by Holdfast</footer>
</body>
</html>
`;
}

function section(title: string, cards: readonly string[]): string {
  return cards.length === 0 ? "" : `<h2>${title}</h2>\n${cards.join("\n")}`;
}

const WORDS: Readonly<Record<ComponentStatus, string>> = {
  operational: "Operational",
  under_maintenance: "Under maintenance",
  degraded_performance: "Degraded",
  partial_outage: "Partial outage",
  major_outage: "Major outage",
};

function componentCard({ name, status, days, uptime }: PageComponent): string {
  const percent = uptime === undefined ? "not watched yet" : `${percentText(uptime)} up`;
  const watched = days.filter(({ counts }) => counts !== undefined).length;
  const label = `${name}, the last ${DAYS_KEPT} days: ${percent}; ${watched} of them were watched`;
  return `<section class="card">
<div class="row"><span class="name">${escaped(name)}</span><span class="state ${status}">${WORDS[status]}</span></div>
<div class="days" role="img" aria-label="${escaped(label)}">${days.map(dayMark).join("")}</div>
<div class="ends"><span><span class="wide">${DAYS_KEPT}</span><span class="narrow">${DAYS_KEPT / 2}</span> days ago</span><span>${escaped(percent)}</span><span>today</span></div>
</section>`;
}

function dayMark({ atMs, counts }: PageComponent["days"][number]): string {
  const date = new Date(atMs).toISOString().slice(0, 10);
  if (counts === undefined) return `<i title="${date}: not watched"></i>`;
  return `<i class="${markOf(counts)}" title="${date}: ${dayText(counts)}"></i>`;
}

function markOf({ majorMs, partialMs, degradedMs, maintenanceMs }: RouteDay): string {
  if (majorMs >= MARK_MS) return "m";
  if (partialMs >= MARK_MS) return "p";
  if (degradedMs >= MARK_MS) return "d";
  return maintenanceMs >= MARK_MS ? "t" : "o";
}

function dayText(day: RouteDay): string {
  const { majorMs, partialMs, degradedMs, maintenanceMs } = day;
  const parts = [
    [majorMs, "major outage"],
    [partialMs, "partial outage"],
    [degradedMs, "degraded"],
    [maintenanceMs, "maintenance"],
  ] as const;
  const bad = parts.filter(([ms]) => ms >= 1_000).map(([ms, what]) => `${spanText(ms)} ${what}`);
  return [`${percentText(uptimeOf([day]) ?? 1)} up`, ...bad].join(", ");
}

/** Never rounded up to 100. */
function percentText(share: number): string {
  const percent = Math.floor(share * 100_000) / 1_000;
  return `${percent >= 100 ? "100" : percent.toFixed(percent >= 99 ? 3 : 1)} %`;
}

function incidentCard({
  id,
  title,
  state,
  severity,
  open,
  startedMs,
  resolvedMs,
  updates,
  components,
}: ShownIncident): string {
  const lasted =
    resolvedMs === undefined
      ? `since ${timeText(startedMs)}`
      : `${timeText(startedMs)}, for ${spanText(resolvedMs - startedMs)}`;
  const names = components.map(({ name }) => name).join(", ");
  return `<article class="card" id="${escaped(id)}">
<div class="row"><h3 class="${severity}-mark">${escaped(title)}</h3><span class="soft">${open ? escaped(state) : "over"}</span></div>
<div class="soft">${lasted}${names === "" ? "" : ` · ${escaped(names)}`}</div>
<ol>
${updates.map(({ atMs, state: then, text }) => `<li><span class="soft">${timeText(atMs)} · ${escaped(then)}</span><p>${escaped(text)}</p></li>`).join("\n")}
</ol>
</article>`;
}

function maintenanceCard({ id, title, text, state, fromMs, untilMs, components }: ShownMaintenance): string {
  const names = components.map(({ name }) => name).join(", ");
  return `<article class="card" id="${escaped(id)}">
<div class="row"><h3>${escaped(title)}</h3><span class="soft">${state === "in_progress" ? "under way" : "scheduled"}</span></div>
<div class="soft">${timeText(fromMs)} – ${timeText(untilMs)}${names === "" ? "" : ` · ${escaped(names)}`}</div>
${text === "" ? "" : `<p>${escaped(text)}</p>`}
</article>`;
}
