// How soon a target that recovers at once has its calls back, over many seeds: the distribution that the gates speak of.

import { playWith } from "../src/sim/drill.ts";
import { readScenario, type Scenario } from "../src/sim/scenario.ts";

export function returnScenario(ratePerS: number): Scenario {
  const provider = "first-token: 400ms, tokens-per-second: 100, words: 8, errors: 0.5%";
  const text = `traffic: { rate: ${ratePerS}, seconds: 340, stream: 0%, tenants: 5 }
providers:
  alpha: { dialect: anthropic-messages, ${provider} }
  beta: { dialect: openai-chat, ${provider} }
routes: { chat: { targets: [alpha/m, beta/m] } }
faults: [{ on: alpha, kind: overloaded, at: 40s, for: 60s, share: 40% }]
`;
  const read = readScenario(text, { file: "returns.yaml", name: "returns" });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.scenario;
}

export interface Returns {
  readonly seeds: number;
  readonly meanMs: number;
  readonly p95Ms: number;
  readonly mostMs: number;
  /** Seeds in which it was not back before the run was over. */
  readonly never: number;
}

export async function returnsOf(seeds: number, ratePerS: number, from = 1): Promise<readonly number[]> {
  const scenario = returnScenario(ratePerS);
  const found: number[] = [];
  for (let seed = from; seed < from + seeds; seed++) {
    const { figures } = await playWith(scenario, seed);
    found.push(figures.returnTo90Ms ?? Number.POSITIVE_INFINITY);
  }
  return found;
}

export function summed(times: readonly number[]): Returns {
  const back = times.filter(Number.isFinite).sort((a, b) => a - b);
  return {
    seeds: times.length,
    meanMs: back.reduce((sum, ms) => sum + ms, 0) / Math.max(1, back.length),
    p95Ms: [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0,
    mostMs: back.at(-1) ?? 0,
    never: times.length - back.length,
  };
}
