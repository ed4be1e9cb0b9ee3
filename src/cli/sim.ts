// `holdfast sim`: simulated providers on ports of loopback, with scripted faults, until it is stopped. Reading flags and
// telling what runs; the providers are in `sim-provider.ts`.

import { parseDocument } from "yaml";
import type { DialectId } from "../core/call.ts";
import { readTextFile, untilStopped } from "../runtime/command-io.ts";
import { FAULT_SCRIPTS } from "../sim/fault-script.ts";
import { SIM_PROVIDER_DEFAULTS, type SimProvider } from "../sim/provider.ts";
import { parseScript, SIM_DIALECTS, type SimScript } from "../sim/script.ts";
import { unknownName } from "../sim/words.ts";
import { cannotListen } from "./cannot-listen.ts";
import { type RunningSimProvider, startSimProvider } from "./sim-provider.ts";

const FLAGS = ["--port", "--providers", "--script", "--seed", "--json", "--help"];
const PORT = 4100;
const PROVIDERS = "alpha:anthropic-messages,beta:openai-chat";
const PORT_MAX = 65_535;

export const help = `holdfast sim: simulated providers on loopback, with scripted faults

  holdfast sim [--port ${PORT}] [--providers ${PROVIDERS}]
               [--script FILE.yaml] [--seed 1] [--json]

  --port N          port of the first provider, the others follow; 0 picks free ones
  --providers LIST  NAME:DIALECT, separated by commas; dialects: ${SIM_DIALECTS.join(", ")}
  --script FILE     providers { NAME: { dialect, first-token, tokens-per-second, errors, words, models } }
                    faults [{ at, for, on, kind, share, ramp, every, … }], as in a drill's scenario
  --seed N          decides which calls a share hits
  --json            one JSON object a line and provider

On each port: POST /sim/fault {"kind": "overloaded", "times": 3} ({"kind": "none"} clears), GET /sim/log, DELETE /sim/log.
Kinds of faults:
${Object.entries(FAULT_SCRIPTS)
  .map(([kind, summary]) => `  ${kind.padEnd(20)} ${summary}`)
  .join("\n")}`;

interface Flags {
  readonly port: number;
  readonly providers: readonly SimProvider[];
  readonly providersGiven: boolean;
  readonly script: string | undefined;
  readonly seed: number;
  readonly json: boolean;
}

/** Runs the command; resolves to its exit code: 0 stopped, 2 bad use. */
export async function sim(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(help);
    return 0;
  }
  const flags = readFlags(args);
  if (isProblems(flags)) return refuse(flags);
  const script = await readScript(flags);
  if (isProblems(script)) return refuse(script);
  const running = startAll(flags, script);
  if (isProblems(running)) return refuse(running);
  for (const { name, dialect, url, port } of running) {
    console.log(
      flags.json ? JSON.stringify({ name, dialect, url, port }) : `holdfast sim ${name} (${dialect}) on ${url}`,
    );
  }
  await untilStopped();
  for (const provider of running) provider.stop();
  return 0;
}

type Problems = readonly string[];

function isProblems(value: Problems | object): value is Problems {
  return Array.isArray(value) && (value.length === 0 || typeof value[0] === "string");
}

function refuse(problems: Problems): number {
  for (const problem of problems) console.error(`holdfast sim: ${problem}`);
  return 2;
}

function readFlags(args: readonly string[]): Flags | Problems {
  const problems: string[] = [];
  const given = new Map<string, string>();
  for (let index = 0; index < args.length; index++) {
    const [flag = "", ...rest] = (args[index] ?? "").split("=");
    if (!FLAGS.includes(flag)) {
      problems.push(unknownName(flag, "a flag", FLAGS));
      // What follows an unknown flag is most likely its value.
      if (flag.startsWith("--") && rest.length === 0 && args[index + 1]?.startsWith("--") === false) index++;
    } else if (flag === "--json") given.set(flag, "true");
    else {
      const next = args[index + 1];
      const value = rest.length > 0 ? rest.join("=") : next?.startsWith("--") ? undefined : next;
      if (rest.length === 0 && value !== undefined) index++;
      if (value === undefined || value === "") problems.push(`${flag} needs a value`);
      else given.set(flag, value);
    }
  }
  const providers = readProviders(given.get("--providers") ?? PROVIDERS, problems);
  const port = wholeNumber(given.get("--port"), PORT);
  if (port === undefined || port > PORT_MAX) problems.push(`--port is a number from 0 to ${PORT_MAX}`);
  const seed = wholeNumber(given.get("--seed"), 1);
  if (seed === undefined) problems.push("--seed is a whole number, 0 or more");
  if (problems.length > 0 || port === undefined || seed === undefined) return problems;
  const providersGiven = given.has("--providers");
  return { port, providers, providersGiven, script: given.get("--script"), seed, json: given.has("--json") };
}

function wholeNumber(text: string | undefined, otherwise: number): number | undefined {
  if (text === undefined) return otherwise;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function readProviders(list: string, problems: string[]): readonly SimProvider[] {
  const providers = new Map<string, SimProvider>();
  for (const item of list.split(",")) {
    const [name = "", dialect = ""] = item.trim().split(":");
    const known: DialectId | undefined = SIM_DIALECTS.find((id) => id === dialect);
    if (dialect === "" || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
      problems.push(`--providers: "${item}" is not NAME:DIALECT`);
    else if (known === undefined) problems.push(`--providers: ${unknownName(dialect, "a dialect", SIM_DIALECTS)}`);
    else if (providers.has(name)) problems.push(`--providers: "${name}" is there twice`);
    else providers.set(name, { ...SIM_PROVIDER_DEFAULTS, name, dialect: known });
  }
  return [...providers.values()];
}

/** A script that has providers of its own replaces the default ones; those named on the command line it adjusts. */
async function readScript(flags: Flags): Promise<SimScript | Problems> {
  if (flags.script === undefined) return { providers: flags.providers, faults: [] };
  const file = await readTextFile(flags.script);
  if ("problem" in file) return [file.problem];
  const document = parseDocument(file.text);
  if (document.errors.length > 0) return document.errors.map((error) => `${flags.script}: ${error.message}`);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const ownProviders = typeof value === "object" && value !== null && "providers" in value;
  const script = parseScript(value, ownProviders && !flags.providersGiven ? [] : flags.providers);
  return isProblems(script) ? script.map((problem) => `${flags.script}: ${problem}`) : script;
}

function startAll(flags: Flags, { providers, faults }: SimScript): readonly RunningSimProvider[] | Problems {
  if (providers.length === 0) return ["there is no provider to simulate"];
  const running: RunningSimProvider[] = [];
  for (const [index, provider] of providers.entries()) {
    const port = flags.port === 0 ? 0 : flags.port + index;
    try {
      const all = [...provider.faults, ...faults];
      running.push(startSimProvider({ ...provider, port, seed: flags.seed, faults: all }));
    } catch (error) {
      for (const started of running) started.stop();
      return [cannotListen({ host: "127.0.0.1", port }, error)];
    }
  }
  return running;
}
