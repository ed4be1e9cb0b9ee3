// What happens on each fault, found out instead of written down: the route is run by the real engine in the virtual world,
// where its first attempts fail as wanted. So it cannot differ from what the gateway does. What is shown of it is
// `explain-text.ts`'s business.

import { contextTokens, maxOutputTokens } from "../../catalog/models.ts";
import type { DialectId } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { FAULTS, type FaultKind, fault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { HeaderMap, Runtime, Transport, WireResponse } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { deliver } from "../engine/deliver.ts";
import { createEngine } from "../engine/engine.ts";
import { SIM_PROVIDER_DEFAULTS } from "../sim/provider.ts";
import { createWorld, type World } from "../sim/world.ts";
import { tinyCall } from "./tiny-call.ts";

/** Where the second attempt goes. */
export interface Step {
  readonly target: string;
  /** The very target that failed. */
  readonly again: boolean;
  /** The shortest and the longest wait before it. */
  readonly waitMs: readonly [number, number];
}

export interface ClientOutcome {
  /** After the first target's fault, while all else is well. `final`: no other attempt is made. */
  readonly next: Step | "final";
  /** The same when the domain's retry budget is spent. */
  readonly withoutBudget: Step | "final";
  /** The same when the provider asks to be left alone for less than `retry-wait`, and for longer. */
  readonly shortWait?: Step | "final";
  readonly longWait?: Step | "final";
  /** When every attempt fails so: what was tried, and the status of the final error. */
  readonly tried: readonly string[];
  readonly status: number;
}

export interface FaultOutcome {
  readonly kind: FaultKind;
  /** `attempt`: what an attempt at a target can end with; `gateway`: what is refused without one. */
  readonly from: "attempt" | "gateway";
  readonly clients: Readonly<Record<DialectId, ClientOutcome>>;
}

// The keys of both tables are the types of their names.
const KINDS = Object.keys(FAULTS) as FaultKind[];
const CLIENTS = Object.keys(DIALECTS) as DialectId[];

/** For every kind of fault and each dialect of a client. `model`: a name that the route serves, its own pattern included. */
export async function faultOutcomes(settings: Settings, model: string): Promise<readonly FaultOutcome[]> {
  const outcomes: FaultOutcome[] = [];
  for (const kind of KINDS) {
    const clients: [DialectId, ClientOutcome][] = [];
    for (const dialect of CLIENTS) clients.push([dialect, await clientOutcome({ settings, model, dialect, kind })]);
    // One entry for each dialect.
    const byDialect = Object.fromEntries(clients) as Record<DialectId, ClientOutcome>;
    outcomes.push({ kind, from: isOfAttempt(kind) ? "attempt" : "gateway", clients: byDialect });
  }
  return outcomes;
}

interface Question {
  readonly settings: Settings;
  readonly model: string;
  readonly dialect: DialectId;
  readonly kind: FaultKind;
}

async function clientOutcome(question: Question): Promise<ClientOutcome> {
  if (!isOfAttempt(question.kind)) return refused(question);
  const always = await run(question, { failures: Number.POSITIVE_INFINITY });
  const base = {
    next: await step(question, {}),
    withoutBudget: await step(question, { spent: true }),
    tried: always.tried,
    status: always.status,
  };
  const retryWaitMs = retryWaitOf(question);
  if (!mayAskToWait(question.kind) || retryWaitMs === 0) return base;
  return {
    ...base,
    shortWait: await step(question, { retryAfterMs: retryWaitMs }),
    longWait: await step(question, { retryAfterMs: retryWaitMs + 1 }),
  };
}

function refused({ dialect, kind }: Question): ClientOutcome {
  const { status } = DIALECTS[dialect].wire.faultTo(fault(kind, ""), { call: "call", trail: [] });
  return { next: "final", withoutBudget: "final", tried: [], status };
}

function retryWaitOf({ settings, model }: Question): number {
  const exact = settings.routes.find(({ name }) => name === model);
  const patterns = settings.routes.filter(({ name }) => name.endsWith("*") && model.startsWith(name.slice(0, -1)));
  const route = exact ?? patterns.sort((a, b) => b.name.length - a.name.length)[0];
  return route?.retryWaitMs ?? 0;
}

async function step(question: Question, weather: Omit<Weather, "failures">): Promise<Step | "final"> {
  const least = await run(question, { ...weather, failures: 1, random: 0 });
  const most = await run(question, { ...weather, failures: 1, random: 1 - Number.EPSILON });
  const [first, second] = least.tried;
  if (second === undefined) return "final";
  return { target: second, again: second === first, waitMs: [least.waitedMs, Math.round(most.waitedMs)] };
}

interface Weather {
  /** So many attempts fail. */
  readonly failures: number;
  readonly retryAfterMs?: number;
  /** No retry is left in the budget of any domain. */
  readonly spent?: boolean;
  readonly random?: number;
}

interface Seen {
  readonly tried: readonly string[];
  readonly waitedMs: number;
  readonly status: number;
}

async function run({ settings, model, dialect, kind }: Question, weather: Weather): Promise<Seen> {
  const providers = settings.providers.map(({ name, dialect }) => ({ ...SIM_PROVIDER_DEFAULTS, name, dialect }));
  const world = createWorld({ seed: 1, providers });
  const events: GatewayEvent[] = [];
  const engine = createEngine({
    settings: inWorld(settings, world),
    runtime: stormy(world, settings, kind, weather),
    maxOutput: maxOutputTokens,
    contextOf: contextTokens,
    readers: [(event) => void events.push(event)],
  });
  if (weather.spent) for (const { name } of providers) engine.cells.budget(name).tokens = 0;
  let status = 0;
  void deliver(engine, tinyCall({ id: "call", dialect, model, stream: false }), new CancelSource(), 0).then(
    (delivery) => {
      status = delivery.status;
    },
  );
  await world.run(Number.POSITIVE_INFINITY);
  return {
    tried: events.flatMap((event) => (event.type === "attempt-start" ? [event.target] : [])),
    waitedMs: events.reduce((sum, event) => sum + (event.type === "retry-wait" ? event.delayMs : 0), 0),
    status,
  };
}

/** The same routes over providers of the virtual world; as many keys, but no true one. */
function inWorld(settings: Settings, world: World): Settings {
  const providers = settings.providers.map((provider) => ({
    ...provider,
    url: world.url(provider.name),
    keys: provider.keys.map((_, index) => `key-${index + 1}`),
  }));
  return { ...settings, providers };
}

function stormy(world: World, settings: Settings, kind: FaultKind, weather: Weather): Runtime {
  let sent = 0;
  const { runtime } = world;
  const transport: Transport = async (request, cancel) => {
    if (++sent > weather.failures) return runtime.transport(request, cancel);
    const provider = settings.providers.find(({ name }) => request.url.startsWith(world.url(name)));
    const error = provider && errorOf(provider.dialect, kind);
    const { retryAfterMs } = weather;
    if (error === undefined) return fault(kind, "as wanted", retryAfterMs === undefined ? {} : { retryAfterMs });
    return answerWith(error, retryAfterMs === undefined ? {} : { "retry-after-ms": String(retryAfterMs) });
  };
  return { ...runtime, transport, ...(weather.random !== undefined && { random: () => weather.random ?? 0 }) };
}

interface HttpError {
  readonly status: number;
  readonly body: Uint8Array;
}

function answerWith({ status, body }: HttpError, headers: HeaderMap): WireResponse {
  return { status, headers, body: { read: async () => undefined, whole: async () => body, cancel() {} } };
}

const EMPTY = new Uint8Array(0);

/** How a provider of this dialect says so; `undefined`: it cannot be told by an HTTP error. */
function errorOf(dialect: DialectId, kind: FaultKind): HttpError | undefined {
  const { wire } = DIALECTS[dialect];
  const own = wire.faultTo(fault(kind, kind), { call: "call", trail: [] });
  const bare = Array.from({ length: 200 }, (_, at): HttpError => ({ status: 400 + at, body: EMPTY }));
  return [own, ...bare].find(({ status, body }) => wire.faultFrom(status, {}, body, 0).kind === kind);
}

function isToldByError(kind: FaultKind): boolean {
  return CLIENTS.some((dialect) => errorOf(dialect, kind) !== undefined);
}

function isOfAttempt(kind: FaultKind): boolean {
  const { blame, retry } = FAULTS[kind];
  return blame === "provider" || blame === "network" || retry !== "never" || isToldByError(kind);
}

function mayAskToWait(kind: FaultKind): boolean {
  return FAULTS[kind].blame === "provider" && isToldByError(kind);
}
