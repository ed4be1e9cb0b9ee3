// Seeing is not serving: with every reader of the facts throwing, with a store whose disk is full, and with one that is closed
// under its gateway, no call fails that would not have failed without them.

import { expect, test } from "bun:test";
import { startObjectives } from "../../src/cli/objectives.ts";
import type { Database } from "../../src/core/database.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import { createCallFollower } from "../../src/observe/follow-calls.ts";
import { createLedger } from "../../src/observe/ledger/ledger.ts";
import { KEPT_ON_DISK } from "../../src/observe/ledger/store.ts";
import { openMemoryDatabase } from "../../src/runtime/sqlite.ts";
import { ANTHROPIC, CHAT, on, sim, virtual } from "../support/virtual.ts";

const CALLS = 300;
const MINUTE = 60_000;

type Breaking = (database: Database) => void;

const fill: Breaking = (database) => {
  const pages = database.prepare<{ page_count: number }>("PRAGMA page_count").get()?.page_count ?? 0;
  database.exec(`PRAGMA max_page_count = ${pages}`);
};

for (const [what, spoil, throwing] of [
  ["every reader throws", () => {}, true],
  ["the disk is full", fill, false],
  ["the store is closed", (database) => database.close(), false],
  ["the tables are gone", (database) => database.exec("DROP TABLE ledger_minute; DROP TABLE slo_slot"), false],
] as readonly (readonly [string, Breaking, boolean])[]) {
  test(`${what}: an outage is survived all the same, and no call fails`, async () => {
    const warned: string[] = [];
    const readers: ((event: GatewayEvent) => void)[] = [];
    const here = virtual({
      providers: [sim("alpha", ANTHROPIC), sim("beta", CHAT)],
      faults: [on("alpha", { kind: "server-error", atMs: MINUTE, forMs: 2 * MINUTE, on: [], share: 1, rampMs: 0 })],
      reader: (event) => {
        for (const read of readers) read(event);
        if (throwing) throw new Error("a reader is broken");
      },
    });
    const { engine, world } = here;
    const database = openMemoryDatabase();
    const shared = { clock: world.clock, wallMs: world.runtime.wallMs };
    const warn = (message: string) => void warned.push(message);
    const ledger = createLedger({
      ...shared,
      database,
      keeping: KEPT_ON_DISK,
      settings: () => engine.settings,
      priceOf: () => undefined,
      random: () => 0.5,
      newKey: () => new Uint8Array(16),
      warn,
      emit: engine.emit,
    });
    const slo = {
      name: "s",
      route: "chat",
      objective: 0.9,
      windowMs: 3_600_000,
      indicator: { kind: "availability" },
    } as const;
    const settings = { ...engine.settings, slos: [slo] };
    const objectives = startObjectives({ runtime: world.runtime, database, settings, warn });
    objectives.tellBy(engine.emit);
    readers.push(createCallFollower(shared.wallMs, [ledger.read]).read, ledger.see, objectives.read);
    spoil(database);
    const clients: ReturnType<typeof here.ask>[] = [];
    for (let number = 0; number < CALLS; number++) {
      clients.push(here.ask({ stream: number % 2 === 0, prompt: `question ${number}` }));
      await world.run(world.clock.now() + 1_000);
    }
    objectives.end();
    ledger.close();
    await world.run(world.clock.now() + 10 * MINUTE);
    expect(clients.filter(({ delivery }) => delivery?.status !== 200)).toEqual([]);
    expect(world.log.filter(({ fault }) => fault !== undefined).length).toBeGreaterThan(10);
    // Once each, not once a second.
    expect(warned.length).toBeLessThan(6);
    expect(warned.length > 0).toBe(!throwing);
  }, 60_000);
}
