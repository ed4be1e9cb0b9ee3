// `holdfast drill`: plays a scenario in virtual time and says whether its gates held. What it plays is `sim/drill.ts`.

import { basename, join } from "node:path";
import * as z from "zod";
import { renderProblems } from "../config/problem.ts";
import { nearest } from "../core/nearest.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { listFiles, putTextFile, readTextFile } from "../runtime/command-io.ts";
import { type DrillResult, isPassed, playDrill } from "../sim/drill.ts";
import { createSeries } from "../sim/drill-series.ts";
import { readScenario, type Scenario, scenarioSchema } from "../sim/scenario.ts";
import { type Command, misuse } from "./command.ts";
import { drillPage } from "./drill-page.ts";
import { drillOnSockets } from "./drill-sockets.ts";
import { readFlags, textFlag } from "./flags.ts";

const FOLDER = join(import.meta.dir, "../../drills");

const HELP = `holdfast drill SCENARIO|FILE.yaml [--seed N] [--html FILE] [--json]

Plays an outage in virtual time: the real engine, simulated providers, clients at the scenario's rate; and the same
traffic through an official SDK's own retries, straight at the first provider. The same seed gives the same run.

  --seed N    the run's randomness, a whole number (default: 1)
  --sockets   over real sockets and in real time, which takes as long as the scenario lasts
  --html FILE also writes a report with plots, one file that needs nothing else
  --list      the scenarios there are
  --schema    the JSON Schema of a scenario file
  --json      one object on one line

Exit codes: 0 every gate held, 1 one did not, 2 no such scenario, its file is wrong, or the
report cannot be written.`;

export const drill: Command = { summary: "rehearse an outage in virtual time", help: HELP, run: runDrill };

async function runDrill(args: readonly string[]): Promise<number> {
  const options = {
    seed: { type: "string" },
    html: { type: "string" },
    list: { type: "boolean" },
    schema: { type: "boolean" },
  } as const;
  const parsed = readFlags(args, { ...options, sockets: { type: "boolean" } }, 1);
  if (!parsed.ok) return misuse("drill", parsed.message);
  const { flags, rest } = parsed;
  if (flags.list === true) return list(flags.json === true);
  if (flags.schema === true) return tell(JSON.stringify(schema(), null, 2));
  const [asked] = rest;
  if (asked === undefined) return misuse("drill", `which scenario? There are ${names().join(", ")}`);
  const seed = Number(textFlag(flags, "seed") ?? "1");
  if (!Number.isSafeInteger(seed) || seed < 0) return misuse("drill", "--seed takes a whole number from 0");
  const scenario = await find(asked);
  if (typeof scenario === "string") {
    console.error(scenario);
    return 2;
  }
  const { clock } = createBunRuntime();
  const html = textFlag(flags, "html");
  const series = html === undefined ? undefined : createSeries(scenario.traffic.seconds);
  const result =
    flags.sockets === true
      ? await drillOnSockets(scenario, { seed, series })
      : await playDrill(scenario, { seed, stopwatch: () => clock.now(), series });
  console.log(flags.json === true ? JSON.stringify(result) : report(scenario, result));
  if (html !== undefined && series !== undefined) {
    const problem = await putTextFile(html, drillPage(scenario, result, series.series()));
    if (problem !== undefined) {
      console.error(`holdfast drill: ${problem}`);
      return 2;
    }
  }
  return isPassed(result) ? 0 : 1;
}

function names(): readonly string[] {
  return listFiles(FOLDER)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => basename(file, ".yaml"))
    .sort();
}

/** The scenario, or what is wrong. */
async function find(asked: string): Promise<Scenario | string> {
  const isFile = /\.ya?ml$/.test(asked);
  const known = names();
  if (!isFile && !known.includes(asked)) {
    const near = nearest(asked, known);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    return `holdfast drill: no scenario is named "${asked}"${hint}; there are ${known.join(", ")}; a file ends in .yaml.`;
  }
  const file = isFile ? asked : join(FOLDER, `${asked}.yaml`);
  const read = await readTextFile(file);
  if (!("text" in read)) return `holdfast drill: ${read.problem}`;
  const scenario = readScenario(read.text, { file, name: basename(file).replace(/\.ya?ml$/, "") });
  return scenario.ok ? scenario.scenario : renderProblems(scenario.problems);
}

async function list(json: boolean): Promise<number> {
  const all: { readonly scenario: string; readonly description: string }[] = [];
  for (const name of names()) {
    const scenario = await find(name);
    if (typeof scenario === "string") throw new Error(scenario);
    all.push({ scenario: name, description: scenario.description });
  }
  if (json) return tell(JSON.stringify({ scenarios: all }));
  const width = Math.max(...all.map(({ scenario }) => scenario.length));
  return tell(all.map(({ scenario, description }) => `${scenario.padEnd(width)}  ${description}`).join("\n"));
}

function schema(): unknown {
  return z.toJSONSchema(scenarioSchema, { io: "input", unrepresentable: "any" });
}

function report({ description }: Scenario, result: DrillResult): string {
  const percent = (share: number): string => `${(share * 100).toFixed(3)} %`;
  const rows: readonly (readonly [string, string])[] = [
    [
      "calls during the faults",
      `${result.calls}: ${result.succeeded} succeeded, ${result.degraded} degraded, ${result.failed} failed`,
    ],
    [
      "success at the first token",
      `${percent(result.successRate)}   (without: ${percent(result.without.successRate)})`,
    ],
    ["complete", percent(result.completeRate)],
    ["attempts a call", `${result.attemptsPerCall}   (without: ${result.without.attemptsPerCall})`],
    ["on who is sick", `${result.sickAttemptsPerCall}, and ${result.probes} probes`],
    ["noticed after", time(result.detectionMs)],
    ["back at 90 % after", time(result.returnTo90Ms)],
    ["first token later by, p99", time(result.firstTokenAddedP99Ms)],
    ["left and healed", `${result.ejectHealCycles} times; ${result.falseEjections} times left without reason`],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  const lines = rows.map(([what, value]) => `  ${what.padEnd(width)}  ${value}`);
  const gates = result.gates.map(
    ({ name, comparison, limit, found, held }) =>
      `  ${held ? "✓" : "✗"} ${name} ${comparison} ${limit}: ${found ?? "not measured"}`,
  );
  const broken = result.invariants.filter(({ held }) => !held).map(({ name }) => `  ✗ ${name}`);
  return [
    `${result.scenario}, seed ${result.seed}${description === "" ? "" : `: ${description}`}`,
    "",
    ...lines,
    "",
    isPassed(result) ? "passed" : "failed",
    ...gates,
    ...broken,
    "",
    result.digest === null
      ? `over sockets in ${(result.wallMs / 1_000).toFixed(1)} s`
      : `${result.virtualSeconds} s played in ${(result.wallMs / 1_000).toFixed(1)} s · digest ${result.digest}`,
  ].join("\n");
}

function time(ms: number | null): string {
  return ms === null ? "–" : ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function tell(text: string): 0 {
  console.log(text);
  return 0;
}
