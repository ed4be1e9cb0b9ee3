// Reads what a simulation is given in words: providers and faults, as in a scenario file. Pure: the text is read and
// parsed elsewhere. Every problem is told at once.

import type { DialectId } from "../core/call.ts";
import { parseFault, type ScheduledFault } from "./fault-script.ts";
import { asRecord, type JsonRecord } from "./json.ts";
import { SIM_PROVIDER_DEFAULTS, type SimProvider } from "./provider.ts";
import { readSupply, SUPPLY_FIELDS, supplyProblems } from "./read-supply.ts";
import { durationMs, share, unknownName } from "./words.ts";

export const SIM_DIALECTS: readonly DialectId[] = ["anthropic-messages", "openai-chat"];

export interface SimScript {
  readonly providers: readonly SimProvider[];
  /** For every provider; `on` says whom they hit. */
  readonly faults: readonly ScheduledFault[];
}

const PROVIDER_FIELDS = ["dialect", "first-token", "tokens-per-second", "errors", "words", "models", ...SUPPLY_FIELDS];
/** A scenario has more than the simulated providers need; the rest is the drill's. */
const SCRIPT_FIELDS = ["name", "description", "providers", "faults", "traffic", "routes", "clock", "gates"];
const FAULTS_MAX = 1000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The script, or every problem with it. `base` are the providers that the script may only adjust or add to. */
export function parseScript(value: unknown, base: readonly SimProvider[] = []): SimScript | readonly string[] {
  const source = asRecord(value);
  if (source === undefined) return ["script: it is an object with `providers` and `faults`"];
  const problems: string[] = [];
  for (const key of Object.keys(source)) {
    if (!SCRIPT_FIELDS.includes(key))
      problems.push(`script: ${unknownName(key, "a field of a script", SCRIPT_FIELDS)}`);
  }
  const providers = new Map(base.map((provider) => [provider.name, provider]));
  const written = source.providers === undefined ? {} : asRecord(source.providers);
  if (written === undefined) problems.push("providers: it is an object of names and { dialect, first-token, … }");
  for (const [name, fields] of Object.entries(written ?? {})) {
    const provider = parseProvider(name, fields, { problems, base: providers.get(name) });
    if (provider !== undefined) providers.set(name, provider);
  }
  const faults = parseFaults(source.faults, [...providers.keys()], problems);
  return problems.length > 0 ? problems : { providers: [...providers.values()], faults };
}

/** A list of faults; each `on` must name one of `providers`. */
export function parseFaults(
  value: unknown,
  providers: readonly string[],
  problems: string[],
): readonly ScheduledFault[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > FAULTS_MAX) {
    problems.push(`faults: it is a list of at most ${FAULTS_MAX} faults`);
    return [];
  }
  const faults: ScheduledFault[] = [];
  for (const [index, item] of value.entries()) {
    const where = `faults[${index}]`;
    const fault = parseFault(item, where, problems);
    if (fault === undefined) continue;
    faults.push(fault);
    for (const aim of fault.on) {
      const name = aim.split("/", 1)[0] ?? "";
      if (name !== "*" && !providers.includes(name)) {
        problems.push(`${where}.on: ${unknownName(name, "a provider", providers)}`);
      }
    }
  }
  return faults;
}

interface ProviderContext {
  readonly problems: string[];
  readonly base: SimProvider | undefined;
}

function parseProvider(name: string, value: unknown, { problems, base }: ProviderContext): SimProvider | undefined {
  const where = `providers.${name.slice(0, 64)}`;
  const fields = asRecord(value ?? {});
  if (!NAME.test(name)) problems.push(`${where}: a name has letters, digits, ".", "_" and "-", 64 at most`);
  if (fields === undefined) {
    problems.push(`${where}: it is an object such as { dialect: openai-chat, first-token: 300ms }`);
    return undefined;
  }
  for (const key of Object.keys(fields)) {
    if (!PROVIDER_FIELDS.includes(key)) {
      problems.push(`${where}: ${unknownName(key, "a field of a provider", PROVIDER_FIELDS)}`);
    }
  }
  const start: SimProvider = base ?? { name, dialect: "openai-chat", ...SIM_PROVIDER_DEFAULTS };
  const read = reader(fields, where, problems);
  const models = read("models", modelNames, "a list of model names");
  const supply = readSupply(fields, read);
  if (supply !== undefined) problems.push(...supplyProblems(supply, where));
  return {
    ...start,
    dialect: dialectOf(fields.dialect, where, problems) ?? start.dialect,
    firstTokenMs: read("first-token", durationMs, "a duration such as 300ms") ?? start.firstTokenMs,
    tokensPerS: read("tokens-per-second", positive, "a number over 0") ?? start.tokensPerS,
    errors: read("errors", share, "a share such as 0.5%") ?? start.errors,
    words: read("words", wordCount, "a whole number from 1 to 100000") ?? start.words,
    ...(models === undefined ? {} : { models }),
    ...(supply === undefined ? {} : { supply }),
  };
}

function reader(fields: JsonRecord, where: string, problems: string[]) {
  return <T>(name: string, parse: (value: unknown) => T | undefined, allowed: string): T | undefined => {
    const value = fields[name];
    if (value === undefined) return undefined;
    const parsed = parse(value);
    if (parsed === undefined)
      problems.push(`${where}.${name}: ${JSON.stringify(value)?.slice(0, 80)} is not ${allowed}`);
    return parsed;
  };
}

function dialectOf(value: unknown, where: string, problems: string[]): DialectId | undefined {
  if (value === undefined) return undefined;
  const known = SIM_DIALECTS.find((name) => name === value);
  if (known === undefined) problems.push(`${where}.dialect: ${unknownName(String(value), "a dialect", SIM_DIALECTS)}`);
  return known;
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && value > 0 && Number.isFinite(value) ? value : undefined;
}

function wordCount(value: unknown): number | undefined {
  return positive(value) !== undefined && Number.isInteger(value) && Number(value) <= 100_000
    ? Number(value)
    : undefined;
}

function modelNames(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.some((name) => typeof name !== "string")) return undefined;
  // Just checked: texts only.
  return value as readonly string[];
}
