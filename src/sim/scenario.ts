// A drill's script: traffic, simulated providers, routes as the configuration has them, faults in time, and the gates that
// a run must pass. Read from a YAML text; every problem at once, with its place. Pure: the file is read elsewhere.

import * as z from "zod";
import { durationMs, integer, list, object, oneOf, scalar, told } from "../config/fields.ts";
import { shapeIssues } from "../config/issues.ts";
import { settingsOf } from "../config/load.ts";
import { readYaml } from "../config/load-yaml.ts";
import type { Issue, Path, Problem } from "../config/problem.ts";
import { share } from "../config/quantities.ts";
import { at, entriesOf, isMapping } from "../config/tree.ts";
import { parseDuration } from "../config/units.ts";
import { nearest } from "../core/nearest.ts";
import type { Settings } from "../core/settings.ts";
import type { ScheduledFault } from "./fault-script.ts";
import type { SimProvider } from "./provider.ts";
import { SUPPLY_FIELDS } from "./read-supply.ts";
import { parseScript } from "./script.ts";
import { durationMs as spanMs } from "./words.ts";
import type { ClockJump } from "./world.ts";

/** What a gate may speak of: the numbers of a drill's result. */
export const GATED = [
  "calls",
  "succeeded",
  "degraded",
  "failed",
  "successRate",
  "completeRate",
  "attemptsPerCall",
  "sickAttemptsPerCall",
  "probes",
  "probesPerS",
  "detectionMs",
  "firstTokenAddedP99Ms",
  "returnTo90Ms",
  "ejectHealCycles",
  "falseEjections",
  "corruptedToolCalls",
  "clientRetries",
  "lost",
] as const;

export type GatedName = (typeof GATED)[number];

export interface Gate {
  readonly name: GatedName;
  readonly comparison: "<" | "<=" | ">" | ">=" | "==";
  readonly limit: number;
}

export interface Traffic {
  /** Calls a second, Poisson, whatever becomes of earlier ones; 0: agents alone call. */
  readonly ratePerS: number;
  readonly seconds: number;
  /** Shares of all calls, 0..1. */
  readonly stream: number;
  readonly tools: number;
  readonly tenants: number;
  /** Each asks again when it was answered and has thought; conversations have so many turns. */
  readonly agents: number;
  readonly thinkMs: number;
  readonly turns: number;
  /** How often a client's SDK tries again. */
  readonly retries: number;
  readonly dialect: "anthropic-messages" | "openai-chat";
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly traffic: Traffic;
  readonly providers: readonly SimProvider[];
  readonly faults: readonly ScheduledFault[];
  /** What the gateway's clocks do beside going on. */
  readonly clock: readonly ClockJump[];
  readonly settings: Settings;
  /** The first route: what the traffic asks for. */
  readonly model: string;
  readonly gates: readonly Gate[];
}

const rate = scalar(
  (value) => (typeof value === "number" && value > 0 && value <= 10_000 ? value : undefined),
  "calls a second, over 0 and at most 10000",
  { type: "number", exclusiveMinimum: 0, maximum: 10_000 },
);
const LENGTH_MAX_S = 7 * 86_400;
const seconds = scalar(
  (value) => {
    const found = typeof value === "number" ? value : (parseDuration(value) ?? 0) / 1_000;
    return found > 0 && found <= LENGTH_MAX_S ? found : undefined;
  },
  "seconds, or a duration such as 2h, at most 7d",
  { type: ["number", "string"] },
);
const wholeShare = scalar(
  (value) => (typeof value === "number" && value >= 0 && value <= 1 ? value : share.safeParse(value).data),
  "a share such as 50%",
  { type: ["string", "number"] },
);
const gate = scalar(
  (value) => {
    const match = typeof value === "string" ? /^(<=|>=|<|>|==)\s*(-?\d+(?:\.\d+)?)$/.exec(value.trim()) : null;
    // The pattern allows these alone.
    return match === null ? undefined : { comparison: match[1] as Gate["comparison"], limit: Number(match[2]) };
  },
  'a comparison such as ">=0.9999"',
  { type: "string", pattern: "^(<=|>=|<|>|==)\\s*-?\\d+(\\.\\d+)?$" },
);

const traffic = object({
  rate: told(rate.optional(), "Calls a second, at random moments, whatever becomes of earlier ones."),
  seconds: told(seconds, "How long."),
  stream: told(wholeShare.optional(), "The share of streams; the others are asked for whole.", "100%"),
  tools: told(wholeShare.optional(), "The share of calls that must answer with a tool call.", "0%"),
  tenants: told(integer(1, 10_000).optional(), "How many take turns.", 1),
  agents: told(integer(1, 10_000).optional(), "Clients that ask again when they were answered and have thought.", 0),
  think: told(durationMs(1).optional(), "How long an agent thinks, in the mean.", "5s"),
  turns: told(integer(1, 50).optional(), "Questions in an agent's conversation, each with all before it.", 8),
  retries: told(integer(0, 10).optional(), "How often a client's SDK tries again, by the official SDKs' rules.", 0),
  dialect: told(oneOf("anthropic-messages", "openai-chat").optional(), "What clients speak.", "anthropic-messages"),
});

const ASLEEP_MAX_MS = 86_400_000;
const jump = object({
  at: told(durationMs(0, LENGTH_MAX_S * 1_000), "When."),
  wall: told(
    scalar(signedMs, "a duration such as 1h or -1h", {
      type: "string",
      pattern: "^-?\\d+(\\.\\d+)?(ms|s|m|h|d)$",
    }).optional(),
    "The wall clock alone is set so much later, or earlier.",
  ),
  asleep: told(
    durationMs(1, ASLEEP_MAX_MS).optional(),
    "The machine sleeps: time passes, and nothing fires meanwhile.",
  ),
});

function signedMs(value: unknown): number | undefined {
  const text = typeof value === "string" ? value.trim() : "";
  const ms = spanMs(text.replace(/^-/, ""));
  return ms === undefined ? undefined : text.startsWith("-") ? -ms : ms;
}

/** Providers, routes and faults are judged by what already reads them. */
export const scenarioSchema = object({
  name: told(z.string({ error: "a name" }).optional(), "What it is called; default: that of its file."),
  description: told(z.string({ error: "a text" }).optional(), "What it plays."),
  traffic: told(traffic, "Who calls."),
  providers: told(
    z.unknown(),
    `Simulated providers by name: { dialect, first-token, tokens-per-second, words, errors, models, tier, ${SUPPLY_FIELDS.join(", ")} }.`,
  ),
  routes: told(z.unknown(), "As in the configuration; the first one is called."),
  faults: told(z.unknown(), "A list: { at, for, on, kind, share, ramp, every } and what the kind takes."),
  clock: told(
    list(jump, "a list of { at, wall, asleep }").optional(),
    "What the gateway's clocks do: a list of { at, wall, asleep }.",
  ),
  gates: told(z.record(z.string(), gate, { error: "a mapping" }).optional(), `What must hold: ${GATED.join(", ")}.`),
});

export type ReadScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `name` is used where the text has none. */
export function readScenario(
  text: string,
  { file, name }: { readonly file: string; readonly name: string },
): ReadScenario {
  const source = readYaml(text, file);
  if (source.problems.length > 0) return { ok: false, problems: source.problems };
  const { tree } = source;
  const shape = scenarioSchema.safeParse(tree);
  const script = isMapping(tree) ? scriptOf(tree) : [];
  const config = settingsOf({ tree: configOf(tree), problems: [], locate: source.locate }, {});
  const issues = [
    ...(shape.success ? [] : shapeIssues(shape.error.issues, tree)),
    ...(isProblems(script) ? script.map(issueOf) : []),
    ...gateIssues(tree),
    ...callerIssues(tree),
  ];
  const problems = [...issues.map(source.locate), ...(config.ok ? [] : config.problems)];
  if (!shape.success || isProblems(script) || !config.ok || problems.length > 0) return { ok: false, problems };
  const { data } = shape;
  return {
    ok: true,
    scenario: {
      name: data.name ?? name,
      description: data.description ?? "",
      traffic: {
        ratePerS: data.traffic.rate ?? 0,
        seconds: data.traffic.seconds,
        stream: data.traffic.stream ?? 1,
        tools: data.traffic.tools ?? 0,
        tenants: data.traffic.tenants ?? 1,
        agents: data.traffic.agents ?? 0,
        thinkMs: data.traffic.think ?? 5_000,
        turns: data.traffic.turns ?? 8,
        retries: data.traffic.retries ?? 0,
        dialect: data.traffic.dialect ?? "anthropic-messages",
      },
      ...script,
      clock: (data.clock ?? []).map((one) => ({ atMs: one.at, wallMs: one.wall ?? 0, asleepMs: one.asleep ?? 0 })),
      settings: config.settings,
      model: config.settings.routes[0]?.name ?? "",
      // Their names were checked.
      gates: Object.entries(data.gates ?? {}).map(([gated, is]) => ({ name: gated as GatedName, ...is })),
    },
  };
}

type Script = Exclude<ReturnType<typeof parseScript>, readonly string[]>;

function isProblems(script: Script | readonly string[]): script is readonly string[] {
  return Array.isArray(script);
}

function scriptOf(tree: Readonly<Record<string, unknown>>): Script | readonly string[] {
  const { providers, faults } = tree;
  return parseScript({ providers: withoutTiers(providers ?? {}), faults: faults ?? [] });
}

/** Where a provider stands is the configuration's to know; a script only says how it behaves. */
function withoutTiers(providers: unknown): unknown {
  if (!isMapping(providers)) return providers;
  return Object.fromEntries(
    entriesOf(providers).map(([name, provider]) => {
      if (!isMapping(provider)) return [name, provider];
      const { tier: _, ...rest } = provider;
      return [name, rest];
    }),
  );
}

/** The configuration of the gateway in the drill: providers at the virtual world's addresses. */
function configOf(tree: unknown): unknown {
  const providers = entriesOf(at(tree, ["providers"])).map(([name]) => {
    const dialect = at(tree, ["providers", name, "dialect"]) === "openai-chat" ? "openai-chat" : "anthropic-messages";
    const url = `http://${name}.sim${dialect === "openai-chat" ? "/v1" : ""}`;
    const tier = at(tree, ["providers", name, "tier"]);
    return [name, { dialect, url, key: "none", ...(tier !== undefined && { tier }) }] as const;
  });
  return { providers: Object.fromEntries(providers), routes: at(tree, ["routes"]) };
}

/** `faults[0].kind: what is wrong` as an issue with a place. */
function issueOf(problem: string): Issue {
  const colon = problem.indexOf(": ");
  const path: Path = [...problem.slice(0, colon).matchAll(/[^.[\]]+/g)].map(([step]) =>
    /^\d+$/.test(step) ? Number(step) : step,
  );
  return { path, message: problem.slice(colon + 2) };
}

/** Somebody must call. */
function callerIssues(tree: unknown): Issue[] {
  const calls = at(tree, ["traffic"]);
  if (!isMapping(calls) || calls.rate !== undefined || calls.agents !== undefined) return [];
  return [{ path: ["traffic"], atKey: true, message: "nobody calls", allowed: "`rate`, `agents` or both" }];
}

function gateIssues(tree: unknown): Issue[] {
  return entriesOf(at(tree, ["gates"]))
    .filter(([name]) => !GATED.some((known) => known === name))
    .map(([name]) => ({
      path: ["gates", name],
      atKey: true,
      message: "no such figure",
      allowed: GATED.join(", "),
      nearest: nearest(name, GATED),
    }));
}
