// `holdfast report KIND`: which report, its flags, its help. Each kind has a file of
// its own.

import { nearest } from "../core/nearest.ts";
import { type Command, misuse } from "./command.ts";

/** One kind of report: what stands behind its name is read by itself. */
export interface ReportKind {
  readonly help: string;
  run(args: readonly string[]): Promise<number>;
}

const KINDS: Readonly<Record<string, { readonly summary: string; load(): Promise<ReportKind> }>> = {
  incidents: {
    summary: "what failed, how long, whom it met",
    load: async () => (await import("./report-incidents.ts")).reportIncidents,
  },
};

const HELP = `holdfast report KIND [FLAGS]

${Object.entries(KINDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`)
  .join("\n")}

Common to most of them; each kind has its own --help:
  --month M       a calendar month in UTC, such as 2026-11; or --from DATE and --to DATE
  --provider P    of one provider
  --format F      md, html, csv, json; --json is --format json
  --gateway URL   a running gateway (default: listen of ./holdfast.yaml, else http://127.0.0.1:4000)

HOLDFAST_ADMIN_KEY in the environment is the gateway's admin key, where it has one.

Exit codes: 0 done, 1 the gateway does not answer, 2 bad use.`;

export const report: Command = { summary: "what happened over a time", help: "", run: runReport };

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
