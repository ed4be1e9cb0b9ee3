// A message in plain words, the same for every channel: its headline and its lines. How a channel marks them up is its own.

import type { Notice } from "../core/notice.ts";
import type { Entry } from "./outbox.ts";

export interface Worded {
  readonly headline: string;
  readonly facts: Notice["facts"];
  readonly url: string | undefined;
  readonly latest: Notice;
}

const VERBS: Readonly<Record<Notice["type"], string>> = {
  "incident.opened": "Opened",
  "incident.updated": "Update",
  "incident.resolved": "Resolved",
  "target.ejected": "Out of rotation",
  "target.restored": "Back in rotation",
  "slo.burning": "Objective at risk",
  "slo.recovered": "Objective safe again",
  "budget.warning": "Budget",
};
const LISTED_MAX = 10;

export function worded({ notices, count }: Entry): Worded {
  const latest = notices[notices.length - 1];
  if (latest === undefined) throw new Error("a message about nothing");
  if (count === 1) return { headline: headlineOf(latest), facts: latest.facts, url: latest.url, latest };
  const open = notices.filter(({ ends }) => !ends).length;
  const listed = notices.slice(-LISTED_MAX).reverse();
  const facts = listed.map((notice) => [timeOf(notice.atMs), headlineOf(notice)] as const);
  const more = notices.length - listed.length;
  return {
    headline: `${count} updates on ${notices.length} ${notices.length === 1 ? "matter" : "matters"}, ${open} of them open`,
    facts: more > 0 ? [...facts, ["", `and ${more} more`]] : facts,
    url: latest.url,
    latest,
  };
}

function headlineOf({ type, title }: Notice): string {
  return `${VERBS[type]}: ${title}`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16);
}

/** As lines of plain text. */
export function plainText({ headline, facts, url }: Worded): string {
  const lines = facts.map(([what, text]) => (what === "" ? text : `${what}: ${text}`));
  return [headline, "", ...lines, ...(url === undefined ? [] : ["", url])].join("\n");
}

/** Cut to what a receiver takes; the cut shows. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}

/** Only an address of the web may become something to click on. */
export function webUrl(url: string | undefined): string | undefined {
  return url !== undefined && /^https?:\/\//.test(url) ? url : undefined;
}
