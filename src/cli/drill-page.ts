// A drill as one HTML file that needs nothing else: plots in SVG, no scripts, no requests. The numbers are the drill's.

import { type DrillResult, isPassed } from "../sim/drill.ts";
import type { BeliefChange, Series } from "../sim/drill-series.ts";
import { faultWindow } from "../sim/drill-tally.ts";
import type { Scenario } from "../sim/scenario.ts";

const WIDTH = 860;
const HEIGHT = 150;
const LEFT = 70;
const COLORS = ["#0b63ce", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#0e7490"];
/** More targets than this are not drawn. */
const TARGETS_MAX = 12;
const STATES = { healthy: "#86c79b", suspect: "#f2cf66", ejected: "#d9534f", probation: "#e8935a", ramp: "#7fb2e5" };

interface Line {
  readonly name: string;
  readonly color: string;
  readonly values: readonly number[];
}

interface Plot {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
}

/** The whole page, as text. */
export function drillPage(scenario: Scenario, result: DrillResult, series: Series): string {
  const { sliceMs, calls } = series;
  const endMs = scenario.traffic.seconds * 1_000;
  const failedShare = (failed: readonly number[]): number[] =>
    failed.map((count, slice) => (count * 100) / Math.max(1, calls[slice] ?? 0));
  const targets = [...new Set(series.beliefs.map(({ target }) => target))].sort().slice(0, TARGETS_MAX);
  const changesOf = (target: string) => series.beliefs.filter((change) => change.target === target);
  const plots: readonly Plot[] = [
    {
      title: "Calls that failed",
      unit: "%",
      lines: [
        { name: "without Holdfast", color: "#c2410c", values: failedShare(series.failedWithout) },
        { name: "with Holdfast", color: "#15803d", values: failedShare(series.failed) },
      ],
    },
    {
      title: "Attempts on each provider",
      unit: "/s",
      lines: linesOf(series.attempts, (count) => (count * 1_000) / sliceMs),
    },
    {
      title: "Share of calls that began at each provider",
      unit: "%",
      lines: linesOf(series.begun, (count, slice) => (count * 100) / Math.max(1, calls[slice] ?? 0)),
    },
  ];
  const shade = shadeOf(scenario, endMs);
  const bands = targets.map((target) => band(target, changesOf(target), endMs)).join("");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Drill: ${escaped(result.scenario)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>
<h1>${escaped(result.scenario)} <small>seed ${result.seed}, ${isPassed(result) ? "passed" : "failed"}</small></h1>
<p>${escaped(scenario.description)} The shaded time is from the first fault to the end of the last.</p>
${plots.map((plot) => drawn(plot, shade, endMs)).join("\n")}
<h2>What was believed</h2><p>${legend(Object.entries(STATES).map(([name, color]) => ({ name, color })))}</p>
${bands === "" ? "<p>Nothing changed.</p>" : bands}
<h2>Gates</h2><table>${result.gates
    .map(
      ({ name, comparison, limit, found, held }) =>
        `<tr><td>${held ? "✓" : "✗"}</td><td>${name}</td><td>${escaped(comparison)} ${limit}</td><td>${found ?? "not measured"}</td></tr>`,
    )
    .join(
      "",
    )}${result.invariants.map(({ name, held }) => `<tr><td>${held ? "✓" : "✗"}</td><td colspan="3">${escaped(name)}</td></tr>`).join("")}</table>
<p>${result.digest === null ? "Over real sockets" : `Digest ${result.digest}`}</p></body></html>
`;
}

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem;color:#1f2328}
h1 small{font-size:1rem;color:#57606a}h2{font-size:1.1rem;margin:1.6rem 0 .2rem}svg{display:block;width:100%;height:auto}
text{font:11px system-ui,sans-serif;fill:#57606a}td{padding:.1rem 1rem .1rem 0}p{margin:.2rem 0}
i{display:inline-block;width:.8em;height:.8em;margin:0 .3em 0 1em;border-radius:2px}`;

function drawn({ title, unit, lines }: Plot, shade: string, endMs: number): string {
  const top = Math.max(...lines.flatMap(({ values }) => values), unit === "%" ? 1 : 0.1);
  const paths = lines.map(({ color, values }) => {
    const points = values.map((value, slice) => {
      const x = LEFT + (WIDTH * (slice + 0.5)) / values.length;
      return `${x.toFixed(1)},${(HEIGHT - (value / top) * (HEIGHT - 10)).toFixed(1)}`;
    });
    return `<polyline fill="none" stroke="${color}" stroke-width="1.6" points="${points.join(" ")}"/>`;
  });
  return `<h2>${title}</h2><p>${legend(lines)}</p>
<svg viewBox="0 0 ${LEFT + WIDTH + 10} ${HEIGHT + 22}" role="img" aria-label="${title}">${shade}
<path d="M${LEFT} 5V${HEIGHT}H${LEFT + WIDTH}" fill="none" stroke="#afb8c1"/>
<text x="${LEFT - 6}" y="14" text-anchor="end">${short(top)} ${unit}</text><text x="${LEFT - 6}" y="${HEIGHT}" text-anchor="end">0</text>
${paths.join("")}${ticks(endMs)}</svg>`;
}

function ticks(endMs: number): string {
  return [0, 0.25, 0.5, 0.75, 1]
    .map((part) => {
      const anchor = part === 1 ? "end" : "middle";
      return `<text x="${LEFT + WIDTH * part}" y="${HEIGHT + 16}" text-anchor="${anchor}">${short((endMs * part) / 60_000)} min</text>`;
    })
    .join("");
}

function shadeOf(scenario: Scenario, endMs: number): string {
  if (scenario.faults.length === 0) return "";
  const { fromMs, untilMs } = faultWindow(scenario);
  const width = (WIDTH * (untilMs - fromMs)) / endMs;
  return `<rect x="${(LEFT + (WIDTH * fromMs) / endMs).toFixed(1)}" y="5" width="${width.toFixed(1)}" height="${HEIGHT - 5}" fill="#f6ece4"/>`;
}

function band(target: string, changes: readonly BeliefChange[], endMs: number): string {
  const all = [{ atMs: 0, state: "healthy" as const }, ...changes];
  const parts = all.map(({ atMs, state }, place) => {
    const nextMs = Math.min(endMs, all[place + 1]?.atMs ?? endMs);
    const width = Math.max(0, (WIDTH * (nextMs - atMs)) / endMs);
    return `<rect x="${(LEFT + (WIDTH * atMs) / endMs).toFixed(1)}" y="2" width="${width.toFixed(1)}" height="16" fill="${STATES[state]}"/>`;
  });
  return `<svg viewBox="0 0 ${LEFT + WIDTH + 10} 20" role="img" aria-label="${escaped(target)}"><text x="0" y="14">${escaped(target)}</text>${parts.join("")}</svg>`;
}

function linesOf(
  lines: ReadonlyMap<string, readonly number[]>,
  scaled: (count: number, slice: number) => number,
): readonly Line[] {
  const sorted = [...lines].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([name, values], place) => ({ name, color: colorOf(place), values: values.map(scaled) }));
}

function legend(lines: readonly Pick<Line, "name" | "color">[]): string {
  return lines.map(({ name, color }) => `<i style="background:${color}"></i>${escaped(name)}`).join("");
}

function colorOf(place: number): string {
  return COLORS[place % COLORS.length] ?? "#1f2328";
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
