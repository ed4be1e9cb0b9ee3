// What people may change of an incident: notes, words, the cause, the state, its publication; and maintenance that they
// announce. What they send is checked here, whole, before anything changes.

import {
  CAUSE_CLASSES,
  type CauseClass,
  type Corrections,
  INCIDENT_STATES,
  type Incident,
  type IncidentState,
  type Maintenance,
  SEVERITIES,
  type Severity,
} from "../core/incident.ts";
import { nearest } from "../core/nearest.ts";
import { type Book, isOpen, openNew, PEOPLE, say } from "./book.ts";
import { publish } from "./recover.ts";
import { sentenceOf } from "./sentences.ts";

/** A sentence about what is wrong with what was sent. */
export interface Wrong {
  readonly wrong: string;
}

export interface Amendment {
  /** Internal: on the timeline, not on the page. */
  readonly note?: string;
  /** Also on the page. */
  readonly update?: string;
  readonly title?: string;
  readonly sentence?: string;
  readonly cause?: CauseClass;
  readonly severity?: Severity;
  readonly state?: IncidentState;
  readonly publish?: boolean;
  /** Markdown; its incident becomes a `postmortem`. */
  readonly postmortem?: string;
}

const TEXTS = { note: 4_000, update: 4_000, title: 200, sentence: 1_000, postmortem: 50_000 } as const;
const CHOICES = { cause: CAUSE_CLASSES, severity: SEVERITIES, state: INCIDENT_STATES } as const;
const KEYS = [...Object.keys(TEXTS), ...Object.keys(CHOICES), "publish"];

export function readAmendment(value: unknown): Amendment | Wrong {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { wrong: "an object is expected" };
  const entries = Object.entries(value);
  if (entries.length === 0) return { wrong: `nothing is asked; allowed: ${KEYS.join(", ")}` };
  for (const [key, given] of entries) {
    const wrong = wrongOf(key, given);
    if (wrong !== undefined) return { wrong };
  }
  // Every key and value was just checked.
  return value as Amendment;
}

function wrongOf(key: string, given: unknown): string | undefined {
  if (key === "publish") return typeof given === "boolean" ? undefined : "publish: true or false";
  if (Object.hasOwn(TEXTS, key)) {
    const most = TEXTS[key as keyof typeof TEXTS];
    const fits = typeof given === "string" && given.trim() !== "" && given.length <= most;
    return fits ? undefined : `${key}: a text of at most ${most} characters`;
  }
  if (Object.hasOwn(CHOICES, key)) {
    const allowed: readonly string[] = CHOICES[key as keyof typeof CHOICES];
    if (typeof given === "string" && allowed.includes(given)) return undefined;
    const near = nearest(String(given), allowed);
    return `${key}: one of ${allowed.join(", ")}${near === undefined ? "" : `; did you mean ${near}?`}`;
  }
  const near = nearest(key, KEYS);
  return `no such key: ${key.slice(0, 60)}; allowed: ${KEYS.join(", ")}${near === undefined ? "" : `; did you mean ${near}?`}`;
}

export function amend(book: Book, incident: Incident, asked: Amendment, nowMs: number): void {
  const { title, sentence, cause, severity } = asked;
  const corrections: Corrections = {
    ...(title !== undefined && { title: title.trim() }),
    ...(sentence !== undefined && { sentence: sentence.trim() }),
    ...(cause !== undefined && { cause }),
    ...(severity !== undefined && { severity }),
  };
  incident.corrected = { ...incident.corrected, ...corrections };
  if (severity !== undefined) incident.severity = severity;
  if (cause !== undefined) incident.cause = { class: cause, evidence: ["set by a person"] };
  if (asked.publish === true) publish(book, incident);
  if (asked.publish === false) {
    incident.published = false;
    incident.publishAtMs = undefined;
  }
  book.dirty.add(incident.id);
  const changed = Object.keys(corrections);
  if (changed.length > 0) {
    say(
      book,
      incident,
      { kind: "updated", by: "person", text: `Set by a person: ${changed.join(", ")}`, quiet: true },
      nowMs,
    );
  }
  if (asked.note !== undefined) {
    say(book, incident, { kind: "updated", by: "person", text: asked.note.trim(), quiet: true }, nowMs);
  }
  if (asked.postmortem !== undefined) {
    incident.postmortem = asked.postmortem.trim();
    const forUsers = asked.postmortem.trim();
    moveTo(book, incident, { state: "postmortem", text: "A postmortem was written", forUsers }, nowMs);
  } else if (asked.state !== undefined || asked.update !== undefined) {
    const state = asked.state ?? incident.state;
    const text = asked.update?.trim() ?? `A person set it to ${state}`;
    moveTo(book, incident, { state, text, forUsers: asked.update?.trim() }, nowMs);
  }
}

interface Words {
  readonly state: IncidentState;
  readonly text: string;
  readonly forUsers: string | undefined;
}

function moveTo(book: Book, incident: Incident, { state, text, forUsers }: Words, nowMs: number): void {
  const ends = state === "resolved" || state === "postmortem";
  const wasOpen = isOpen(incident);
  incident.lastEvidenceMs = nowMs;
  if (ends) incident.resolvedMs ??= nowMs;
  else {
    incident.resolvedMs = undefined;
    incident.monitoringMs = state === "monitoring" ? (incident.monitoringMs ?? nowMs) : undefined;
  }
  const shown = forUsers ?? sentenceOf({ ...incident, state });
  const kind = ends && wasOpen ? "resolved" : !ends && !wasOpen ? "opened" : "updated";
  say(book, incident, { kind, by: "person", state, text, forUsers: shown }, nowMs);
}

export interface Report {
  readonly title: string;
  readonly text: string;
  readonly severity: Severity;
  readonly routes: readonly string[];
}

/** An incident that people know of and calls do not show. */
export function readReport(value: unknown, routes: readonly string[]): Report | Wrong {
  const fields = fieldsOf(value, ["title", "text", "severity", "routes"]);
  if ("wrong" in fields) return fields;
  const { title, text, severity = "minor" } = fields.values;
  const named = routesIn(fields.values.routes, routes);
  if ("wrong" in named) return named;
  if (!isText(title, TEXTS.title)) return { wrong: `title: a text of at most ${TEXTS.title} characters` };
  if (!isText(text, TEXTS.update)) return { wrong: `text: a text of at most ${TEXTS.update} characters` };
  const known = SEVERITIES.find((one) => one === severity);
  if (known === undefined) return { wrong: `severity: one of ${SEVERITIES.join(", ")}` };
  return { title: title.trim(), text: text.trim(), severity: known, routes: named.routes };
}

export function report(book: Book, { title, text, severity, routes }: Report, nowMs: number): Incident {
  const incident = openNew(book, { domain: PEOPLE, edge: "service", startedMs: nowMs, nowMs });
  incident.corrected = { title, severity };
  incident.severity = severity;
  incident.routes.push(...routes);
  incident.published = true;
  say(book, incident, { kind: "opened", by: "person", text, forUsers: text }, nowMs);
  return incident;
}

const MAINTENANCE_MAX_MS = 30 * 86_400_000;

export function readMaintenance(
  value: unknown,
  routes: readonly string[],
  nowMs: number,
): Omit<Maintenance, "id"> | Wrong {
  const fields = fieldsOf(value, ["title", "text", "from", "until", "routes"]);
  if ("wrong" in fields) return fields;
  const { title, text = "", from, until } = fields.values;
  const named = routesIn(fields.values.routes, routes);
  if ("wrong" in named) return named;
  if (!isText(title, TEXTS.title)) return { wrong: `title: a text of at most ${TEXTS.title} characters` };
  if (typeof text !== "string" || text.length > TEXTS.update) {
    return { wrong: `text: a text of at most ${TEXTS.update} characters` };
  }
  const fromMs = typeof from === "string" ? Date.parse(from) : Number.NaN;
  const untilMs = typeof until === "string" ? Date.parse(until) : Number.NaN;
  if (Number.isNaN(fromMs)) return { wrong: "from: a date such as 2026-01-31T08:00:00Z" };
  if (Number.isNaN(untilMs) || untilMs <= fromMs) return { wrong: "until: a date after `from`" };
  if (untilMs - fromMs > MAINTENANCE_MAX_MS) return { wrong: "until: at most 30 days after `from`" };
  if (untilMs <= nowMs) return { wrong: "until: a date to come" };
  const times = { fromMs, untilMs, createdMs: nowMs, updatedMs: nowMs };
  return { title: title.trim(), text: text.trim(), routes: named.routes, ...times, cancelled: false };
}

function fieldsOf(value: unknown, allowed: readonly string[]): { readonly values: Record<string, unknown> } | Wrong {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { wrong: "an object is expected" };
  const unknown = Object.keys(value).find((key) => !allowed.includes(key));
  if (unknown !== undefined) return { wrong: `no such key: ${unknown.slice(0, 60)}; allowed: ${allowed.join(", ")}` };
  return { values: { ...value } };
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.trim() !== "" && value.length <= most;
}

function routesIn(value: unknown, known: readonly string[]): { readonly routes: readonly string[] } | Wrong {
  if (value === undefined) return { routes: [] };
  if (!Array.isArray(value)) return { wrong: "routes: a list of routes" };
  const routes: unknown[] = value;
  const unknown = routes.find((one) => typeof one !== "string" || !known.includes(one));
  if (unknown !== undefined) return { wrong: `routes: no route is named ${JSON.stringify(unknown)?.slice(0, 80)}` };
  // All are names of routes.
  return { routes: routes as string[] };
}
