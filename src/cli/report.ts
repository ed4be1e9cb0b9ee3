// `holdfast report KIND`: which report, its flags, its help. What a report says is made in `reports/` and `sla/`; each kind
// has a file of its own here.

import { nearest } from "../core/nearest.ts";
import { type Command, misuse } from "./command.ts";

/** One kind of report: what stands behind its name is read by itself. */
export interface ReportKind {
  readonly help: string;
  run(args: readonly string[]): Promise<number>;
}

const KINDS: Readonly<Record<string, { readonly summary: string; load(): Promise<ReportKind> }>> = {
  impact: {
    summary: "what failing providers did to calls, users, time and money",
    load: async () => (await import("./report-impact.ts")).reportImpact,
  },
  sla: {
    summary: "how a provider kept its promise in a month, and the pack of evidence for a claim",
    load: async () => (await import("./report-sla.ts")).reportSla,
  },
  incidents: {
    summary: "what failed, how long, whom it met",
    load: async () => (await import("./report-incidents.ts")).reportIncidents,
  },
  slo: {
    summary: "how the objectives stand: achieved, error budget, burn rates",
    load: async () => (await import("./report-slo.ts")).reportSlo,
  },
  verify: {
    summary: "whether a pack of evidence is as it was made",
    load: async () => (await import("./report-verify.ts")).reportVerify,
  },
};

const HELP = `holdfast report KIND [FLAGS]

${Object.entries(KINDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join("\n")}

Common to most of them; each kind has its own --help:
  --month M       a calendar month in UTC, such as 2026-11; or --from DATE and --to DATE
  --provider P    of one provider
  --format F      md, html, csv, json, zip; --json is --format json
  --account FINGERPRINT, --region R, --model M     sla: of one key, region or model only
  --contract FILE, --promise NAME, --promised     sla: by a contract of your own; by one promise; what is promised at all
  --pages FOLDER, --out FILE     sla, as zip: copies of a status page that go into it; where it goes
  --root HASH     verify: the root that was told when the pack was made
  --store PATH    the store to read; or --config FILE, which names it; or --gateway URL, which asks a running gateway

Reports read the ledger that a gateway keeps in its store, beside it while it runs, or
without it afterwards.

Exit codes: 0 done, 1 the ledger cannot be read, 2 bad use.`;

export const report: Command = { summary: "what outages did, from the ledger", help: "", run: runReport };

/** Of all of them together, then of each. */
export async function reportHelps(): Promise<readonly string[]> {
  const kinds = await Promise.all(Object.values(KINDS).map(({ load }) => load()));
  return [HELP, ...kinds.map(({ help }) => help)];
}

async function runReport(args: readonly string[]): Promise<number> {
  const [name = "", ...rest] = args;
  const kind = Object.hasOwn(KINDS, name) ? await KINDS[name]?.load() : undefined;
  if (kind === undefined) {
    if (name === "--help" || name === "-h") {
      console.log(HELP);
      return 0;
    }
    const near = nearest(name, Object.keys(KINDS));
    const hint = near === undefined ? `one of: ${Object.keys(KINDS).join(", ")}` : `did you mean "${near}"?`;
    return misuse("report", name === "" ? `which report? ${hint}` : `there is no report "${name}"; ${hint}`);
  }
  if (!rest.includes("--help") && !rest.includes("-h")) return kind.run(rest);
  console.log(kind.help);
  return 0;
}
