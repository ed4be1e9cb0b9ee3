// How soon an outage is noticed, in the mean of many seeds, and how often a healthy target is left by the pure rule.

import { DETECTION, ejectAt, scored } from "../src/health/cusum.ts";
import { playWith } from "../src/sim/drill.ts";
import { randomStream } from "../src/sim/random.ts";
import { readScenario, type Scenario } from "../src/sim/scenario.ts";

export interface Detection {
  readonly what: string;
  readonly limitMs: number;
  readonly meanMs: number;
}

interface Case {
  readonly what: string;
  readonly ratePerS: number;
  readonly fault: string;
  readonly tenants: number;
  readonly seeds: number;
  readonly limitMs: number;
}

/** Not seen within the run counts as so long. */
const SICK_S = 120;
const CALM_S = 60;
/** An overloaded provider says so after 20 ms, and a call is under way about as long. */
const TIME_TO_ERROR_MS = 100;

const CASES: readonly Case[] = [
  {
    what: "0.5 → 40 % at 1/s, one tenant",
    ratePerS: 1,
    fault: "kind: overloaded, share: 40%",
    tenants: 1,
    seeds: 60,
    limitMs: 12_000,
  },
  {
    what: "0.5 → 40 % at 1/s, five tenants",
    ratePerS: 1,
    fault: "kind: overloaded, share: 40%",
    tenants: 5,
    seeds: 60,
    limitMs: 12_000,
  },
  {
    what: "0.5 → 40 % at 100/s",
    ratePerS: 100,
    fault: "kind: overloaded, share: 40%",
    tenants: 5,
    seeds: 5,
    limitMs: 500 + TIME_TO_ERROR_MS,
  },
  { what: "25 % at 1/s", ratePerS: 1, fault: "kind: overloaded, share: 25%", tenants: 5, seeds: 60, limitMs: 25_000 },
  { what: "silence of all at 1/s", ratePerS: 1, fault: "kind: silence", tenants: 5, seeds: 40, limitMs: 15_000 },
  {
    what: "silence of 40 % at 1/s",
    ratePerS: 1,
    fault: "kind: silence, share: 40%",
    tenants: 5,
    seeds: 40,
    limitMs: 15_000,
  },
  { what: "silence of all at 20/s", ratePerS: 20, fault: "kind: silence", tenants: 5, seeds: 10, limitMs: 5_000 },
  {
    what: "silence of 40 % at 20/s",
    ratePerS: 20,
    fault: "kind: silence, share: 40%",
    tenants: 5,
    seeds: 10,
    limitMs: 5_000,
  },
];

export async function detections(): Promise<readonly Detection[]> {
  const found: Detection[] = [];
  for (const one of CASES) {
    const scenario = scenarioOf(one);
    let sum = 0;
    for (let seed = 1; seed <= one.seeds; seed++) {
      sum += (await playWith(scenario, seed)).figures.detectionMs ?? SICK_S * 1_000;
    }
    found.push({ what: `${one.what}, ${one.seeds} seeds`, limitMs: one.limitMs, meanMs: sum / one.seeds });
  }
  return found;
}

function scenarioOf({ ratePerS, fault, tenants }: Case): Scenario {
  const calm = ratePerS >= 100 ? 20 : CALM_S;
  const sick = ratePerS >= 100 ? 10 : SICK_S;
  const provider = "first-token: 400ms, tokens-per-second: 100, words: 8, errors: 0.5%";
  const text = `traffic: { rate: ${ratePerS}, seconds: ${calm + sick}, stream: 80%, tenants: ${tenants} }
providers:
  alpha: { dialect: anthropic-messages, ${provider} }
  beta: { dialect: openai-chat, ${provider} }
routes: { chat: { targets: [alpha/m, beta/m], timeouts: { first-token: 10s, whole: 40s } } }
faults: [{ on: alpha, ${fault}, at: ${calm}s, for: ${sick}s }]
`;
  const read = readScenario(text, { file: "detect.yaml", name: "detect" });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.scenario;
}

/** Ejections of one target that fails 0.5 % of its calls, by the rule alone at its lowest threshold. */
export function falseEjections(draws = 1e7): { readonly draws: number; readonly found: number } {
  const random = randomStream(1, "fair");
  const limit = ejectAt(1);
  let score = 0;
  let found = 0;
  for (let draw = 0; draw < draws; draw++) {
    score = scored(score, DETECTION, random() < 0.005, 1);
    if (score < limit) continue;
    found++;
    score = 0;
  }
  return { draws, found };
}
