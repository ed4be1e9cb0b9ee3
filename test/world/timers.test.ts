// Timers are what virtual time and a busy event loop pay for: how many a call sets is bounded, however long its stream.

import { expect, test } from "bun:test";
import { playWith } from "../../src/sim/drill.ts";
import { readScenario } from "../../src/sim/scenario.ts";

const TIMERS_MAX = 16;
/** Its deadline, its attempt's, the open stream's, the connection's after it, the keeping of its answer. */
const OWN_MAX = 6;

async function timers(words: number) {
  const provider = `first-token: 400ms, tokens-per-second: 100, words: ${words}, errors: 0.5%`;
  const text = `traffic: { rate: 20, seconds: 60 }
providers:
  alpha: { dialect: anthropic-messages, ${provider} }
  beta: { dialect: openai-chat, ${provider} }
routes: { chat: { targets: [alpha/m, beta/m] } }
faults: [{ on: alpha, kind: overloaded, at: 10s, for: 30s, share: 40% }]
`;
  const read = readScenario(text, { file: "timers.yaml", name: "timers" });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return (await playWith(read.scenario, 1)).timersPerCall;
}

test("a call sets few timers", async () => {
  const [short, long] = [await timers(8), await timers(20)];
  expect(short.all).toBeLessThanOrEqual(TIMERS_MAX);
  expect(short.gateway).toBeLessThanOrEqual(OWN_MAX);
  expect(long.gateway).toBeCloseTo(short.gateway, 0);
});
