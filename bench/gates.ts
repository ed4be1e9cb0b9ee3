// `npm run bench:gates`: the numbers that belief and recovery are held to, measured in the simulator and written to
// docs/reference/gates.md, part by part; `--part NAME` measures one alone (drills, speed, noticing, return, fleet). `--seeds N`
// (default 200) for the way back, whose pieces are processes of their own; `GATES_THROUGH` names a command that those are run
// through (`nice`, a lock). Exit 1 when a gate is missed.

import { join } from "node:path";
import { fleetRun } from "../test/support/fleet-run.ts";
import { detections, falseEjections } from "./gates-detect.ts";
import { drillGates, speedGates } from "./gates-drills.ts";
import { type GateRow, writePart } from "./gates-page.ts";
import { summed } from "./returns.ts";

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const SEEDS = Number(option("seeds") ?? 200);
/** So that none takes much more than two minutes. */
const PIECES = { often: 100, seldom: 1_000 } as const;
const SELDOM_PER_S = 0.25;

const PARTS = {
  drills: { title: "Drills", measure: drillGates },
  speed: { title: "Speed", measure: speedGates },
  noticing: { title: "Noticing", measure: noticing },
  return: { title: "The way back", measure: wayBack },
  fleet: { title: "Fleet", measure: fleets },
} as const;

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

async function noticing(): Promise<readonly GateRow[]> {
  const rows = (await detections()).map(({ what, limitMs, meanMs }) => ({
    what,
    wanted: `mean ≤ ${seconds(limitMs)}`,
    found: seconds(meanMs),
    held: meanMs <= limitMs,
  }));
  const { draws, found } = falseEjections();
  const what = `false ejections at 0.5 % of ${draws.toExponential(0)} draws on the pure rule`;
  return [...rows, { what, wanted: "≤ 10⁻⁶ a call", found: String(found), held: found <= draws * 1e-6 }];
}

async function wayBack(): Promise<readonly GateRow[]> {
  const often = summed(await pieces("often", SEEDS));
  const seldom = summed(await pieces("seldom", SEEDS));
  const what = `nine of ten calls at 20/s, ${SEEDS} seeds`;
  const row = (name: string, foundMs: number, limitMs: number): GateRow => ({
    what: name,
    wanted: `≤ ${seconds(limitMs)}`,
    found: seconds(foundMs),
    held: foundMs <= limitMs,
  });
  const never = (name: string, count: number): GateRow => ({
    what: name,
    wanted: "0",
    found: String(count),
    held: count === 0,
  });
  return [
    row(`${what}: mean`, often.meanMs, 130_000),
    row(`${what}: 95th percentile`, often.p95Ms, 180_000),
    never(`${what}: not within 240 s`, often.never),
    row(`used again at ${SELDOM_PER_S}/s, ${SEEDS} seeds: mean`, seldom.meanMs, 30_000),
    never(`used again at ${SELDOM_PER_S}/s, ${SEEDS} seeds: not within 300 s`, seldom.never),
  ];
}

async function pieces(how: "often" | "seldom", seeds: number): Promise<readonly number[]> {
  const through = process.env.GATES_THROUGH?.split(" ") ?? [];
  const all: number[] = [];
  for (let from = 1; from <= seeds; from += PIECES[how]) {
    const count = Math.min(PIECES[how], seeds - from + 1);
    const command = [process.execPath, join(import.meta.dir, "returns.ts"), how, String(from), String(count)];
    const piece = Bun.spawn([...through, ...command], { stdout: "pipe", stderr: "inherit" });
    const told = JSON.parse(await new Response(piece.stdout).text()) as readonly (number | null)[];
    all.push(...told.map((ms) => ms ?? Number.POSITIVE_INFINITY));
  }
  return all;
}

async function fleets(): Promise<readonly GateRow[]> {
  const rows: GateRow[] = [];
  for (const told of [true, false]) {
    const { overload, probesPerS, failedWhileComingBack } = await fleetRun({
      seed: 1,
      gateways: 50,
      ratePerS: 100,
      told,
    });
    const who = told ? "fifty gateways that share evidence" : "fifty gateways on their own, for comparison";
    const add = (what: string, wanted: string, found: string, isWell: boolean): void => {
      rows.push({ what: `${who}: ${what}`, wanted: told ? wanted : "–", found, held: !told || isWell });
    };
    add("overload", "≤ +0.15", `+${overload.toFixed(2)}`, overload <= 0.15);
    add("probes in all", "≤ 1/s", `${probesPerS.toFixed(2)}/s`, probesPerS <= 1);
    const failed = `${(failedWhileComingBack * 100).toFixed(2)} %`;
    add("calls that failed on the way back", "≤ 1 %", failed, failedWhileComingBack <= 0.01);
  }
  return rows;
}

const wanted = option("part");
const titles = Object.values(PARTS).map(({ title }) => title);
let missed = 0;
for (const [name, { title, measure }] of Object.entries(PARTS)) {
  if (wanted !== undefined && wanted !== name) continue;
  const rows = await measure();
  for (const { what, found, wanted: limit, held } of rows) {
    console.log(`${held ? "✓" : "✗"} ${title}: ${what}: ${found} (${limit})`);
    if (!held) missed++;
  }
  await writePart(title, rows, titles);
}
process.exitCode = missed === 0 ? 0 : 1;
