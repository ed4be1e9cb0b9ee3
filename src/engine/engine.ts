// The whole path behind one function: a call in, a reply out, facts on the side. Routes are compiled once; a throw inside
// becomes the fault `bug` here and nowhere else on the call's path.

import type { Call } from "../core/call.ts";
import type { CancelSource } from "../core/cancel.ts";
import type { Cells } from "../core/cell.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { nearest } from "../core/nearest.ts";
import { type Answer, attemptsIn, type Ending, type Refusal, type Reply } from "../core/reply.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Scope } from "../core/service.ts";
import type { ProviderSettings, Secrets, Settings } from "../core/settings.ts";
import type { TokenPrice } from "../core/target.ts";
import { createCells } from "../state/cells.ts";
import { compile, type Route, type Routes } from "./compile.ts";
import { NO_SECRETS } from "./keyring.ts";

export interface Engine {
  readonly runtime: Runtime;
  /** What it runs by now. */
  readonly settings: Settings;
  readonly routes: Routes;
  readonly cells: Cells;
  readonly secrets: Secrets;
  /** Atomic: calls in flight finish on the services they began with; cells of targets that stay are kept. */
  reload(settings: Settings): void;
  /** Never rejects. The answer's `ending` settles the call's last event. */
  answer(call: Call, cancel: CancelSource): Promise<Reply>;
  /** Calls begun and not yet ended. */
  readonly inFlight: number;
  emit(event: GatewayEvent): void;
}

export interface EngineOptions {
  readonly settings: Settings;
  readonly runtime: Runtime;
  /** Reads keys that are not in the settings themselves; without it such keys count as missing. */
  readonly secrets?: Secrets;
  /** A model's largest output in tokens, where known. */
  readonly maxOutput?: (model: string) => number | undefined;
  /** What a model can hold in tokens, where known. */
  readonly contextOf?: (model: string) => number | undefined;
  /** What a provider's model costs, where known; without it budgets hold in calls alone. */
  readonly priceOf?: (provider: ProviderSettings, model: string) => TokenPrice | undefined;
  /** Readers of the stream of facts. A reader that throws is dropped from that event, never from the call. */
  readonly readers?: readonly ((event: GatewayEvent) => void)[];
  /** See `Scope`. */
  readonly propagate?: Scope["propagate"];
}

/** A list of route names in an error is cut here. */
const NAMES_SHOWN = 20;

export function createEngine(options: EngineOptions): Engine {
  const { runtime, secrets = NO_SECRETS, readers = [], propagate, contextOf } = options;
  const facts = { maxOutput: options.maxOutput ?? unknown, priceOf: options.priceOf ?? unknown, contextOf };
  const cells = createCells();
  const { clock } = runtime;
  const emit = emitTo(readers);
  let settings = options.settings;
  let routes = compile(settings, { cells, secrets, ...facts });
  let inFlight = 0;
  const end = (id: string, startMs: number, reply: Reply, ending?: Ending): void => {
    inFlight--;
    emit(callEnd(id, clock.now(), startMs, { reply, ending }));
  };
  /** Its own function, so that an open stream keeps no request alive. */
  const endWith = (id: string, startMs: number, answer: Answer): void => {
    void Promise.resolve(answer.ending).then((ending) => end(id, startMs, answer, ending));
  };
  const replied = (call: Call, startMs: number, reply: Reply): Reply => {
    if (reply.ok) {
      emit(callCommit(call, clock.now(), reply));
      if (reply.ending instanceof Promise) endWith(call.id, startMs, reply);
      else end(call.id, startMs, reply, reply.ending);
    } else end(call.id, startMs, reply);
    return reply;
  };
  return {
    runtime,
    cells,
    secrets,
    emit,
    get settings() {
      return settings;
    },
    get routes() {
      return routes;
    },
    reload(now) {
      routes = compile(now, { cells, secrets, ...facts });
      settings = now;
      // What no target could answer, another one may now.
      cells.refused.clear();
    },
    get inFlight() {
      return inFlight;
    },
    answer(call, cancel) {
      const startMs = clock.now();
      const route = routes.get(call.model);
      inFlight++;
      const isServed = mayUse(call, route);
      emit(callStart(call, startMs, isServed ? route.name : ""));
      if (!isServed) return Promise.resolve(replied(call, startMs, refused(notFor(call, route, routes.names))));
      const scope: Scope = { runtime, cancel, emit, propagate, deadline: undefined };
      return serve(route, call, scope).then(
        (reply) => replied(call, startMs, reply),
        (error: unknown) => replied(call, startMs, thrown(error, call.id, scope)),
      );
    },
  };
}

function emitTo(readers: readonly ((event: GatewayEvent) => void)[]): (event: GatewayEvent) => void {
  return (event) => {
    for (const reader of readers) {
      try {
        reader(event);
      } catch {
        // Seeing is not serving: a fault of a reader never touches a call.
      }
    }
  };
}

function mayUse(call: Call, route: Route | undefined): route is Route {
  return route !== undefined && (call.routes === undefined || call.routes.includes(route.name));
}

function unknown(): undefined {
  return undefined;
}

/** Rejects for whatever is thrown, at once or later. */
function serve(route: Route, call: Call, scope: Scope): Promise<Reply> {
  try {
    return route.serve(call.dialect)(call, scope);
  } catch (error) {
    return Promise.reject(error);
  }
}

function thrown(error: unknown, call: string, { runtime, emit, deadline }: Scope): Refusal {
  deadline?.stop();
  const message = error instanceof Error ? error.message : String(error);
  emit({ type: "bug", atMs: runtime.clock.now(), call, message });
  return refused(fault("bug", "Holdfast failed inside; the call was not answered."));
}

function callStart(call: Call, atMs: number, route: string): GatewayEvent {
  const { id, operation, dialect, model, stream, tenant, endUser } = call;
  const { traceparent: parent, tracestate: state } = call.headers;
  const start = {
    type: "call-start",
    atMs,
    call: id,
    route,
    operation,
    dialect,
    model,
    stream,
    tenant,
    endUser,
  } as const;
  return parent === undefined ? start : { ...start, trace: { parent, ...(state !== undefined && { state }) } };
}

function callCommit(call: Call, atMs: number, { target, trail }: Answer): GatewayEvent {
  return { type: "call-commit", atMs, call: call.id, target, attempts: attemptsIn(trail) };
}

function callEnd(
  call: string,
  atMs: number,
  startMs: number,
  { reply, ending }: { readonly reply: Answer | Refusal; readonly ending: Ending | undefined },
): GatewayEvent {
  const tookMs = atMs - startMs;
  const attempts = attemptsOf(reply);
  if (!reply.ok) {
    const left = reply.fault.kind === "cancelled" || reply.fault.kind === "client-stall";
    const how = left ? "cancelled" : "refused";
    return { type: "call-end", atMs, call, attempts, tookMs, ending: how, fault: reply.fault.kind };
  }
  return {
    type: "call-end",
    atMs,
    call,
    attempts,
    tookMs,
    ending: ending?.kind ?? "complete",
    target: reply.target,
    servedBy: reply.servedBy,
    degraded: reply.degraded,
    fault: ending?.fault?.kind,
    firstContentMs: ending === undefined ? undefined : tookMs - ending.tookMs + ending.firstContentMs,
    usage: ending?.usage,
  };
}

/** Upstream requests of this call. */
function attemptsOf(reply: Reply): number {
  return !reply.ok && reply.remembered === true ? 0 : attemptsIn(reply.trail);
}

function refused(reason: Fault): Refusal {
  return { ok: false, fault: reason, trail: [] };
}

function notFor(call: Call, route: Route | undefined, names: readonly string[]): Fault {
  return route === undefined ? unknownModel(call, names) : notYours(call);
}

/** Says nothing of other routes: what a tenant may not use, it need not know. */
function notYours({ model }: Call): Fault {
  return fault("forbidden", `This key may not use the model "${model}".`);
}

function unknownModel({ model, routes }: Call, all: readonly string[]): Fault {
  const message = `No route has the model "${model}".${routesNear(model, all, routes)}`;
  return fault("not-found", message, { param: "model" });
}

/** The nearest route's name, and the routes: of all, those that may be known to whoever asks (`allowed`; absent: all). */
export function routesNear(name: string, all: readonly string[], allowed?: readonly string[]): string {
  const names = allowed === undefined ? all : all.filter((one) => allowed.includes(one));
  const near = nearest(name, names);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  return `${hint} Routes: ${names.slice(0, NAMES_SHOWN).join(", ")}${names.length > NAMES_SHOWN ? ", …" : ""}.`;
}
