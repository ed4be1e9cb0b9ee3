// The letter that goes with a pack of evidence: what is claimed, by which rule, on which evidence. A draft for a person, who
// knows the contract, completes what is in brackets and sends it.

import type { Evaluation } from "../core/sla.ts";
import type { ClaimEvidence } from "./claim-pack.ts";

const PERIODS_LISTED = 40;
const MINUTE_MS = 60_000;

export function claimLetter(evidence: ClaimEvidence): string {
  const { provider, month, evaluation, minutes, requests, pages, requestsAreCut } = evidence;
  const { name, rule, sourceUrl, claimBy, notes } = evaluation;
  const valid = minutes.reduce((sum, one) => sum + one.valid + (one.own?.valid ?? 0), 0);
  const own = minutes.reduce((sum, one) => sum + (one.own?.valid ?? 0), 0);
  return `# SLA credit request: ${line(provider)}, ${month}

[Date]

To: ${line(provider)} support
From: [company, account or project, contact]

We ask for a service credit under *${line(name)}* for ${month} (all times UTC).

- Rule: ${line(rule)}${sourceUrl === undefined ? "" : `\n- Source: ${line(sourceUrl)}`}
- Promised: ${share(evaluation.promised, "nothing that we know of")}
- Measured by that rule: ${share(evaluation.contracted ?? evaluation.availability, "nothing: there was no evidence")}
- Requests that were owed an answer: ${valid}${own === 0 ? "" : `, ${own} of them one-token requests of our gateway itself`}
- Credit: ${creditText(evaluation)}
${claimBy === undefined ? "" : `- To be claimed by: ${claimBy}\n`}
## Downtime

${periods(evaluation)}

## Evidence

- \`downtime.csv\`: the periods above
- \`minutes.csv\`: every minute with a request: how many were owed an answer, how many failed, and how${own === 0 ? "" : "; `own_` are those of our gateway itself"}
- \`requests.csv\`: ${requests.length} requests that failed, with your request ids${requestsAreCut ? "; there were more than are listed" : ""}
- \`evaluation.json\`: the judgement in full
${pages.length === 0 ? "" : `- \`pages/\`: ${pages.length} copies of your status page as it was when fetched, with their hashes in \`pages.csv\`\n`}- \`manifest.jsonl\`: the hash of each file, chained; \`holdfast report verify\` checks all of it

Minutes of the month without any request: ${evaluation.minutesWithoutEvidence}. Nothing is claimed for them.

The counts are those of our own gateway (Holdfast), by the minute in which each request ended. Requests that were wrong in themselves,
and those that we or our users broke off, are not among them.
${notes.length === 0 ? "" : `\n## To check before sending\n\n${notes.map((note) => `- ${line(note)}`).join("\n")}\n`}
[Name]
`;
}

/** Names come from configurations: none may begin a line of its own. */
function line(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}

function share(value: number | undefined, otherwise: string): string {
  // Cut, not rounded: 99.8999 % is not 99.9 %.
  return value === undefined ? otherwise : `${Math.floor(value * 1e7 + 1e-6) / 1e5} %`;
}

function creditText({ credit }: Evaluation): string {
  return credit === undefined
    ? "none is due by this rule"
    : `${Math.round(credit.share * 1e4) / 100} % of ${line(credit.of)}${estimate(credit.estimateUsd)}`;
}

function estimate(usd: number | undefined): string {
  return usd === undefined ? "" : ` (some ${usd.toFixed(2)} USD of what we used, at list prices)`;
}

function periods({ downtime }: Evaluation): string {
  if (downtime.length === 0) return "None by this rule.";
  const rows = downtime
    .slice(0, PERIODS_LISTED)
    .map(
      ({ fromMinute, toMinute, valid, failed }) =>
        `| ${utc(fromMinute)} | ${utc(toMinute)} | ${toMinute - fromMinute} | ${valid} | ${failed} |`,
    );
  const more = downtime.length - rows.length;
  return [
    "| from | to | minutes | requests | failed |",
    "|---|---|---:|---:|---:|",
    ...rows,
    ...(more > 0 ? [`\n${more} more are in \`downtime.csv\`.`] : []),
  ].join("\n");
}

function utc(minute: number): string {
  return new Date(minute * MINUTE_MS).toISOString().slice(0, 16).replace("T", " ");
}
