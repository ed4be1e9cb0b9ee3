// `holdfast report incidents`: the incidents of a time as Markdown, HTML, CSV or JSON, from a running gateway.

import { spanText } from "../incidents/sentences.ts";
import type { IncidentView } from "../incidents/view.ts";
import { misuse } from "./command.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";
import { GATEWAY_FLAGS, GATEWAY_HELP, type GatewayClient, openGateway } from "./gateway-client.ts";
import { viewsOf } from "./incidents.ts";
import type { ReportKind } from "./report.ts";

const FLAGS = {
  ...GATEWAY_FLAGS,
  from: { type: "string" },
  to: { type: "string" },
  month: { type: "string" },
  provider: { type: "string" },
  format: { type: "string" },
} as const;
const FORMATS = ["md", "html", "csv", "json"];
const TIMELINES_MAX = 50;

const HELP = `holdfast report incidents [--from DATE] [--to DATE] [--month YYYY-MM] [--provider P] [--format md|html|csv|json]

The incidents of a time: what failed, how long, whom it met. DATE is 2026-01-31 or 2026-01-31T08:00:00Z.

  --month YYYY-MM   instead of --from and --to
  --provider P      of one provider alone
  --format F        md (default), html, csv or json
  --json            the same as --format json
${GATEWAY_HELP}

Exit codes: 0 done, 1 the gateway does not answer, 2 bad use.`;

export const reportIncidents: ReportKind = { help: HELP, run: runIncidents };

async function runIncidents(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return misuse("report", parsed.message);
  const { flags } = parsed;
  const format = flags.json === true ? "json" : (textFlag(flags, "format") ?? "md");
  if (!FORMATS.includes(format)) return misuse("report", `--format ${format}: one of ${FORMATS.join(", ")}`);
  const span = spanOf(flags);
  if ("wrong" in span) return misuse("report", span.wrong);
  const gateway = await openGateway(flags);
  if ("problem" in gateway) return misuse("report", gateway.problem);
  const query = new URLSearchParams(span).toString();
  const told = await gateway.get(`/admin/v1/incidents${query === "" ? "" : `?${query}`}`);
  if (!told.ok) {
    console.error(`holdfast report: ${told.message}`);
    return 1;
  }
  const provider = textFlag(flags, "provider");
  const views = viewsOf(told.json).filter(({ domain }) => provider === undefined || domain === provider);
  if (format === "json") console.log(JSON.stringify({ incidents: views }));
  else if (format === "csv") console.log(csv(views));
  else if (format === "html") console.log(html(views));
  else console.log(await markdown(views, gateway));
  return 0;
}

function spanOf(flags: Flags): { readonly from?: string; readonly to?: string } | { readonly wrong: string } {
  const [from, to, month] = ["from", "to", "month"].map((name) => textFlag(flags, name));
  if (month !== undefined) {
    if (from !== undefined || to !== undefined) return { wrong: "--month stands instead of --from and --to" };
    const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month);
    if (match === null) return { wrong: `--month ${month}: write it as 2026-01` };
    const next = Date.UTC(Number(match[1]), Number(match[2]), 1);
    return { from: `${month}-01`, to: new Date(next).toISOString() };
  }
  for (const [name, date] of [
    ["from", from],
    ["to", to],
  ]) {
    if (date !== undefined && Number.isNaN(Date.parse(date)))
      return { wrong: `--${name} ${date}: a date such as 2026-01-31` };
  }
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

const COLUMNS = [
  "id",
  "provider",
  "state",
  "severity",
  "began",
  "over",
  "lasted",
  "calls",
  "rescued",
  "last resort",
  "errors",
  "suspected",
  "lead",
];

function row(view: IncidentView): readonly string[] {
  const { startedAt, resolvedAt, impact, detectionLeadS } = view;
  const lasted = resolvedAt === undefined ? "" : spanText(Date.parse(resolvedAt) - Date.parse(startedAt));
  const counts = [impact.calls, impact.rescued, impact.honest, impact.failed].map(String);
  const lead = detectionLeadS === undefined ? "" : `${detectionLeadS} s`;
  return [
    view.id,
    view.domain,
    view.state,
    view.severity,
    startedAt,
    resolvedAt ?? "",
    lasted,
    ...counts,
    view.cause.suspected.class,
    lead,
  ];
}

/** RFC 4180; a value that a spreadsheet would take for a formula is one no more. */
function csv(views: readonly IncidentView[]): string {
  const cell = (value: string): string => {
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  };
  return [COLUMNS, ...views.map(row)].map((cells) => cells.map(cell).join(",")).join("\r\n");
}

function html(views: readonly IncidentView[]): string {
  const escaped = (text: string): string => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
  const cells = (tag: string, values: readonly string[]): string =>
    `<tr>${values.map((value) => `<${tag}>${escaped(value)}</${tag}>`).join("")}</tr>`;
  const rows = views.map((view) => cells("td", row(view))).join("\n");
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Incidents</title>
<style>body{font:14px system-ui;margin:2rem}td,th{padding:.3rem .6rem;text-align:left;border-bottom:1px solid #ccc}</style>
<h1>Incidents</h1>
<table>
${cells("th", COLUMNS)}
${rows}
</table>
</html>`;
}

async function markdown(views: readonly IncidentView[], gateway: GatewayClient): Promise<string> {
  if (views.length === 0) return "# Incidents\n\nNone.";
  const cells = (values: readonly string[]): string =>
    `| ${values.map((value) => value.replace(/\|/g, "\\|")).join(" | ")} |`;
  const table = [cells(COLUMNS), `|${COLUMNS.map(() => "---|").join("")}`, ...views.map((view) => cells(row(view)))];
  const timelines: string[] = [];
  for (const { id } of views.slice(0, TIMELINES_MAX)) {
    const told = await gateway.get(`/admin/v1/incidents/${encodeURIComponent(id)}?format=md`);
    if (told.ok) timelines.push(told.text.replace(/^#/gm, "##"));
  }
  return ["# Incidents", "", ...table, "", ...timelines].join("\n");
}
