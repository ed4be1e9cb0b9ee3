// A month of a gateway in the virtual world with two outages, and its ledger; with what its providers and its clients saw
// themselves, to compare reports with.

import { CancelSource } from "../../src/core/cancel.ts";
import type { Database } from "../../src/core/database.ts";
import { type Delivery, deliver } from "../../src/engine/deliver.ts";
import { createEngine } from "../../src/engine/engine.ts";
import { createCallFollower } from "../../src/observe/follow-calls.ts";
import { createLedger } from "../../src/observe/ledger/ledger.ts";
import { type LedgerReader, type MinuteSpan, readLedger } from "../../src/observe/ledger/read.ts";
import { KEPT_ON_DISK } from "../../src/observe/ledger/store.ts";
import { openMemoryDatabase } from "../../src/runtime/sqlite.ts";
import type { ScheduledFault } from "../../src/sim/fault-script.ts";
import { createWorld, type World } from "../../src/sim/world.ts";
import { ANTHROPIC, CHAT, callOf, on, settingsOf, sim } from "./virtual.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MINUTE = 60_000;
/** Much longer than anything that is waited for: headers say it all. */
const NEVER_MS = 86_400_000;
const MONTH_MS = 30 * DAY;
const USERS = 40;
const DATED = { source: "https://prices.example.com", verified: "2026-09-01" };

export interface ClientView {
  readonly user: string;
  readonly delivery: Delivery;
}

export interface Month {
  readonly world: World;
  readonly database: Database;
  readonly ledger: LedgerReader;
  readonly span: MinuteSpan;
  readonly clients: readonly ClientView[];
  readonly warnings: readonly string[];
}

const during = (provider: string, kind: ScheduledFault["kind"], atMs: number, forMs: number): ScheduledFault =>
  on(provider, { kind, atMs, forMs, on: [], share: 1, rampMs: 0 });

const OUTAGES: readonly ScheduledFault[] = [
  during("alpha", "overloaded", 3 * DAY, 40 * MINUTE),
  during("alpha", "server-error", 17 * DAY, 25 * MINUTE),
  during("beta", "server-error", 17 * DAY + 15 * MINUTE, 10 * MINUTE),
];

/** A call every ten minutes, and one every two seconds around the outages. */
function* arrivals(): Generator<number> {
  for (let atMs = 0; atMs < MONTH_MS; ) {
    yield atMs;
    const near = OUTAGES.some((fault) => atMs >= fault.atMs - MINUTE && atMs < fault.atMs + fault.forMs + 10 * MINUTE);
    atMs += near ? 2_000 : 10 * MINUTE;
  }
}

export async function playMonth(database: Database = openMemoryDatabase()): Promise<Month> {
  const providers = [sim("alpha", ANTHROPIC), sim("beta", CHAT)];
  const world = createWorld({ seed: 7, providers, faults: OUTAGES });
  const canned = { type: "canned", text: "We are down." } as const;
  const settings = settingsOf(world, { providers, route: { valueUsd: 0.4, lastResort: [canned] } });
  const warnings: string[] = [];
  const ledger = createLedger({
    database,
    keeping: KEPT_ON_DISK,
    settings: () => settings,
    priceOf: ({ name }) =>
      name === "alpha"
        ? { inputPerMillion: 3, outputPerMillion: 15, ...DATED }
        : { inputPerMillion: 6, outputPerMillion: 30, ...DATED },
    clock: world.clock,
    wallMs: world.runtime.wallMs,
    random: world.runtime.random,
    newKey: () => new Uint8Array(16).fill(7),
    warn: (message) => warnings.push(message),
    emit: () => {},
  });
  const follower = createCallFollower(world.runtime.wallMs, [ledger.read]);
  const { runtime } = world;
  const engine = createEngine({ settings, runtime, maxOutput: () => 4_096, readers: [follower.read, ledger.see] });
  const clients: ClientView[] = [];
  let number = 0;
  const begin = (): void => {
    const user = `user${number % USERS}`;
    // A sentence is no answer to who waits for a tool call: those get an error when nobody is left.
    const tools = number % 3 === 0 ? ({ tools: "any" } as const) : {};
    const made = callOf(`call_${++number}`, { stream: number % 2 === 0, prompt: `question ${number}`, ...tools });
    const call = { ...made, endUser: ledger.endUser(user) };
    void deliver(engine, call, new CancelSource(), NEVER_MS).then(async (delivery) => {
      clients.push({ user, delivery });
      const { body } = delivery;
      if (!(body instanceof Uint8Array)) while ((await body.read()) !== undefined);
    });
  };
  const next = (times: Iterator<number>): void => {
    const time = times.next();
    if (time.done === true) return;
    world.clock.after(Math.max(0, time.value - world.clock.now()), () => {
      begin();
      next(times);
    });
  };
  const fromMinute = Math.floor(runtime.wallMs() / MINUTE);
  next(arrivals());
  await world.run(Number.POSITIVE_INFINITY);
  ledger.close();
  const reader = readLedger(database);
  if (reader === undefined) throw new Error("no ledger was written");
  const span = { fromMinute, toMinute: Math.floor(runtime.wallMs() / MINUTE) + 1 };
  return { world, database, ledger: reader, span, clients, warnings };
}
