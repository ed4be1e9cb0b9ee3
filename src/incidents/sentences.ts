// The words: a title and a sentence for users, without jargon and without names of providers; and what those who run the
// gateway need: what fails, what clients see, what is done about it, and one command.

import type { Incident, Severity } from "../core/incident.ts";
import { PEOPLE } from "./book.ts";
import { summaryOf } from "./cause.ts";

/** `2026-11-27 14:08 UTC` */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `14:08 UTC` */
export function clockText(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)} UTC`;
}

/** `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
  return `${Math.floor(hours / 24)} d${hours % 24 === 0 ? "" : ` ${hours % 24} h`}`;
}

/** For those who run the gateway. */
export function titleOf(incident: Incident): string {
  if (incident.corrected.title !== undefined) return incident.corrected.title;
  const { domain, edge } = incident;
  const [main] = Object.entries(incident.faults).sort((a, b) => b[1] - a[1]);
  if (edge === "account") return `${domain} refuses our account${main === undefined ? "" : ` (${main[0]})`}`;
  return `${domain} ${main === undefined ? "fails" : `fails: ${main[0]}`}`;
}

const USER_TITLES: Readonly<Record<Severity, string>> = {
  none: "No impact",
  minor: "Some answers come from another model",
  major: "Some requests fail",
  critical: "Most requests fail",
};

export function userTitleOf(incident: Incident): string {
  return incident.corrected.title ?? USER_TITLES[incident.severity];
}

/** What users are told: what works, since when, what they need to do. */
export function sentenceOf(incident: Incident): string {
  if (incident.corrected.sentence !== undefined) return incident.corrected.sentence;
  // What people reported, people word.
  if (incident.domain === PEOPLE)
    return incident.updates.findLast(({ forUsers }) => forUsers !== undefined)?.forUsers ?? "";
  const since = timeText(incident.startedMs);
  const { state, severity } = incident;
  if (state === "resolved" || state === "postmortem") {
    const endMs = troubleEndMs(incident);
    const until = endMs === undefined ? "" : ` until ${clockText(endMs)}`;
    return `This is over. From ${since}${until} ${WAS[severity]}`;
  }
  if (state === "monitoring")
    return `It is getting better: the usual service is coming back step by step. Since ${since} ${IS[severity]}`;
  return `Since ${since} ${IS[severity]}`;
}

/** When it began to come back: what is watched afterwards is no trouble any more. */
export function troubleEndMs({ monitoringMs, resolvedMs }: Incident): number | undefined {
  return monitoringMs ?? resolvedMs;
}

/** The same as an update of the page: what has changed comes first. */
export function userUpdateOf(incident: Incident): string {
  const sentence = sentenceOf(incident);
  if (incident.state === "investigating" && incident.reopened > 0) return `It is back. ${sentence}`;
  if (incident.state === "investigating") return `${sentence} We are looking into it.`;
  if (incident.state === "identified")
    return `We know where it comes from and keep requests away from there. ${sentence}`;
  return sentence;
}

const IS: Readonly<Record<Severity, string>> = {
  none: "one of the AI services that we use has had trouble; you should not notice anything.",
  minor:
    "one of the AI services that we use has had trouble, so another one answers in its place. Everything works; answers may read a little differently.",
  major:
    "one of the AI services that we use has had trouble. Most requests work; some fail or get a prepared answer. Trying again in a few minutes helps.",
  critical:
    "the AI services that we use have had trouble and most requests fail. We keep trying; please come back a little later.",
};
const WAS: Readonly<Record<Severity, string>> = {
  none: "one of the AI services that we use had trouble; nobody should have noticed.",
  minor: "one of the AI services that we use had trouble, and another one answered in its place.",
  major: "some requests failed or got a prepared answer.",
  critical: "most requests failed.",
};

/** What clients of the gateway see, in counts. */
export function clientsSee({ domain, counts, faults, ledger }: Incident): string {
  const { calls, rescued, honest, failed } = counts;
  if (domain === PEOPLE) return "its calls are not counted: people reported it";
  if (calls === 0) return attemptsText(faults);
  const parts = [
    `${rescued} answered by another target`,
    ...(honest > 0 ? [`${honest} got a last resort`] : []),
    `${failed} failed`,
  ];
  const users = ledger?.users.hit ?? 0;
  const whose = users === 0 ? "" : ` of ${users} end ${users === 1 ? "user" : "users"}`;
  return `${calls} ${calls === 1 ? "call" : "calls"}${whose} met it: ${parts.join(", ")}`;
}

/** It has just begun: its calls are not counted yet. */
function attemptsText(faults: Incident["faults"]): string {
  const failed = Object.values(faults).reduce((sum, count) => sum + count, 0);
  if (failed === 0) return "no call has met it yet";
  return `${failed} ${failed === 1 ? "attempt has" : "attempts have"} failed so far`;
}

/** What it cost, as far as prices are known; `undefined`: nothing is known, or it is nothing. */
export function costsText({ ledger, counts }: Incident): string | undefined {
  if (ledger === undefined) return undefined;
  const { extraUsd, unknownCalls, lostUsd } = ledger.money;
  const parts = [
    ...(extraUsd === undefined || Math.abs(extraUsd) < CENT / 2
      ? []
      : [`${dollars(Math.abs(extraUsd))} ${extraUsd > 0 ? "more" : "less"} for the answers of other targets`]),
    ...(lostUsd === undefined ? [] : [`${dollars(lostUsd)} of calls without an answer`]),
  ];
  if (parts.length === 0) return undefined;
  const unknown = unknownCalls === 0 ? "" : `; unknown of ${unknownCalls} of ${counts.rescued} rescued calls`;
  return `${parts.join(", ")}${unknown}`;
}

/** What the provider says of it on its own page; `undefined`: its page is not read. */
export function pageText({ page, pageRead, domain, edge }: Incident): string | undefined {
  if (domain === PEOPLE || edge === "account") return undefined;
  if (page === undefined) return pageRead === true ? "The provider's page says nothing of it" : undefined;
  const { title, lifecycle, publishedMs, url } = page;
  return `"${title}" (${lifecycle}), since ${timeText(publishedMs)}${url === undefined ? "" : ` ${url}`}`;
}

const CENT = 0.01;

function dollars(usd: number): string {
  return `${usd.toFixed(2)} USD`;
}

/** What the gateway does about it. */
export function doingOf(incident: Incident): string {
  const { domain, edge, state } = incident;
  if (domain === PEOPLE) return state === "resolved" || state === "postmortem" ? "it is over" : "people look after it";
  const sick = Object.entries(incident.targets).filter(([, standing]) => standing === "sick").length;
  switch (state) {
    case "investigating":
    case "identified":
      if (edge === "account")
        return `calls go to the next target of their route; the account at ${domain} needs a person`;
      return `calls go to the next target of their route; ${sick > 1 ? `${sick} targets are probed until they are well` : "the sick one is probed until it is well"}`;
    case "monitoring":
      return `${domain} gets its calls back step by step`;
    default:
      return `${domain} has all of its calls again`;
  }
}

export function commandOf({ id }: Incident): string {
  return `holdfast incidents show ${id}`;
}

/** What fails, in one line. */
export function failsText(incident: Incident): string {
  if (incident.domain === PEOPLE) return titleOf(incident);
  const targets = Object.keys(incident.targets);
  const [main] = Object.entries(incident.faults).sort((a, b) => b[1] - a[1]);
  const what = targets.length === 0 ? incident.domain : targets.slice(0, 5).join(", ");
  return main === undefined ? what : `${what}: ${summaryOf(main[0])}`;
}
