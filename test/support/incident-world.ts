// A gateway with its incidents in the virtual world: the real engine, desk and handler, a steady traffic, faults by script.

import type { Database } from "../../src/core/database.ts";
import { tellAll } from "../../src/core/fact-readers.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { Runtime } from "../../src/core/runtime.ts";
import type { Settings } from "../../src/core/settings.ts";
import type { PageChange } from "../../src/core/status-page.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import type { PriceOf } from "../../src/observe/ledger/facts.ts";
import { createLedger, type Ledger } from "../../src/observe/ledger/ledger.ts";
import { KEPT_IN_MEMORY } from "../../src/observe/ledger/store.ts";
import { createObservers } from "../../src/observe/observers.ts";
import { sendMail } from "../../src/runtime/smtp.ts";
import { openMemoryDatabase } from "../../src/runtime/sqlite.ts";
import { createHandler } from "../../src/server/handler.ts";
import { createIncidentRoom, type IncidentRoom, type RoomOptions } from "../../src/server/incident-room.ts";
import { askAndRead, drillCall } from "../../src/sim/drill-client.ts";
import type { ScheduledFault } from "../../src/sim/fault-script.ts";
import type { Scenario } from "../../src/sim/scenario.ts";
import { createWorld, type World } from "../../src/sim/world.ts";
import { HOST } from "./http-world.ts";
import { ANTHROPIC, CHAT, settingsOf, sim, type VirtualOptions } from "./virtual.ts";

export interface IncidentWorld {
  readonly world: World;
  readonly engine: Engine;
  readonly room: IncidentRoom;
  readonly ledger: Ledger | undefined;
  /** What became of the traffic's calls. */
  readonly calls: { made: number; failed: number };
  readonly warnings: readonly string[];
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
  /** Its page says this now. */
  tellPage(provider: string, incidents: PageChange["incidents"]): void;
  /** Seconds since the beginning. */
  runTo(seconds: number): Promise<void>;
}

/** What is used of a scenario. */
export interface Staged extends Pick<Scenario, "providers" | "faults" | "settings" | "model"> {
  readonly traffic: Pick<Scenario["traffic"], "ratePerS">;
}

export interface IncidentWorldOptions {
  /** Instead of two providers, one route and `faults`. */
  readonly scenario?: Staged;
  readonly faults?: readonly ScheduledFault[];
  readonly ratePerS?: number;
  readonly settings?: Partial<Settings>;
  /** True: with one, as in a gateway. */
  readonly ledger?: boolean;
  readonly database?: Database;
  /** Around the world's own, e.g. to let some requests out. */
  readonly runtime?: (inside: Runtime) => Runtime;
  readonly room?: Partial<RoomOptions>;
  /** Milliseconds at which this world begins: a later life of the same store. */
  readonly startMs?: number;
}

/** Of the traffic. */
export const USERS = 7;
/** A token of beta's costs twice as much as one of alpha's; of others the price is not known. */
const PRICE_OF: PriceOf = ({ name }) => {
  const price = new Map([
    ["alpha", 10],
    ["beta", 20],
  ]).get(name);
  return price === undefined
    ? undefined
    : { inputPerMillion: price, outputPerMillion: price, source: "a price list", verified: "2026-11-01" };
};

function ledgerOf(runtime: Runtime, settings: Settings, warn: (message: string) => void): Ledger {
  const { clock, wallMs, random } = runtime;
  return createLedger({
    ...{ database: openMemoryDatabase(), keeping: KEPT_IN_MEMORY, settings: () => settings, priceOf: PRICE_OF },
    ...{ clock, wallMs, random, newKey: () => new Uint8Array(16), warn, emit: () => {} },
  });
}

export function incidentWorld(options: IncidentWorldOptions = {}): IncidentWorld {
  const { scenario, startMs = 0 } = options;
  const { faults = scenario?.faults ?? [], ratePerS = scenario?.traffic.ratePerS ?? 5 } = options;
  const providers = scenario?.providers ?? [sim("alpha", ANTHROPIC), sim("beta", CHAT)];
  const world = createWorld({ seed: 1, providers, faults });
  const inner: Runtime = { ...world.runtime, wallMs: () => world.runtime.wallMs() + startMs };
  const runtime = options.runtime?.(inner) ?? inner;
  const described: VirtualOptions = { providers, targets: ["alpha/m", "beta/m"] };
  const settings: Settings = { ...(scenario?.settings ?? settingsOf(world, described)), ...options.settings };
  const warnings: string[] = [];
  const warn = (message: string) => void warnings.push(message);
  const ledger = options.ledger === true ? ledgerOf(runtime, settings, warn) : undefined;
  const { database } = options;
  const room = createIncidentRoom({ runtime, settings, warn, sendMail, database, ledger, ...options.room });
  const observers = createObservers({
    ...(ledger && { ledger }),
    wallMs: runtime.wallMs,
    clock: runtime.clock,
    env: {},
    callReaders: [room.readCall],
  });
  const calls = { made: 0, failed: 0 };
  const count = (event: GatewayEvent): void => {
    if (event.type === "call-end" && event.ending !== "complete") calls.failed++;
  };
  const engine = createEngine({
    settings,
    runtime: { ...runtime, transport: world.runtime.transport },
    maxOutput: () => 4_096,
    readers: [tellAll([...observers.readers, ...room.readers, count])],
  });
  const handler = createHandler(engine, { observers, incidents: room });
  room.start(HOST);
  const everyMs = 1_000 / ratePerS;
  const next = (): void => {
    world.clock.after(everyMs, next);
    const id = `call_${++calls.made}`;
    const ask = {
      id,
      model: scenario?.model ?? "chat",
      dialect: ANTHROPIC,
      stream: true,
      tools: false,
      tenant: "web",
    } as const;
    const endUser = ledger?.endUser(`user ${calls.made % USERS}`);
    void askAndRead(engine, { ...drillCall(ask), endUser }, false);
  };
  next();
  const send = async (path: string, init?: RequestInit): Promise<Response> =>
    handler.handle(new Request(HOST + path, { ...init, headers: { host: "127.0.0.1:4000", ...init?.headers } }));
  return {
    world,
    engine,
    room,
    ledger,
    calls,
    warnings,
    get: (path, headers = {}) => send(path, { headers }),
    post: (path, body) => send(path, { method: "POST", body: JSON.stringify(body) }),
    tellPage(provider, incidents) {
      const word = { backend: "statuspage", from: "unknown", health: "unknown", state: "ok", first: false } as const;
      engine.emit({ type: "status", atMs: world.clock.now(), call: "", provider, page: "", incidents, ...word });
    },
    runTo: (seconds) => world.run(seconds * 1_000),
  };
}
