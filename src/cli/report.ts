// `holdfast report`: what happened over a time, for people and for tools. Each subject is a file of its own.

import { type Command, misuse } from "./command.ts";

const HELP = `holdfast report incidents [--from DATE] [--to DATE] [--month YYYY-MM] [--provider P] [--format md|html|csv|json]

What failed, how long, whom it met. DATE is 2026-01-31 or 2026-01-31T08:00:00Z.

  --month YYYY-MM   instead of --from and --to
  --provider P      of one provider alone
  --format F        md (default), html, csv or json
  --json            the same as --format json
  --gateway URL     a running gateway (default: listen of ./holdfast.yaml, else http://127.0.0.1:4000)

HOLDFAST_ADMIN_KEY in the environment is the gateway's admin key, where it has one.

Exit codes: 0 done, 1 the gateway does not answer, 2 bad use.`;

export const report: Command = {
  summary: "what happened over a time",
  help: HELP,
  async run(args) {
    const [subject, ...others] = args;
    if (subject === "incidents") return (await import("./report-incidents.ts")).reportIncidents(others);
    const later = ["impact", "sla", "slo", "verify"];
    if (subject !== undefined && later.includes(subject)) return misuse("report", `${subject} is not in this version`);
    return misuse(
      "report",
      subject === undefined ? "of what? incidents" : `"${subject}" is no report; there is: incidents`,
    );
  },
};
