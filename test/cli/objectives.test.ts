// Objectives over the real engine in virtual time: an outage pages as soon as the table says, and ends; a reload and a
// restart forget nothing; a store that fails harms nobody.

import { expect, test } from "bun:test";
import { startObjectives } from "../../src/cli/objectives.ts";
import { tinyCall } from "../../src/cli/tiny-call.ts";
import { loadSettings } from "../../src/config/load-yaml.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import type { Database } from "../../src/core/database.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { Settings } from "../../src/core/settings.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { createObservers } from "../../src/observe/observers.ts";
import { openMemoryDatabase } from "../../src/runtime/sqlite.ts";
import { standingFault } from "../../src/sim/fault-script.ts";
import { SIM_PROVIDER_DEFAULTS } from "../../src/sim/provider.ts";
import { createWorld } from "../../src/sim/world.ts";

const MINUTE_MS = 60_000;
const WEEK = "slo: [{ name: support, route: chat, objective: 99.9%, window: 7d }";

function settingsOf(slo: string): Settings {
  const text = `providers: { alpha: { dialect: anthropic-messages, url: "http://alpha.sim", key: none } }
routes: { chat: { targets: [alpha/a] } }
${slo}
`;
  const loaded = loadSettings(text, { file: "f.yaml", env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

/** One call a second; the provider fails from the tenth minute to the fifteenth. */
function setUp(database: Database | undefined, settings = settingsOf(`${WEEK}]`)) {
  const world = createWorld({
    seed: 7,
    providers: [{ ...SIM_PROVIDER_DEFAULTS, name: "alpha", dialect: "anthropic-messages" }],
    faults: [{ ...standingFault({ kind: "server-error" }), on: ["alpha"], atMs: 10 * MINUTE_MS, forMs: 5 * MINUTE_MS }],
  });
  const warned: string[] = [];
  const told: Extract<GatewayEvent, { type: "slo" }>[] = [];
  const start = (now: Settings) => {
    const { clock, wallMs } = world.runtime;
    const objectives = startObjectives({
      runtime: world.runtime,
      database,
      settings: now,
      warn: (text) => void warned.push(text),
    });
    const note = (event: GatewayEvent): void => {
      if (event.type === "slo") told.push(event);
    };
    const observers = createObservers({ clock, wallMs, env: {}, slos: objectives.readings });
    const engine = createEngine({ settings: now, runtime: world.runtime, readers: [objectives.read, note] });
    objectives.tellBy(engine.emit);
    return { objectives, engine, metrics: observers.metrics };
  };
  const gateway = start(settings);
  const play = async (engine: typeof gateway.engine, untilMs: number) => {
    for (let atMs = world.clock.now(); atMs < untilMs; atMs += 1_000) {
      const call = tinyCall({ id: `c${atMs}`, dialect: "anthropic-messages", model: "chat", stream: false });
      void engine.answer(call, new CancelSource());
      await world.run(atMs + 1_000);
    }
  };
  return { ...gateway, world, warned, told, start, play };
}

const words = (told: readonly { readonly state: string; readonly severity: string }[]) =>
  told.map(({ state, severity }) => `${state} ${severity}`);

test("an outage pages within the time of the table, shows everywhere, and is told to be over", async () => {
  const { objectives, engine, metrics, world, told, play } = setUp(undefined);
  await play(engine, 15 * MINUTE_MS);
  const page = told.find(({ severity }) => severity === "page");
  // rate × (1 − objective) × long window ÷ share; then a slot, a look, and the ten bad calls that it takes.
  const wantedMs = 14.4 * 0.001 * ((3_600_000 * 7) / 30);
  const foundMs = (page?.atMs ?? 0) - 10 * MINUTE_MS;
  expect(foundMs).toBeGreaterThanOrEqual(wantedMs - 1_000);
  expect(foundMs).toBeLessThanOrEqual(wantedMs + 14_000 + 5_000 + 10_000);
  const [reading] = objectives.readings();
  expect(reading).toMatchObject({ name: "support", route: "chat", burning: "page" });
  expect(reading?.budgetLeft).toBeLessThan(-100);
  expect(reading?.burn.map(({ over }) => over)).toEqual(["14m", "84m", "336m", "1008m"]);
  expect(metrics.text()).toContain('holdfast_slo_burn_rate{slo="support",route="chat",window="14m"}');
  // No call comes by any more: the clock alone tells.
  await world.run(world.clock.now() + 120 * MINUTE_MS);
  expect(words(told).at(-1)).toStartWith("recovered");
  expect(words(told).filter((word) => word.startsWith("recovered"))).toHaveLength(1);
  expect(objectives.readings()[0]?.burning).toBeUndefined();
  objectives.end();
}, 30_000);

test("a reload and a restart forget neither the counts nor what was told", async () => {
  const database = openMemoryDatabase();
  const first = setUp(database);
  await first.play(first.engine, 12 * MINUTE_MS);
  const [before] = first.objectives.readings();
  const told = words(first.told);
  expect(told.at(-1)).toBe("burning page");
  first.objectives.takeOver(settingsOf(`${WEEK}, { name: fast, route: chat, objective: 95%, window: 1d }]`));
  expect(first.objectives.readings().map(({ name, total }) => [name, total])).toEqual([
    ["support", before?.total ?? 0],
    ["fast", 0],
  ]);
  await first.play(first.engine, 13 * MINUTE_MS);
  expect(words(first.told.filter(({ slo }) => slo === "support"))).toEqual(told);
  first.objectives.end();
  const total = first.objectives.readings()[0]?.total ?? 0;
  const second = first.start(settingsOf(`${WEEK}]`));
  expect(second.objectives.readings()[0]).toMatchObject({ total, burning: "page" });
  await first.world.run(first.world.clock.now() + 120 * MINUTE_MS);
  expect(words(first.told.filter(({ slo }) => slo === "support")).at(-1)).toStartWith("recovered");
  second.objectives.takeOver(settingsOf("slo: []"));
  expect(second.objectives.readings()).toEqual([]);
  expect(second.metrics.text()).not.toContain('slo="support"');
  second.objectives.end();
  expect(first.world.timers()).toBe(0);
}, 30_000);

test("one that burns and is taken out of the configuration, at a reload or while nobody ran, is told to have ended", async () => {
  const database = openMemoryDatabase();
  const first = setUp(database);
  await first.play(first.engine, 12 * MINUTE_MS);
  expect(words(first.told).at(-1)).toBe("burning page");
  // Another share is the same objective; another window is another one, which burns by itself.
  first.objectives.takeOver(settingsOf(`${WEEK.replace("99.9%", "99.5%")}]`));
  expect(first.told.filter(({ ended }) => ended)).toEqual([]);
  first.objectives.takeOver(settingsOf(`${WEEK.replace("7d", "8d")}]`));
  const ended = { slo: "support", route: "chat", state: "recovered", ended: true };
  expect(first.told.at(-1)).toMatchObject(ended);
  await first.play(first.engine, 14 * MINUTE_MS);
  expect(words(first.told).at(-1)).toBe("burning page");
  first.objectives.end();
  const before = first.told.length;
  const second = first.start(settingsOf("slo: []"));
  expect(first.told.slice(before)).toMatchObject([ended]);
  second.objectives.end();
  const third = first.start(settingsOf(`${WEEK}]`));
  expect(first.told).toHaveLength(before + 1);
  third.objectives.end();
  expect(first.world.timers()).toBe(0);
}, 30_000);

test("a month is looked back on, in the time zone of the objective, whatever was reloaded or restarted", async () => {
  const month = "slo: [{ name: support, route: chat, objective: 99%, window: month, time-zone: Asia/Kathmandu }]";
  const database = openMemoryDatabase();
  const first = setUp(database, settingsOf(month));
  await first.play(first.engine, 12 * MINUTE_MS);
  const { wallMs } = first.world.runtime;
  const now = new Date(wallMs()).toISOString().slice(0, 7);
  const [reading] = first.objectives.readings();
  expect(reading).toMatchObject({
    calendar: { timeZone: "Asia/Kathmandu" },
    windowMs: 30 * 86_400_000,
    burning: "page",
  });
  expect(reading?.from).toEndWith("T18:15Z");
  const wanted = { total: reading?.total ?? 0, good: reading?.good ?? 0, achieved: reading?.achieved ?? 0, burn: [] };
  expect(wanted.total).toBeGreaterThan(600);
  expect(first.objectives.past({ month: now })).toMatchObject([{ ...wanted, from: reading?.from ?? "" }]);
  first.objectives.takeOver(settingsOf(month.replace("window: month, time-zone: Asia/Kathmandu", "window: 7d")));
  expect(first.objectives.past({ month: now })).toMatchObject([wanted]);
  first.objectives.end();
  const second = first.start(settingsOf(month));
  expect(second.objectives.readings()[0]).toMatchObject({ total: wanted.total, good: wanted.good });
  expect(second.objectives.past({ month: "2019-01" })).toMatchObject([{ total: 0, good: 0, budgetLeft: 1 }]);
  expect(second.objectives.past({ fromMs: wallMs() - MINUTE_MS, toMs: wallMs() })?.[0]?.total).toBeGreaterThan(59);
  second.objectives.end();
}, 30_000);

test("a store that fails at any moment costs no count and no call", async () => {
  let isBroken = false;
  const real = openMemoryDatabase();
  const database: Database = {
    ...real,
    transaction(work) {
      if (isBroken) throw new Error("disk full");
      return real.transaction(work);
    },
  };
  const { objectives, engine, world, warned, told, play } = setUp(database);
  await play(engine, MINUTE_MS);
  isBroken = true;
  await play(engine, 12 * MINUTE_MS);
  expect(warned).toEqual(["the counts of objectives cannot be written (disk full); it is tried again"]);
  expect(words(told).at(-1)).toBe("burning page");
  isBroken = false;
  await world.run(world.clock.now() + 20_000);
  expect(warned.at(-1)).toContain("written again");
  for (const table of ["slo_slot", "slo_quarter"]) {
    const kept = real.prepare<{ n: number }>(`SELECT sum(total) AS n FROM ${table}`).get();
    expect(kept?.n).toBe(objectives.readings()[0]?.total ?? 0);
  }
  objectives.end();
  const refusing: Database = {
    ...real,
    migrate() {
      throw new Error("read only");
    },
  };
  const other = setUp(refusing);
  await other.play(other.engine, MINUTE_MS);
  expect(other.warned).toEqual([expect.stringContaining("read only")]);
  expect(other.objectives.readings()[0]?.total).toBeGreaterThan(50);
  other.objectives.end();
}, 30_000);
