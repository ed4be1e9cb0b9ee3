// `holdfast report slo`: how the objectives stand, from the store or from a running gateway.

import type { SloSettings } from "../core/settings.ts";
import type { SloReading, SloSpan } from "../core/slo.ts";
import { htmlOf } from "../reports/html.ts";
import { markdownOf } from "../reports/page.ts";
import { type SloReport, sloCsv, sloPage } from "../reports/slo-report.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { openDatabaseToRead } from "../runtime/sqlite.ts";
import { sloSpanOf } from "../server/admin-slos.ts";
import { keptMs } from "../sla/slo-month.ts";
import { readingOf } from "../sla/slo-reading.ts";
import { readSloStore } from "../sla/slo-store.ts";
import { pastOf } from "../sla/slo-watch.ts";
import { createSloWindow } from "../sla/slo-window.ts";
import { misuse } from "./command.ts";
import { DEFAULT_FILE, readConfigLeniently } from "./config-file.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";
import { GATEWAY_FLAGS, openGateway } from "./gateway-client.ts";
import { print } from "./print.ts";
import type { ReportKind } from "./report.ts";
import { SOURCE_FLAGS, SOURCE_HELP } from "./report-source.ts";
import { DEFAULT_STORE } from "./storing.ts";

const FORMATS: Readonly<Record<string, (report: SloReport) => string>> = {
  md: (report) => markdownOf(sloPage(report)),
  html: (report) => htmlOf(sloPage(report)),
  csv: sloCsv,
  json: (report) => `${JSON.stringify(report)}\n`,
};

const HELP = `holdfast report slo [--month 2026-11 | --from 2026-11-01 --to 2026-11-08] [--format md|html|csv|json]
                    [--config FILE] [--store PATH | --gateway URL]

How each objective of the configuration (\`slo\`) stands over its own window until now: calls and bad ones, what was achieved, what
is left of the error budget, how fast it burns, and whether that is worth waking somebody. On stdout.

  --month M       how they stood in a calendar month instead, that of the objective's time zone, else of UTC
  --from, --to    in a span in UTC, to a quarter of an hour; the end is not part of it
  --format F      md (default), html, csv, json; --json is --format json
${SOURCE_HELP}, and has the objectives
  --gateway URL   asks a running gateway instead, as for one that keeps nothing on disk

Exit codes: 0 done, 1 there are no objectives or they cannot be read, 2 bad use.`;

export const reportSlo: ReportKind = { help: HELP, run };

const FLAGS = {
  ...SOURCE_FLAGS,
  ...GATEWAY_FLAGS,
  month: { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  format: { type: "string" },
} as const;

async function run(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return misuse("report slo", parsed.message);
  const { flags } = parsed;
  const format = textFlag(flags, "format") ?? (flags.json === true ? "json" : "md");
  const write = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (write === undefined) return misuse("report slo", `--format ${format}: one of ${Object.keys(FORMATS).join(", ")}`);
  const nowMs = createBunRuntime().wallMs();
  const wish = { month: textFlag(flags, "month"), from: textFlag(flags, "from"), to: textFlag(flags, "to") };
  const isPast = Object.values(wish).some((value) => value !== undefined);
  const span = isPast ? sloSpanOf(wish, nowMs) : undefined;
  if (typeof span === "string") return misuse("report slo", span);
  const slos =
    textFlag(flags, "gateway") === undefined ? await fromStore(flags, { nowMs, span }) : await fromGateway(flags, wish);
  if (typeof slos === "string") {
    console.error(`holdfast report slo: ${slos}`);
    return 1;
  }
  const of = wish.month ?? (isPast ? `${wish.from ?? "this month"} to ${wish.to ?? "now"}` : undefined);
  print(write({ report: "slo", at: new Date(nowMs).toISOString(), ...(of !== undefined && { of }), slos }));
  return 0;
}

interface When {
  readonly nowMs: number;
  /** Absent: as they stand now. */
  readonly span: SloSpan | undefined;
}

async function fromStore(flags: Flags, when: When): Promise<readonly SloReading[] | string> {
  const config = await readConfigLeniently(textFlag(flags, "config"));
  if (!config.found) return config.message ?? `there is no ${DEFAULT_FILE} here: --config FILE has the objectives`;
  if (!config.loaded.ok) return `${config.file} is not right: \`holdfast check\` says where`;
  const { slos = [], store } = config.loaded.settings;
  if (slos.length === 0) return `${config.file} has no objectives (\`slo\`)`;
  const named = textFlag(flags, "store")?.replace(/^sqlite:/, "");
  if (named === undefined && store === "memory") {
    return "this configuration keeps nothing on disk (`store: memory`); ask the gateway with --gateway";
  }
  return readStore(named ?? (store === "memory" ? undefined : store?.path) ?? DEFAULT_STORE, slos, when);
}

function readStore(path: string, slos: readonly SloSettings[], { nowMs, span }: When): readonly SloReading[] | string {
  const opened = openDatabaseToRead(path);
  if (!("database" in opened)) return opened.problem;
  try {
    const kept = readSloStore(opened.database);
    if (kept === undefined) return `${path}: no gateway has counted an objective there yet`;
    if (span !== undefined) return pastOf(slos, span, kept) ?? "that is no month";
    return slos.map((slo) => {
      const window = createSloWindow(keptMs(slo), nowMs);
      kept.load(slo, window);
      return readingOf(slo, window, nowMs);
    });
  } catch (error) {
    return `${path}: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    opened.database.close();
  }
}

async function fromGateway(
  flags: Flags,
  wish: Readonly<Record<string, string | undefined>>,
): Promise<readonly SloReading[] | string> {
  const gateway = await openGateway(flags);
  if ("problem" in gateway) return gateway.problem;
  const query = new URLSearchParams(
    Object.entries(wish).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const told = await gateway.get(query.size === 0 ? "/admin/v1/slos" : `/admin/v1/slos?${query}`);
  if (!told.ok) return told.message;
  const slos = slosOf(told.json);
  if (slos === undefined) return `${gateway.url} answered something else than objectives`;
  return slos.length === 0 ? `${gateway.url} has no objectives (\`slo\`)` : slos;
}

function slosOf(json: unknown): readonly SloReading[] | undefined {
  if (typeof json !== "object" || json === null || !("slos" in json) || !Array.isArray(json.slos)) return undefined;
  return json.slos.every(isReading) ? json.slos : undefined;
}

function isReading(value: unknown): value is SloReading {
  return typeof value === "object" && value !== null && "budgetLeft" in value && "burn" in value;
}
