// `holdfast report sla`: how a provider did in a month under its promise, and the pack of evidence for a claim. A person
// files the claim; this command sends nothing.

import type { MinuteCount } from "../core/sla.ts";
import type { LedgerReader, MinuteSpan } from "../observe/ledger/read.ts";
import { htmlOf } from "../reports/html.ts";
import { type EvidenceWish, minuteCounts, providersOf, unknownProvider } from "../reports/minute-counts.ts";
import { markdownOf } from "../reports/page.ts";
import { minutesCsv, type ProviderMonth, providerMonth, type SlaReport, slaPage } from "../reports/sla-report.ts";
import { monthSpan } from "../reports/span.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { readFolder, writeNewFile } from "../runtime/command-io.ts";
import { claimPack, type EvidenceRequest, type PageSnapshot } from "../sla/claim-pack.ts";
import { measured } from "../sla/measured.ts";
import { misuse } from "./command.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";
import type { ReportKind } from "./report.ts";
import { openLedgerToRead, SOURCE_FLAGS, SOURCE_HELP, type StoredLedger } from "./report-source.ts";

const FORMATS = ["md", "html", "csv", "json", "zip"] as const;

const HELP = `holdfast report sla [--provider P] [--month 2026-11] [--format md|html|csv|json|zip]
                    [--account FINGERPRINT] [--region R] [--model M] [--pages FOLDER] [--out FILE] [--store PATH]

How providers did in a calendar month (UTC), and, as zip, the pack of evidence for a claim against one of them: periods of downtime, the
minutes, the provider's own ids of the requests that failed, and a letter; every record is chained by its hash, and
\`holdfast report verify FILE.zip\` names the first one that was changed. A person completes the letter and sends it.

  --provider P    one provider, as the configuration names it (default: all)
  --month M       the month (default: the present one, as far as it has come)
  --format F      md (default), html, csv (the minutes), json, zip; --json is --format json
  --account, --region, --model
                  of one key (by its fingerprint), region or model only, where the contract is about those
  --pages FOLDER  copies of the provider's status page to put into the zip, each with its hash
  --out FILE      where the zip goes (default: P-M.zip here); a file that is there is left as it is
${SOURCE_HELP}

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
} as const;

/** What is listed in a pack; the ledger keeps more. */
const REQUESTS_MAX = 100_000;
const PAGES_MAX = 1_000;
const MINUTE_MS = 60_000;

interface Wish {
  /** Absent: all that the ledger knows. */
  readonly provider: string | undefined;
  readonly month: string;
  readonly isOpen: boolean;
  readonly format: (typeof FORMATS)[number];
  readonly span: MinuteSpan;
  readonly of: Pick<EvidenceWish, "account" | "region" | "model">;
  readonly flags: Flags;
}

async function run(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, FLAGS);
  if (!parsed.ok) return misuse("report sla", parsed.message);
  const wish = wishOf(parsed.flags);
  if (typeof wish === "string") return misuse("report sla", wish);
  const opened = await openLedgerToRead(parsed.flags);
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

function wishOf(flags: Flags): Wish | string {
  const nowMs = createBunRuntime().wallMs();
  const provider = textFlag(flags, "provider");
  const month = textFlag(flags, "month") ?? new Date(nowMs).toISOString().slice(0, 7);
  const whole = monthSpan(month);
  if (typeof whole === "string") return whole;
  const named = textFlag(flags, "format") ?? (flags.json === true ? "json" : "md");
  const format = FORMATS.find((name) => name === named);
  if (format === undefined) return `--format ${named}: one of ${FORMATS.join(", ")}`;
  if (format === "zip" && provider === undefined) return "a pack is about one provider: --provider NAME";
  const toMinute = Math.min(whole.toMinute, Math.floor(nowMs / MINUTE_MS) + 1);
  if (toMinute <= whole.fromMinute) return `${month} has not begun`;
  const span = { fromMinute: whole.fromMinute, toMinute };
  const of = {
    account: textFlag(flags, "account"),
    region: textFlag(flags, "region"),
    model: textFlag(flags, "model"),
  };
  return { provider, month, isOpen: toMinute < whole.toMinute, format, span, of, flags };
}

interface Judged extends ProviderMonth {
  readonly minutes: readonly MinuteCount[];
}

/** By every promise that is known of the provider; by none: as measured. */
function judge(ledger: LedgerReader, provider: string, { span, of }: Wish): Judged {
  const minutes = minuteCounts(ledger, { ...span, provider, ...of });
  return { ...providerMonth(provider, minutes, [measured(minutes, span)]), minutes };
}

/** A sentence for what went wrong. */
async function tell(wish: Wish, { ledger }: StoredLedger): Promise<string | undefined> {
  const { provider, month, isOpen, format } = wish;
  const unknown = provider === undefined ? undefined : unknownProvider(ledger, provider);
  if (unknown !== undefined) return unknown;
  const judged = (provider === undefined ? providersOf(ledger) : [provider]).map((name) => judge(ledger, name, wish));
  const [first] = judged;
  if (format === "zip" && first !== undefined) return writePack(wish, ledger, first);
  const providers = judged.map(({ minutes, ...rest }) => rest);
  const report: SlaReport = { report: "sla", month, isOpen, providers };
  const texts = {
    md: () => markdownOf(slaPage(report)),
    html: () => htmlOf(slaPage(report)),
    csv: () => minutesCsv(judged),
    json: () => `${JSON.stringify(report)}\n`,
    zip: () => "",
  };
  process.stdout.write(texts[format]());
  return undefined;
}

function readPages(folder: string | undefined): readonly PageSnapshot[] | string {
  if (folder === undefined) return [];
  const read = readFolder(folder, PAGES_MAX);
  if ("problem" in read) return read.problem;
  return read.files.map(({ name, changedMs, bytes }) => ({ name, fetchedAtMs: changedMs, body: bytes }));
}

async function writePack(wish: Wish, ledger: LedgerReader, judged: Judged): Promise<string | undefined> {
  const { month, span, of, flags } = wish;
  const { provider, minutes, evaluations, failed: failures } = judged;
  const pages = readPages(textFlag(flags, "pages"));
  if (typeof pages === "string") return pages;
  const [evaluation] = evaluations;
  if (evaluation === undefined) return `nothing is known by which ${provider} could be judged`;
  const requests = ledger
    .attempts(span, provider, REQUESTS_MAX)
    .filter(({ outcome }) => outcome !== "ok")
    .map((one): EvidenceRequest => ({ ...one, model: one.target.slice(provider.length + 1) }))
    .filter(({ account, model }) => (of.account ?? account) === account && (of.model ?? model) === model);
  const { archive, root } = claimPack({
    provider,
    month,
    madeAtMs: createBunRuntime().wallMs(),
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
    console.log(`${path}: letter.md is a draft; a person completes and sends it.`);
    console.log(`root ${root}\nKeep the root elsewhere: holdfast report verify ${path} --root ROOT`);
  }
  return undefined;
}
