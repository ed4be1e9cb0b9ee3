// The real engine in the virtual world, with clients that ask it as the server would: through `deliver`, reading at a pace
// of their own. What the world is and what its providers do is `src/sim/`; judging is the tests' and the checker's.

import type { Call, Criticality, DialectId } from "../../src/core/call.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import { isFault } from "../../src/core/fault.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { Clock, Transport } from "../../src/core/runtime.ts";
import type { RouteSettings, Settings } from "../../src/core/settings.ts";
import { DIALECTS } from "../../src/dialects/registry.ts";
import { type Delivery, deliver } from "../../src/engine/deliver.ts";
import { createEngine, type Engine, type EngineOptions } from "../../src/engine/engine.ts";
import { type Checker, createChecker } from "../../src/sim/checkers.ts";
import { type FaultScript, type ScheduledFault, standingFault } from "../../src/sim/fault-script.ts";
import { SIM_PROVIDER_DEFAULTS, type SimProvider } from "../../src/sim/provider.ts";
import { createWatch, type Watch } from "../../src/sim/watch.ts";
import { type ClockJump, createWorld, type World } from "../../src/sim/world.ts";

export const ANTHROPIC = "anthropic-messages";
export const CHAT = "openai-chat";

/** A simulated provider that is named and otherwise at its defaults. */
export function sim(name: string, dialect: DialectId, more: Partial<SimProvider> = {}): SimProvider {
  return { ...SIM_PROVIDER_DEFAULTS, words: 8, ...more, name, dialect };
}

/** A fault that always hits one provider. */
export function on(name: string, script: FaultScript | ScheduledFault): ScheduledFault {
  return { ...standingFault(script), on: [name] };
}

export const ROUTE: Omit<RouteSettings, "name" | "targets"> = {
  timeouts: { connectMs: 5_000, firstTokenMs: 10_000, wholeMs: 20_000, idleMs: 15_000, totalMs: 600_000 },
  attempts: 3,
  retryWaitMs: 3_000,
  // What a break is to a client is seen without; going on has tests of its own.
  resume: "off",
  usage: "exact",
  strict: false,
  criticality: "default",
};

export interface VirtualOptions {
  readonly seed?: number;
  readonly providers: readonly SimProvider[];
  readonly faults?: readonly ScheduledFault[];
  readonly jumps?: readonly ClockJump[];
  /** The invariants of `src/sim/watch.ts` are checked too. */
  readonly watched?: boolean;
  /** When the traffic ends, where it is judged how calls come back. */
  readonly untilMs?: number;
  /** `provider/model`, best first; default: every provider with the model `m`. */
  readonly targets?: readonly string[];
  readonly route?: Partial<RouteSettings>;
  /** Instead of the one route `chat`: targets by route. */
  readonly routes?: Readonly<Record<string, readonly string[]>>;
  /** Instead of the world's own. */
  readonly transport?: (world: World) => Transport;
  readonly clock?: (world: World) => Clock;
  /** Of each provider; default one. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  /** Names of providers that are local, and no targets by default. */
  readonly local?: readonly string[];
  readonly priceOf?: EngineOptions["priceOf"];
  /** One more reader of the facts. */
  readonly reader?: (event: GatewayEvent) => void;
}

export interface Ask {
  /** Instead of the one that the rest describes. */
  readonly body?: Uint8Array;
  readonly dialect?: DialectId;
  readonly stream?: boolean;
  readonly prompt?: string;
  /** `any` forces a call of the one tool there is. */
  readonly tools?: "auto" | "any";
  /** The clock's time. */
  readonly deadlineMs?: number;
  readonly retryCount?: number;
  readonly tenant?: string;
  readonly criticality?: Criticality;
  /** The route; default `chat`. */
  readonly model?: string;
  readonly openMs?: number;
  /** How long the client takes after each piece before it wants the next. */
  readonly readEveryMs?: number;
}

/** A client and what it got so far. */
export interface Client {
  readonly call: Call;
  readonly cancel: CancelSource;
  delivery: Delivery | undefined;
  openedAtMs: number;
  /** -1 until the last byte was read. */
  endedAtMs: number;
  readonly pieces: { readonly atMs: number; readonly bytes: Uint8Array }[];
}

export interface Virtual {
  readonly world: World;
  readonly engine: Engine;
  readonly checker: Checker;
  readonly events: readonly GatewayEvent[];
  ask(ask?: Ask): Client;
  /** Runs until nothing is left to happen; throws when a promise of the engine did not hold. */
  rest(): Promise<void>;
}

export function settingsOf(
  world: Pick<World, "url">,
  { providers, targets, route, routes, keys, local = [] }: VirtualOptions,
): Settings {
  const remote = providers.filter(({ name }) => !local.includes(name)).map(({ name }) => `${name}/m`);
  return {
    listen: { host: "127.0.0.1", port: 0 },
    providers: providers.map(({ name, dialect }) => ({
      name,
      dialect,
      url: world.url(name),
      keys: keys?.[name] ?? [`key-of-${name}`],
      tier: local.includes(name) ? "local" : "remote",
    })),
    routes: Object.entries(routes ?? { chat: targets ?? remote }).map(([name, ids]) => ({
      ...ROUTE,
      ...route,
      name,
      targets: ids.map((id) => {
        const [provider = "", model = ""] = id.split("/");
        return { provider, model };
      }),
    })),
    keys: [],
    passthrough: false,
  };
}

export function virtual(options: VirtualOptions): Virtual {
  const { seed = 1, providers, faults = [], jumps = [], route } = options;
  let watch: Watch | undefined;
  const world = createWorld({ seed, providers, faults, jumps, sighted: (sighting) => watch?.sighted(sighting) });
  const locals = (route?.lastResort ?? []).filter(({ type }) => type === "local").length;
  const attemptsMax = (route?.attempts ?? ROUTE.attempts) + locals;
  const checker = createChecker({ attemptsMax: () => attemptsMax });
  const events: GatewayEvent[] = [];
  const see = (event: GatewayEvent): void => {
    events.push(event);
    checker.see(event);
    watch?.see(event);
    world.record(event);
  };
  const settings = settingsOf(world, options);
  const engine = createEngine({
    settings,
    runtime: {
      ...world.runtime,
      clock: options.clock?.(world) ?? world.runtime.clock,
      transport: options.transport?.(world) ?? world.runtime.transport,
    },
    maxOutput: () => 4_096,
    ...(options.priceOf && { priceOf: options.priceOf }),
    readers: [see, ...(options.reader === undefined ? [] : [options.reader])],
  });
  const criticalities = new Map<string, Criticality>();
  const deadlines = new Map<string, number>();
  if (options.watched === true) {
    const criticalityOf = (call: string): Criticality => criticalities.get(call) ?? "default";
    watch = createWatch({
      settings,
      providers,
      faults,
      cells: engine.cells,
      inFlight: world.inFlight,
      criticalityOf,
      deadlineOf: (call) => deadlines.get(call),
      jumps,
      untilMs: options.untilMs,
    });
  }
  let calls = 0;
  return {
    world,
    engine,
    checker,
    events,
    ask(ask = {}) {
      const id = `call_${++calls}`;
      if (ask.criticality !== undefined) criticalities.set(id, ask.criticality);
      if (ask.deadlineMs !== undefined) deadlines.set(id, ask.deadlineMs);
      return start(engine, world, callOf(id, ask), ask);
    },
    async rest() {
      await world.run(Number.POSITIVE_INFINITY);
      checker.atRest({ inFlight: world.inFlight(), timers: world.timers() });
      if (engine.inFlight !== 0) throw new Error(`${engine.inFlight} calls have not ended`);
      watch?.atRest();
      const all = [...checker.invariants(), ...(watch?.invariants() ?? [])];
      const broken = all.filter(({ held }) => !held);
      if (broken.length > 0) throw new Error(JSON.stringify(broken));
    },
  };
}

export function bodyOf({
  dialect = ANTHROPIC,
  stream = true,
  prompt = "hello",
  tools,
  model = "chat",
}: Ask): Uint8Array {
  const schema = { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } } };
  const messages = [{ role: "user", content: tools === "auto" ? `${prompt}, use a tool` : prompt }];
  const base = { model, max_tokens: 500, stream, messages };
  const anthropic = {
    tools: [{ name: "weather", description: "Weather", input_schema: schema }],
    tool_choice: { type: tools },
  };
  const chat = {
    tools: [{ type: "function", function: { name: "weather", description: "Weather", parameters: schema } }],
    tool_choice: tools === "any" ? "required" : "auto",
  };
  const more = tools === undefined ? {} : dialect === ANTHROPIC ? anthropic : chat;
  return new TextEncoder().encode(JSON.stringify({ ...base, ...more }));
}

export function callOf(id: string, ask: Ask): Call {
  const {
    dialect = ANTHROPIC,
    deadlineMs = Number.POSITIVE_INFINITY,
    retryCount = 0,
    tenant = "default",
    criticality,
  } = ask;
  const body = ask.body ?? bodyOf(ask);
  const inspected = DIALECTS[dialect].wire.inspect(body, "generate");
  if (isFault(inspected)) throw new Error(inspected.message);
  const { model, stream } = inspected;
  const steering = { deadlineMs, tenant, retryCount, criticality };
  return { id, operation: "generate", dialect, model, stream, body, inspected, headers: {}, query: "", ...steering };
}

function start(engine: Engine, world: World, call: Call, { openMs = 10_000, readEveryMs = 0 }: Ask): Client {
  const client: Client = {
    call,
    cancel: new CancelSource(),
    delivery: undefined,
    openedAtMs: -1,
    endedAtMs: -1,
    pieces: [],
  };
  const now = () => world.clock.now();
  const pause = () => new Promise<void>((resolve) => world.clock.after(readEveryMs, resolve));
  void deliver(engine, call, client.cancel, openMs).then(async (delivery) => {
    client.delivery = delivery;
    client.openedAtMs = now();
    const { body } = delivery;
    if (body instanceof Uint8Array) client.pieces.push({ atMs: now(), bytes: body });
    else {
      for (;;) {
        const bytes = await body.read();
        if (bytes === undefined) break;
        client.pieces.push({ atMs: now(), bytes });
        if (readEveryMs > 0) await pause();
      }
      const last = await body.tail();
      if (last !== undefined) client.pieces.push({ atMs: now(), bytes: last });
    }
    client.endedAtMs = now();
  });
  return client;
}

export function bytesOf({ pieces }: Pick<Client, "pieces">): Uint8Array {
  return Buffer.concat(pieces.map(({ bytes }) => bytes));
}
