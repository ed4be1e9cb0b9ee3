// The drills' own gates, and what the simulator makes of the machine: times real time, timers a call.

import { join } from "node:path";
import { playDrill, playWith } from "../src/sim/drill.ts";
import { readScenario, type Scenario } from "../src/sim/scenario.ts";
import type { GateRow } from "./gates-page.ts";

const SPEED = "steady-40";
const TIMERS_MAX = 16;

async function drill(name: string, words?: number): Promise<Scenario> {
  const file = join(import.meta.dir, "../drills", `${name}.yaml`);
  const written = await Bun.file(file).text();
  const text = words === undefined ? written : written.replaceAll(/words: \d+/g, `words: ${words}`);
  const read = readScenario(text, { file, name });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.scenario;
}

export async function drillGates(): Promise<readonly GateRow[]> {
  const rows: GateRow[] = [];
  for (const name of [SPEED, "claude-2026-06-23", "slow-warm-up"]) {
    const result = await playDrill(await drill(name), { seed: 1, stopwatch: () => performance.now() });
    for (const { name: gate, comparison, limit, found, held } of result.gates) {
      rows.push({ what: `${name}: ${gate}`, wanted: `${comparison} ${limit}`, found: String(found ?? "–"), held });
    }
    const broken = result.invariants.filter(({ held }) => !held).length;
    rows.push({ what: `${name}: invariants broken`, wanted: "0", found: String(broken), held: broken === 0 });
  }
  return rows;
}

/** At 20 calls a second, in streams of so many pieces. The machine counts: another has other figures. */
export async function speedGates(): Promise<readonly GateRow[]> {
  const rows: GateRow[] = [];
  for (const { words, least } of [
    { words: 8, least: 200 },
    { words: 20, least: 100 },
  ]) {
    const scenario = await drill(SPEED, words);
    const beganMs = performance.now();
    const { virtualMs, timersPerCall } = await playWith(scenario, 1);
    const speed = virtualMs / (performance.now() - beganMs);
    const what = `${SPEED}, streams of ${words} pieces`;
    rows.push({
      what: `${what}: times real time`,
      wanted: `≥ ${least}`,
      found: speed.toFixed(0),
      held: speed >= least,
    });
    const { gateway, all } = timersPerCall;
    // A provider's pieces come by a timer each: beyond 8 of them they are nearly all there is.
    const counted = words === 8 ? all : gateway;
    rows.push({
      what: `${what}: timers a call, the gateway's own; with providers' and clients'`,
      wanted: words === 8 ? `≤ ${TIMERS_MAX} in all` : `≤ ${TIMERS_MAX} of its own`,
      found: `${gateway.toFixed(1)}; ${all.toFixed(1)}`,
      held: counted <= TIMERS_MAX,
    });
  }
  return rows;
}
