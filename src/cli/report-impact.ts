// `holdfast report impact`: what failing providers did, from the store or from a running gateway, in the format asked for.

import { htmlOf } from "../reports/html.ts";
import { impactOf } from "../reports/impact.ts";
import { impactCsv } from "../reports/impact-csv.ts";
import { impactPage } from "../reports/impact-page.ts";
import type { ImpactReport } from "../reports/impact-report.ts";
import { unknownProvider } from "../reports/minute-counts.ts";
import { markdownOf } from "../reports/page.ts";
import { spanOf } from "../reports/span.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { misuse } from "./command.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";
import { GATEWAY_FLAGS, openGateway } from "./gateway-client.ts";
import { print } from "./print.ts";
import type { ReportKind } from "./report.ts";
import { openLedgerToRead, SOURCE_FLAGS, SOURCE_HELP } from "./report-source.ts";

const FORMATS: Readonly<Record<string, (report: ImpactReport) => string>> = {
  md: (report) => markdownOf(impactPage(report)),
  html: (report) => htmlOf(impactPage(report)),
  csv: impactCsv,
  json: (report) => `${JSON.stringify(report)}\n`,
};

const HELP = `holdfast report impact [--month 2026-11 | --from 2026-11-01 --to 2026-11-08T12:00Z] [--provider P]
                       [--format md|html|csv|json] [--store PATH | --gateway URL]

What failing providers did to calls, end users, time and money; the three truths of each provider's availability; and how
each would have done alone. On stdout.

  --month M       a calendar month in UTC (default: the present month until now)
  --from, --to    a span in UTC instead; the end is not part of it
  --provider P    only what failures of this provider did
  --format F      md (default), html with plots, csv, json; --json is --format json
${SOURCE_HELP}
  --gateway URL   asks a running gateway instead of reading its store, as for one that keeps nothing on disk

Exit codes: 0 done, 1 the ledger cannot be read, 2 bad use.`;

export const reportImpact: ReportKind = { help: HELP, run };

const FLAGS = {
  ...SOURCE_FLAGS,
  ...GATEWAY_FLAGS,
  month: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  provider: { type: "string" },
  format: { type: "string" },
} as const;

async function run(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return misuse("report impact", parsed.message);
  const { flags } = parsed;
  const format = textFlag(flags, "format") ?? (flags.json === true ? "json" : "md");
  const write = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (write === undefined)
    return misuse("report impact", `--format ${format}: one of ${Object.keys(FORMATS).join(", ")}`);
  const span = spanOf(wishOf(flags), createBunRuntime().wallMs());
  if (typeof span === "string") return misuse("report impact", span);
  const report = flags.gateway === undefined ? await fromStore(flags, span) : await fromGateway(flags);
  if (typeof report === "string") {
    console.error(`holdfast report impact: ${report}`);
    return 1;
  }
  print(write(report));
  return 0;
}

function wishOf(flags: Flags) {
  return { month: textFlag(flags, "month"), from: textFlag(flags, "from"), to: textFlag(flags, "to") };
}

async function fromStore(
  flags: Flags,
  span: Exclude<ReturnType<typeof spanOf>, string>,
): Promise<ImpactReport | string> {
  const opened = await openLedgerToRead(flags);
  if (typeof opened === "string") return opened;
  try {
    const provider = textFlag(flags, "provider");
    const unknown = provider === undefined ? undefined : unknownProvider(opened.ledger, provider);
    return unknown ?? (await impactOf(opened.ledger, { ...span, provider }));
  } catch (error) {
    return `${opened.path}: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    opened.database.close();
  }
}

async function fromGateway(flags: Flags): Promise<ImpactReport | string> {
  const gateway = await openGateway(flags);
  if ("problem" in gateway) return gateway.problem;
  const wish = Object.entries({ ...wishOf(flags), provider: textFlag(flags, "provider") });
  const query = new URLSearchParams(wish.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  const told = await gateway.get(`/admin/v1/reports/impact?${query}`);
  if (!told.ok) return told.message;
  const { json } = told;
  // Made by `impactOf` at the other end; the rest of its shape is taken on trust.
  const isReport = typeof json === "object" && json !== null && "report" in json && json.report === "impact";
  return isReport ? (json as ImpactReport) : `${gateway.url} is no Holdfast gateway`;
}
