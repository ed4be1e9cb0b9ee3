// `holdfast report sla`: how a provider did in a month under its promise, and the pack of evidence for a claim. A person
// files the claim; this command sends nothing.

import type { Database } from "../core/database.ts";
import type { MinuteCount } from "../core/sla.ts";
import type { LedgerReader } from "../observe/ledger/read.ts";
import { clientsSaw } from "../reports/clients-saw.ts";
import { htmlOf } from "../reports/html.ts";
import { providersOf, unknownProvider } from "../reports/minute-counts.ts";
import { markdownOf } from "../reports/page.ts";
import { type Deadline, deadlineText, minutesCsv, type SlaReport, slaPage } from "../reports/sla-report.ts";
import { monthSpan } from "../reports/span.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { readFolder, writeNewFile } from "../runtime/command-io.ts";
import { claimPack, type EvidenceRequest, type PageSnapshot } from "../sla/claim-pack.ts";
import { readPageSnapshots } from "../state/page-snapshots.ts";
import { misuse } from "./command.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";
import { print } from "./print.ts";
import { type PromiseFinder, promiseFinder } from "./promise-finder.ts";
import type { ReportKind } from "./report.ts";
import { reportPromised } from "./report-promised.ts";
import { openLedgerToRead, SOURCE_FLAGS, SOURCE_HELP, type StoredLedger } from "./report-source.ts";
import { claimable, deadlinesOf, type JudgedProvider, judgeProvider, type MonthWish } from "./sla-judge.ts";

const FORMATS = ["md", "html", "csv", "json", "zip"] as const;

const HELP = `holdfast report sla [--provider P] [--month 2026-11] [--format md|html|csv|json|zip]
                    [--contract FILE] [--promise NAME] [--account FINGERPRINT] [--region R] [--model M]
                    [--pages FOLDER] [--out FILE] [--store PATH]
holdfast report sla --promised [--format md|html|json] [--contract FILE] [--config FILE]

How providers did in a calendar month, by what they promise: the catalog's dated promises, or a contract of your own; and, as zip, the pack of evidence for a claim against one of them: periods of downtime, the
minutes, the provider's own ids of the requests that failed, and a letter; every record is chained by its hash, and
\`holdfast report verify FILE.zip\` names the first one that was changed. A person completes the letter and sends it.

  --provider P    one provider, as the configuration names it (default: all)
  --month M       the month (default: the present one, as far as it has come)
  --format F      md (default), html, csv (the minutes), json, zip; --json is --format json
  --account, --region, --model
                  of one key (by its fingerprint), region or model only, where the contract is about those
  --contract FILE a contract of your own as YAML; it wins over what the catalog knows of its provider
  --promise NAME  only this promise, such as one that is sold apart and that you bought
  --promised      instead: what is promised to each route by the providers of its targets
  --pages FOLDER  more copies of the provider's status page for the zip, beside those that the gateway kept
  --out FILE      where the zip goes (default: P-M.zip here); a file that is there is left as it is
${SOURCE_HELP}

A claim whose last day is within 14 days is told on stderr; without --month, those of the last three months too.

Exit codes: 0 done, 1 the ledger cannot be read or the file not be written, 2 bad use.`;

export const reportSla: ReportKind = { help: HELP, run };

const FLAGS = {
  ...SOURCE_FLAGS,
  provider: { type: "string" },
  month: { type: "string" },
  format: { type: "string" },
  account: { type: "string" },
  region: { type: "string" },
  model: { type: "string" },
  out: { type: "string" },
  pages: { type: "string" },
  contract: { type: "string" },
  promise: { type: "string" },
  promised: { type: "boolean" },
} as const;

/** What is listed in a pack; the ledger keeps more. */
const REQUESTS_MAX = 100_000;
const PAGES_MAX = 1_000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** From here on a claim is reminded of. */
const DAYS_SOON = 14;

interface Wish extends Pick<MonthWish, "of"> {
  /** Absent: all that the ledger knows. */
  readonly provider: string | undefined;
  readonly month: string;
  readonly isOpen: boolean;
  readonly format: (typeof FORMATS)[number];
  readonly nowMs: number;
  readonly nowMinute: number;
  readonly promises: PromiseFinder;
  readonly flags: Flags;
}

async function run(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return misuse("report sla", parsed.message);
  const { flags } = parsed;
  if (flags.promised === true) return reportPromised(flags);
  const asked = wishOf(flags);
  if (typeof asked === "string") return misuse("report sla", asked);
  const promises = await promiseFinder(flags);
  if (typeof promises === "string") return misuse("report sla", promises);
  const wish = { ...asked, promises };
  const opened = await openLedgerToRead(flags);
  if (typeof opened === "string") return failed(opened);
  try {
    const problem = await tell(wish, opened);
    return problem === undefined ? 0 : failed(problem);
  } catch (error) {
    return failed(`${opened.path}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    opened.database.close();
  }
}

function failed(message: string): 1 {
  console.error(`holdfast report sla: ${message}`);
  return 1;
}

function wishOf(flags: Flags): Omit<Wish, "promises"> | string {
  const nowMs = createBunRuntime().wallMs();
  const provider = textFlag(flags, "provider");
  const month = textFlag(flags, "month") ?? new Date(nowMs).toISOString().slice(0, 7);
  const whole = monthSpan(month);
  if (typeof whole === "string") return whole;
  const named = textFlag(flags, "format") ?? (flags.json === true ? "json" : "md");
  const format = FORMATS.find((name) => name === named);
  if (format === undefined) return `--format ${named}: one of ${FORMATS.join(", ")}`;
  if (format === "zip" && provider === undefined) return "a pack is about one provider: --provider NAME";
  const nowMinute = Math.floor(nowMs / MINUTE_MS) + 1;
  if (nowMinute <= whole.fromMinute) return `${month} has not begun`;
  const of = {
    account: textFlag(flags, "account"),
    region: textFlag(flags, "region"),
    model: textFlag(flags, "model"),
  };
  return { provider, month, isOpen: nowMinute < whole.toMinute, format, nowMs, nowMinute, of, flags };
}

/** A sentence for what went wrong. */
async function tell(wish: Wish, stored: StoredLedger): Promise<string | undefined> {
  const { provider, month, isOpen, format, promises } = wish;
  const { ledger } = stored;
  const unknown = provider === undefined ? undefined : unknownProvider(ledger, provider);
  if (unknown !== undefined) return unknown;
  const names = promises.among(provider === undefined ? providersOf(ledger) : [provider]);
  if (typeof names === "string") return names;
  const judged = names.map((name) => judgeProvider(ledger, name, promises.of(name), wish));
  const deadlines = judged.flatMap((one) => deadlinesOf(one, month, wish.nowMs));
  if (textFlag(wish.flags, "month") === undefined) deadlines.push(...earlierDeadlines(ledger, names, wish));
  for (const one of deadlines) if (one.daysLeft >= 0 && one.daysLeft <= DAYS_SOON) remind(one);
  const [first] = judged;
  if (format === "zip" && first !== undefined) return writePack(wish, stored, first);
  const whole = monthSpan(month);
  const saw = typeof whole === "string" ? new Map<string, number>() : clientsSaw(ledger, whole);
  const providers = judged.map(({ month: one }) => {
    const share = saw.get(one.provider);
    return { ...one, ...(share !== undefined && { clientsSaw: share }) };
  });
  const report: SlaReport = { report: "sla", month, isOpen, providers, deadlines };
  const texts = {
    md: () => markdownOf(slaPage(report)),
    html: () => htmlOf(slaPage(report)),
    csv: () => minutesCsv(judged.map(({ month: { provider: name }, minutes }) => ({ provider: name, minutes }))),
    json: () => `${JSON.stringify(report)}\n`,
    zip: () => "",
  };
  print(texts[format]());
  return undefined;
}

/** No claim may be made for a month that is longer ago than what the ledger keeps. */
function earlierDeadlines(ledger: LedgerReader, names: readonly string[], wish: Wish): Deadline[] {
  const now = new Date(wish.nowMs);
  return [1, 2, 3].flatMap((back) => {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back)).toISOString().slice(0, 7);
    return names
      .flatMap((name) => {
        const known = wish.promises.of(name);
        return known.length === 0
          ? []
          : deadlinesOf(judgeProvider(ledger, name, known, { ...wish, month }), month, wish.nowMs);
      })
      .filter(({ daysLeft }) => daysLeft >= 0);
  });
}

function remind(deadline: Deadline): void {
  console.error(`holdfast report sla: a claim is due. ${deadlineText(deadline)}`);
}

/** What the gateway kept of the provider's page within the span and a day around it, and what somebody kept in a folder. */
function readPages(
  wish: Wish,
  database: Database,
  { month, promises }: JudgedProvider,
): readonly PageSnapshot[] | string {
  const { span } = claimable(promises);
  const fromMs = span.fromMinute * MINUTE_MS - DAY_MS;
  const toMs = span.toMinute * MINUTE_MS + DAY_MS;
  const kept = readPageSnapshots(database, month.provider, { fromMs, toMs, max: PAGES_MAX });
  const pages = kept.map(({ url, atMs, bytes }) => ({ name: url, fetchedAtMs: atMs, body: bytes }));
  const folder = textFlag(wish.flags, "pages");
  if (folder === undefined) return pages;
  const read = readFolder(folder, PAGES_MAX);
  if ("problem" in read) return read.problem;
  const own = read.files.map(({ name, changedMs, bytes }) => ({ name, fetchedAtMs: changedMs, body: bytes }));
  return [...pages, ...own].slice(0, PAGES_MAX);
}

function ownFailures({ own }: MinuteCount): number {
  return own === undefined ? 0 : Object.values(own.by).reduce((sum, count) => sum + count, 0);
}

async function writePack(
  wish: Wish,
  { ledger, database }: StoredLedger,
  judged: JudgedProvider,
): Promise<string | undefined> {
  const { month, of, flags, nowMs } = wish;
  const { provider } = judged.month;
  const { evaluation, minutes, span, isModel } = claimable(judged.promises);
  const pages = readPages(wish, database, judged);
  if (typeof pages === "string") return pages;
  const failures = minutes.reduce((sum, one) => sum + one.failed + ownFailures(one), 0);
  const requests = ledger
    .attempts(span, provider, REQUESTS_MAX)
    .filter(({ outcome }) => outcome !== "ok")
    .map((one): EvidenceRequest => ({ ...one, model: one.target.slice(provider.length + 1) }))
    .filter(({ account, model }) => (of.account ?? account) === account && isModel(model));
  const { archive, root } = claimPack({
    provider,
    month,
    madeAtMs: nowMs,
    evaluation,
    minutes,
    requests,
    requestsAreCut: requests.length < failures,
    pages,
  });
  const path = textFlag(flags, "out") ?? `${provider.replace(/[^\w.-]/g, "_")}-${month}.zip`;
  const problem = await writeNewFile(path, archive);
  if (problem !== undefined) return problem;
  if (flags.json === true) console.log(JSON.stringify({ file: path, root }));
  else {
    console.log(`${path}: under "${evaluation.name}". letter.md is a draft; a person completes and sends it.`);
    console.log(`root ${root}\nKeep the root elsewhere: holdfast report verify ${path} --root ROOT`);
  }
  return undefined;
}
