// How incidents come about, go on and end, from what is believed of targets and from what calls and probes tell: one per
// provider and edge. Pure rules over the book; who is told of the changes, and when it is looked at, is the shell's.

import type { BeliefState } from "../core/cell.ts";
import type { FaultKind } from "../core/fault.ts";
import type { Edge, Incident } from "../core/incident.ts";
import { type Book, domainOf, isOpen, latest, openNew, type Saying, say, watchOf } from "./book.ts";
import { suspect } from "./cause.ts";
import { isAccountFault, isAccountSick, isSickness, noteAttempt, onsetMs } from "./evidence.ts";
import { noteMinute } from "./minutes.ts";
import { clientsSee, doingOf, failsText, userUpdateOf } from "./sentences.ts";

/** Evidence within this time of the end reopens the same incident. */
export const REOPEN_MS = 24 * 3_600_000;
const TARGETS_MAX = 100;
const SUSPECTS_MAX = 1_000;
const RELAPSES_KEPT = 10;
/** So many relapses within this time are told; further ones are only written down. */
const RELAPSES_TOLD = 3;
const FLAPPING_MS = 30 * 60_000;
const TOGETHER_MS = 60_000;
const LATE_MS = 30_000;

export interface BeliefFact {
  readonly target: string;
  readonly domain: string;
  readonly state: BeliefState;
}

export function noteBelief(book: Book, { target, domain, state }: BeliefFact, nowMs: number): void {
  if (state !== "suspect") book.suspects.delete(target);
  if (state !== "ejected" && state !== "probation") book.down.delete(target);
  switch (state) {
    case "suspect":
      if (book.suspects.size < SUSPECTS_MAX) book.suspects.set(target, domain);
      doubt(book, { target, domain });
      return;
    case "ejected":
      if (book.down.size < SUSPECTS_MAX) book.down.set(target, domain);
      fell(book, { target, domain }, nowMs);
      return;
    case "ramp":
    case "healthy":
      rose(book, { target, domain, state }, nowMs);
      return;
    case "probation":
      return;
  }
}

function fell(book: Book, { target, domain }: Omit<BeliefFact, "state">, nowMs: number): void {
  const before = latest(book, domain, "service")?.targets[target];
  const text = `${target} is out of rotation`;
  const incident = begin(book, { domain, edge: "service", targets: [target], text }, nowMs);
  book.dirty.add(incident.id);
  if (incident.state === "monitoring") {
    relapse(book, incident, `${target} fails again`, nowMs);
    return;
  }
  const others = Object.keys(incident.targets).length > 1;
  if (before === undefined && others && incident.openedMs !== nowMs) {
    tell(book, incident, { kind: "updated", text: `${target} is out of rotation too`, quiet: true }, nowMs);
    identify(book, incident, "more than one of its models fails", nowMs);
  }
}

export interface Beginning {
  readonly domain: string;
  readonly edge: Edge;
  readonly targets: readonly string[];
  /** Why, for those who run the gateway. */
  readonly text: string;
}

/** The open incident of this domain and edge with these targets sick: as it is, opened again, or new. */
export function begin(book: Book, { domain, edge, targets, text }: Beginning, nowMs: number): Incident {
  const watch = watchOf(book, domain);
  const known = watch.newest[edge];
  if (known !== undefined && isOpen(known)) {
    fall(known, targets, nowMs);
    return known;
  }
  const again = known !== undefined && nowMs - (known.resolvedMs ?? 0) < REOPEN_MS;
  const startedMs = edge === "account" ? watch.account.sinceMs : onsetMs(watch.ring, nowMs);
  const incident = again ? known : openNew(book, { domain, edge, startedMs, nowMs });
  if (edge === "service") {
    watch.heard.clear();
    for (const [kind, count] of watch.faults) incident.faults[kind] = (incident.faults[kind] ?? 0) + count;
  }
  incident.cause = causeOf(book, incident);
  fall(incident, targets, nowMs);
  if (again) {
    incident.resolvedMs = undefined;
    incident.monitoringMs = undefined;
    incident.reopened++;
    const quiet = noteRelapse(incident, nowMs);
    const why = `The trouble is back: ${text}. ${situation(incident)}`;
    tell(book, incident, { kind: "opened", state: "investigating", text: why, quiet }, nowMs);
  } else {
    const forUsers = userUpdateOf(incident);
    say(
      book,
      incident,
      { kind: "opened", text: `${failsText(incident)}. ${text}; ${doingOf(incident)}.`, forUsers },
      nowMs,
    );
  }
  return incident;
}

function fall(incident: Incident, targets: readonly string[], nowMs: number): void {
  incident.lastEvidenceMs = nowMs;
  incident.cleanSinceMs = undefined;
  for (const target of targets) {
    const room = Object.keys(incident.targets).length < TARGETS_MAX;
    if (room || incident.targets[target] !== undefined) incident.targets[target] = "sick";
  }
}

/** While it is watched, half of what ejects is enough to begin the clean minutes anew. */
function doubt(book: Book, { target, domain }: Omit<BeliefFact, "state">): void {
  const incident = latest(book, domain, "service");
  if (incident?.state !== "monitoring" || incident.targets[target] === undefined) return;
  incident.targets[target] = "back";
  incident.cleanSinceMs = undefined;
  book.dirty.add(incident.id);
}

function rose(book: Book, { target, domain, state }: BeliefFact, nowMs: number): void {
  const incident = latest(book, domain, "service");
  if (incident === undefined || !isOpen(incident) || incident.targets[target] === undefined) return;
  incident.targets[target] = state === "ramp" ? "back" : "well";
  watchOf(book, domain).heard.set(target, nowMs);
  book.dirty.add(incident.id);
  watchRecovery(book, incident, nowMs);
}

const RECOVERS = { service: "Probes and calls succeed", account: "The account is taken again" } as const;

/** Every target is at least on its way back: from here on it is watched, until it was clean for long enough. */
export function watchRecovery(book: Book, incident: Incident, nowMs: number): void {
  const standings = Object.values(incident.targets);
  if (standings.length === 0 || standings.some((one) => one === "sick" || one === "unseen")) return;
  if (standings.every((one) => one === "well")) incident.cleanSinceMs ??= nowMs;
  if (incident.state !== "investigating" && incident.state !== "identified") return;
  incident.monitoringMs = nowMs;
  const text = `${RECOVERS[incident.edge]}. ${situation({ ...incident, state: "monitoring" })}`;
  // Where it has been clean for long, its end is what is told.
  const isLate = nowMs - (incident.cleanSinceMs ?? nowMs) >= LATE_MS;
  const quiet = isLate || isFlapping(incident, nowMs);
  tell(book, incident, { kind: "updated", state: "monitoring", text, quiet }, nowMs);
}

function relapse(book: Book, incident: Incident, text: string, nowMs: number): void {
  incident.monitoringMs = undefined;
  const quiet = noteRelapse(incident, nowMs);
  const why = `${text}: it was coming back too early. ${situation({ ...incident, state: "identified" })}`;
  tell(book, incident, { kind: "updated", state: "identified", text: why, quiet }, nowMs);
}

/** True when there have been so many of late that nobody needs to hear of one more. */
function noteRelapse(incident: Incident, nowMs: number): boolean {
  const quiet = isFlapping(incident, nowMs);
  incident.relapses.push(nowMs);
  if (incident.relapses.length > RELAPSES_KEPT) incident.relapses.shift();
  return quiet;
}

function isFlapping({ relapses }: Incident, nowMs: number): boolean {
  return relapses.filter((atMs) => nowMs - atMs < FLAPPING_MS).length >= RELAPSES_TOLD;
}

/** It is known where the fault lies: something beside the calls that failed says the same. */
export function identify(book: Book, incident: Incident, because: string, nowMs: number): void {
  if (incident.state !== "investigating") return;
  incident.cause = causeOf(book, incident);
  const { class: cause } = incident.cause;
  const guess = cause === "unknown" ? "the cause is not known" : `suspected: ${cause}`;
  const text = `The fault lies with ${incident.domain}: ${because}; ${guess}. ${situation(incident)}`;
  tell(book, incident, { kind: "updated", state: "identified", text }, nowMs);
}

export function noteProbe(
  book: Book,
  { target, ok, fault }: { readonly target: string; readonly ok: boolean; readonly fault?: FaultKind | undefined },
  nowMs: number,
): void {
  const domain = domainOf(target);
  let incident = latest(book, domain, "service");
  // Its incident ended without it, since nobody asked for it any more: somebody does, and it is as sick as it was.
  if (incident?.state === "resolved" && !ok && book.down.has(target)) {
    incident = begin(book, { domain, edge: "service", targets: [target], text: `${target} still fails` }, nowMs);
  }
  if (incident === undefined || !isOpen(incident)) return;
  hear(book, incident, target, nowMs);
  noteMinute(incident, { attempts: 1, failed: ok ? 0 : 1 }, nowMs);
  if (ok) return;
  incident.lastEvidenceMs = nowMs;
  if (fault !== undefined && isSickness(fault)) incident.faults[fault] = (incident.faults[fault] ?? 0) + 1;
  book.dirty.add(incident.id);
  identify(book, incident, `a probe fails as calls do${fault === undefined ? "" : ` (${fault})`}`, nowMs);
}

/** An attempt of a call has ended. */
export function noteAttemptEnd(book: Book, target: string, fault: FaultKind | undefined, nowMs: number): void {
  const domain = domainOf(target);
  const watch = watchOf(book, domain);
  if (!noteAttempt(watch, fault, nowMs)) return;
  const isAccount = fault !== undefined && isAccountFault(fault);
  if (isAccount && isAccountSick(watch, nowMs)) {
    refused(book, { target, domain, fault }, nowMs);
    return;
  }
  // Most of the time there is no incident, and this is all that happens.
  if (book.incidents.size === 0) return;
  const service = latest(book, domain, "service");
  if (service !== undefined && isOpen(service) && !isAccount) {
    hear(book, service, target, nowMs);
    noteMinute(service, { attempts: 1, failed: fault === undefined ? 0 : 1 }, nowMs);
    if (fault !== undefined) {
      service.faults[fault] = (service.faults[fault] ?? 0) + 1;
      service.lastEvidenceMs = nowMs;
    }
    book.dirty.add(service.id);
  }
  if (fault === undefined) accepted(book, domain, nowMs);
}

function hear(book: Book, { domain, targets }: Incident, target: string, nowMs: number): void {
  if (targets[target] !== undefined) watchOf(book, domain).heard.set(target, nowMs);
}

function refused(
  book: Book,
  { target, domain, fault }: { readonly target: string; readonly domain: string; readonly fault: FaultKind },
  nowMs: number,
): void {
  const opening = { domain, edge: "account", targets: [target], text: `${target} answers ${fault}` } as const;
  const incident = begin(book, opening, nowMs);
  incident.faults[fault] = (incident.faults[fault] ?? 0) + 1;
  book.dirty.add(incident.id);
  if (incident.state === "monitoring") relapse(book, incident, `${target} answers ${fault} again`, nowMs);
  else identify(book, incident, "its own answers say so", nowMs);
}

/** A success says that the account is good again. */
function accepted(book: Book, domain: string, nowMs: number): void {
  const incident = latest(book, domain, "account");
  if (incident === undefined || !isOpen(incident) || incident.state === "monitoring") return;
  for (const target of Object.keys(incident.targets)) incident.targets[target] = "well";
  watchRecovery(book, incident, nowMs);
}

export function causeOf(book: Book, incident: Incident): Incident["cause"] {
  if (incident.corrected.cause !== undefined) return { class: incident.corrected.cause, evidence: ["set by a person"] };
  const alike = [...book.open]
    .filter(({ domain, edge, startedMs }) => {
      return domain !== incident.domain && edge === "service" && Math.abs(startedMs - incident.startedMs) < TOGETHER_MS;
    })
    .map(({ domain }) => domain);
  return suspect(incident, { alike });
}

/** What clients see and what is done, after what has changed. */
function situation(incident: Incident): string {
  const seen = clientsSee(incident);
  return `${seen.charAt(0).toUpperCase()}${seen.slice(1)}; ${doingOf(incident)}.`;
}

/** Says it, with the sentence for users as it reads in the new state; what nobody is told floods no page either. */
export function tell(book: Book, incident: Incident, saying: Saying, nowMs: number): void {
  const state = saying.state ?? incident.state;
  const forUsers = saying.quiet === true ? undefined : userUpdateOf({ ...incident, state });
  say(book, incident, { ...saying, forUsers }, nowMs);
}
