// What a simulated provider can do wrong: the one table of kinds, the parameters they take, and how a script's words
// become a `ScheduledFault`. What each kind sends is in `play.ts`.

import { asRecord } from "./json.ts";
import { durationMs, share, unknownName } from "./words.ts";

/** Kinds and what they mean. `after` counts content events: the preamble comes before the first of them. */
export const FAULT_SCRIPTS = {
  status: "answers the HTTP `status` (500) with the dialect's error body, and any `headers`",
  overloaded: "says that it is overloaded: 529 (Anthropic) or 503 (OpenAI)",
  "rate-limit": "429 with `retry-after` (2)",
  "server-error": "500 in the dialect's form",
  credential: "401: the key is rejected",
  "model-missing": "404: it does not know the model",
  "bad-request": "400: the request is refused",
  "context-too-long": "400: the prompt does not fit",
  silence: "accepts the request and never answers",
  "stall-after-headers": "sends 200 and headers, then nothing",
  "pings-only": "sends 200 and then only keep-alives, every `delay` (5s)",
  "slow-first-token": "the first token comes `delay` (30s) late",
  drip: "every event comes `delay` (2s) after the one before",
  stall: "falls silent `after` (3) events; a whole answer after half of its body",
  cut: "ends the body cleanly `after` (3) events, without an ending; a whole answer after half of its body",
  "cut-body": "closes the connection `after` (3) events inside the body, without its end",
  reset: "resets the connection `after` events; at once when `after` is not given",
  "error-in-band": "sends an error of `error-type` inside a 200 `after` (3) events; a whole answer is the error body",
  "role-only-error": "sends the preamble and then an error inside a 200",
  empty: "ends successfully without any content, or with `message` for all of it",
  "end-at-once": "sends 200 and headers and ends",
  html: "sends 200 with an HTML page",
  "cut-json": "sends 200 with half of the JSON; a stream ends inside its middle frame",
  "byte-by-byte": "sends every byte by itself; nothing else is wrong",
  "malformed-frame": "sends a frame that does not parse `after` (3) events and goes on; a whole answer does not parse",
  "no-terminator": "a stream that sends its stop reason but no closing marker; a whole answer is unharmed",
  "no-finish": "a stream without stop reason and closing marker; a whole answer without a stop reason",
} as const;

export type FaultScriptKind = keyof typeof FAULT_SCRIPTS;

/** The kinds in the table's order. */
export const FAULT_SCRIPT_KINDS: readonly FaultScriptKind[] =
  // The keys of the table are its kinds.
  Object.keys(FAULT_SCRIPTS) as FaultScriptKind[];

export interface FaultScript {
  readonly kind: FaultScriptKind;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is: seconds, or whatever a hostile provider would send. */
  readonly retryAfter?: string;
  readonly after?: number;
  readonly delayMs?: number;
  readonly errorType?: string;
  readonly message?: string;
}

/** A fault with the time and the share of calls that it hits. Times are milliseconds since the world began. */
export interface ScheduledFault extends FaultScript {
  readonly atMs: number;
  /** `Infinity`: until the end. */
  readonly forMs: number;
  /** `provider`, `provider/model`, `provider/prefix*` or `*`; empty: every provider. */
  readonly on: readonly string[];
  readonly share: number;
  /** The share grows evenly from nothing over this time. */
  readonly rampMs: number;
  /** The fault comes back with this period. */
  readonly everyMs?: number;
}

const PARAMETERS = ["kind", "status", "headers", "retry-after", "after", "delay", "error-type", "message"] as const;
const TIMES = ["at", "for", "on", "share", "ramp", "every"] as const;
/** Names of a JSON client for the same parameters. */
const ALIASES: Readonly<Record<string, string>> = {
  retryAfter: "retry-after",
  errorType: "error-type",
  delayMs: "delay",
  "delay-ms": "delay",
};

type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/** The fault always on, for every call, unless it says otherwise itself. */
export function standingFault(script: FaultScript | ScheduledFault): ScheduledFault {
  return { atMs: 0, forMs: Number.POSITIVE_INFINITY, on: [], share: 1, rampMs: 0, ...script };
}

/**
 * Reads one fault of a script (`at`, `for`, `on`, `kind`, `share`, `ramp`, `every` and the kind's own parameters).
 * Every problem is added to `problems`, each beginning with `where`; the result is `undefined` when there was one.
 */
export function parseFault(value: unknown, where: string, problems: string[]): ScheduledFault | undefined {
  const source = asRecord(value);
  if (source === undefined) {
    problems.push(`${where}: a fault is an object such as { kind: overloaded, at: 10s, for: 1m }`);
    return undefined;
  }
  const before = problems.length;
  const fields = new Map<string, unknown>();
  for (const [key, field] of Object.entries(source)) {
    const name = ALIASES[key] ?? key;
    const known: readonly string[] = [...PARAMETERS, ...TIMES];
    if (known.includes(name)) fields.set(name, field);
    else problems.push(`${where}: ${unknownName(key, "a field of a fault", known)}`);
  }
  const reader = fieldReader(fields, where, problems);
  const kind = readKind(fields.get("kind"), where, problems);
  const times = readTimes(reader);
  const parameters = readParameters(reader);
  return kind === undefined || problems.length > before ? undefined : { kind, ...times, ...parameters };
}

type Reader = <T>(name: string, read: (value: unknown) => T | undefined, allowed: string) => T | undefined;

function fieldReader(fields: ReadonlyMap<string, unknown>, where: string, problems: string[]): Reader {
  return (name, read, allowed) => {
    const value = fields.get(name);
    if (value === undefined) return undefined;
    const result = read(value);
    if (result === undefined) problems.push(`${where}.${name}: ${show(value)} is not ${allowed}`);
    return result;
  };
}

function readKind(value: unknown, where: string, problems: string[]): FaultScriptKind | undefined {
  const kind = FAULT_SCRIPT_KINDS.find((name) => name === value);
  if (kind === undefined) {
    const missing = `a fault needs a kind; allowed: ${FAULT_SCRIPT_KINDS.join(", ")}`;
    const what = value === undefined ? missing : unknownName(String(value), "a kind of fault", FAULT_SCRIPT_KINDS);
    problems.push(`${where}.kind: ${what}`);
  }
  return kind;
}

function readTimes(read: Reader) {
  const everyMs = read("every", positiveDurationMs, "a duration over 0 such as 60s");
  return {
    atMs: read("at", durationMs, "a duration such as 10s") ?? 0,
    forMs: read("for", positiveDurationMs, "a duration over 0 such as 5m") ?? Number.POSITIVE_INFINITY,
    on: read("on", names, "a provider's name, provider/model, or a list of them") ?? [],
    share: read("share", share, "a share such as 40%") ?? 1,
    rampMs: read("ramp", durationMs, "a duration such as 30s") ?? 0,
    ...(everyMs === undefined ? {} : { everyMs }),
  };
}

function readParameters(read: Reader): Omit<FaultScript, "kind"> {
  const parameters: Mutable<Omit<FaultScript, "kind">> = {};
  const status = read("status", (value) => within(value, 200, 599), "an HTTP status from 200 to 599");
  if (status !== undefined) parameters.status = status;
  const headers = read("headers", headerMap, "an object of header names and texts");
  if (headers !== undefined) parameters.headers = headers;
  const retryAfter = read("retry-after", headerText, "seconds, or any text to send as it is");
  if (retryAfter !== undefined) parameters.retryAfter = retryAfter;
  const after = read("after", (value) => within(value, 0, 1_000_000), "a number of events");
  if (after !== undefined) parameters.after = after;
  const delayMs = read("delay", durationMs, "a duration such as 500ms");
  if (delayMs !== undefined) parameters.delayMs = delayMs;
  const errorType = read("error-type", nonEmpty, "a text such as overloaded_error");
  if (errorType !== undefined) parameters.errorType = errorType;
  const message = read("message", nonEmpty, "a text");
  if (message !== undefined) parameters.message = message;
  return parameters;
}

function positiveDurationMs(value: unknown): number | undefined {
  const ms = durationMs(value);
  return ms === 0 ? undefined : ms;
}

function within(value: unknown, low: number, high: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= low && value <= high ? value : undefined;
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function names(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.filter((item) => typeof item === "string" && item !== "");
  // The filter left texts only.
  return texts.length === list.length && list.length > 0 ? (texts as readonly string[]) : undefined;
}

/** A header's value must not open a second header. */
function headerText(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const text = String(value);
  return /^[\t\x20-\x7e]*$/.test(text) ? text : undefined;
}

function headerMap(value: unknown): Readonly<Record<string, string>> | undefined {
  const source = asRecord(value);
  if (source === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const [name, field] of Object.entries(source)) {
    const text = headerText(field);
    if (text === undefined || !/^[A-Za-z0-9-]+$/.test(name)) return undefined;
    headers[name.toLowerCase()] = text;
  }
  return headers;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
