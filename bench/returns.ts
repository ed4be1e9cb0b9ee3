// How soon a target that recovers at once has its calls back, over many seeds: the distribution that the gates speak of.
// `returns.ts often|seldom FROM COUNT` prints the milliseconds of such seeds as JSON, null for one that was not back.

import type { GatewayEvent } from "../src/core/gateway-event.ts";
import { playWith } from "../src/sim/drill.ts";
import { readScenario, type Scenario } from "../src/sim/scenario.ts";

const OFTEN = returnScenario({ ratePerS: 20, seconds: 340, fault: "at: 40s, for: 60s, share: 40%" });
const SELDOM = returnScenario({ ratePerS: 0.25, seconds: 560, fault: "at: 60s, for: 200s" });

function returnScenario(asked: { ratePerS: number; seconds: number; fault: string }): Scenario {
  const provider = "first-token: 400ms, tokens-per-second: 100, words: 8, errors: 0.5%";
  const text = `traffic: { rate: ${asked.ratePerS}, seconds: ${asked.seconds}, stream: 0%, tenants: 5 }
providers:
  alpha: { dialect: anthropic-messages, ${provider} }
  beta: { dialect: openai-chat, ${provider} }
routes: { chat: { targets: [alpha/m, beta/m] } }
faults: [{ on: alpha, kind: overloaded, ${asked.fault} }]
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

/** Nine of ten calls at 20 a second begin there again. */
async function oftenBackMs(seed: number): Promise<number> {
  const { figures } = await playWith(OFTEN, seed);
  return figures.returnTo90Ms ?? Number.POSITIVE_INFINITY;
}

/** At one call in four seconds: it answers one again. */
async function seldomBackMs(seed: number): Promise<number> {
  const [fault] = SELDOM.faults;
  const healedMs = (fault?.atMs ?? 0) + (fault?.forMs ?? 0);
  let backMs = Number.POSITIVE_INFINITY;
  const see = (event: GatewayEvent): void => {
    if (event.type !== "attempt-end" || event.target !== "alpha/m" || event.fault !== undefined) return;
    if (event.atMs > healedMs) backMs = Math.min(backMs, event.atMs - healedMs);
  };
  await playWith(SELDOM, seed, { see });
  return backMs;
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

if (import.meta.main) {
  const [how, from, count] = process.argv.slice(2);
  const found: number[] = [];
  for (let seed = Number(from); seed < Number(from) + Number(count); seed++) {
    found.push(await (how === "seldom" ? seldomBackMs : oftenBackMs)(seed));
  }
  console.log(JSON.stringify(found));
}
