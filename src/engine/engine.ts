// The whole path behind one function: a call in, a reply out, facts on the side. Routes are compiled once; a throw inside
// becomes the fault `bug` here and nowhere else on the call's path.

import type { Call } from "../core/call.ts";
import type { Cells } from "../core/cell.ts";
import type { Cancel } from "../core/cancel.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { nearest } from "../core/nearest.ts";
import type { Answer, Ending, Refusal, Reply } from "../core/reply.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Scope } from "../core/service.ts";
import type { Settings } from "../core/settings.ts";
import { createCells } from "../state/cells.ts";
import { compile, type Route, type Routes } from "./compile.ts";

export interface Engine {
  readonly runtime: Runtime;
  readonly routes: Routes;
  readonly cells: Cells;
  /** Atomic: calls in flight finish on the services they began with; cells of targets that stay are kept. */
  reload(settings: Settings): void;
  /** Never rejects. The answer's `ending` settles the call's last event. */
  answer(call: Call, cancel: Cancel): Promise<Reply>;
  /** Calls begun and not yet ended. */
  readonly inFlight: number;
  emit(event: GatewayEvent): void;
}

export interface EngineOptions {
  readonly settings: Settings;
  readonly runtime: Runtime;
  /** A model's largest output in tokens, where known. */
  readonly maxOutput?: (model: string) => number | undefined;
  /** Readers of the stream of facts. A reader that throws is dropped from that event, never from the call. */
  readonly readers?: readonly ((event: GatewayEvent) => void)[];
}

/** A list of route names in an error is cut here. */
const NAMES_SHOWN = 20;

export function createEngine({ settings, runtime, maxOutput, readers = [] }: EngineOptions): Engine {
  const cells = createCells();
  const compileNow = (now: Settings): Routes => compile(now, cells, maxOutput ?? (() => undefined));
  let routes = compileNow(settings);
  const { clock } = runtime;
  let inFlight = 0;
  const emit = (event: GatewayEvent): void => {
    for (const reader of readers) {
      try {
        reader(event);
      } catch {
        // Seeing is not serving: a fault of a reader never touches a call.
      }
    }
  };
  const end = (call: Call, startMs: number, reply: Reply, ending?: Ending): void => {
    inFlight--;
    emit(callEnd(call, clock.now(), startMs, { reply, ...(ending !== undefined && { ending }) }));
  };
  return {
    runtime,
    cells,
    emit,
    get routes() {
      return routes;
    },
    reload(now) {
      routes = compileNow(now);
    },
    get inFlight() {
      return inFlight;
    },
    async answer(call, cancel) {
      const startMs = clock.now();
      const route = routes.get(call.model);
      inFlight++;
      emit(callStart(call, startMs, route?.name ?? ""));
      const reply: Reply =
        route === undefined
          ? { ok: false, fault: unknownModel(call.model, routes.names), trail: [] }
          : await serve(route, call, { runtime, cancel, emit });
      if (reply.ok) {
        emit(callCommit(call, clock.now(), reply));
        void reply.ending.then((ending) => end(call, startMs, reply, ending));
      } else end(call, startMs, reply);
      return reply;
    },
  };
}

async function serve(route: Route, call: Call, scope: Scope): Promise<Reply> {
  try {
    return await route.serve(call.dialect)(call, scope);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    scope.emit({ type: "bug", atMs: scope.runtime.clock.now(), call: call.id, message });
    return { ok: false, fault: fault("bug", "Holdfast failed inside; the call was not answered."), trail: [] };
  }
}

function callStart({ id, operation, dialect, model, stream, tenant }: Call, atMs: number, route: string): GatewayEvent {
  return { type: "call-start", atMs, call: id, route, operation, dialect, model, stream, tenant };
}

function callCommit(call: Call, atMs: number, { target, trail }: Answer): GatewayEvent {
  return { type: "call-commit", atMs, call: call.id, target, attempts: trail.length };
}

function callEnd(
  call: Call,
  atMs: number,
  startMs: number,
  { reply, ending }: { reply: Answer | Refusal; ending?: Ending },
): GatewayEvent {
  const base = { type: "call-end", atMs, call: call.id, attempts: reply.trail.length, tookMs: atMs - startMs } as const;
  if (!reply.ok) {
    return { ...base, ending: reply.fault.kind === "cancelled" ? "cancelled" : "refused", fault: reply.fault.kind };
  }
  return {
    ...base,
    ending: ending?.kind ?? "complete",
    target: reply.target,
    servedBy: reply.servedBy,
    ...(reply.degraded !== undefined && { degraded: reply.degraded }),
    ...(ending?.fault !== undefined && { fault: ending.fault.kind }),
    ...(ending !== undefined && { firstContentMs: atMs - startMs - ending.tookMs + ending.firstContentMs }),
    ...(ending?.usage !== undefined && { usage: ending.usage }),
  };
}

function unknownModel(model: string, names: readonly string[]): Fault {
  const near = nearest(model, names);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  const shown = names.slice(0, NAMES_SHOWN).join(", ") + (names.length > NAMES_SHOWN ? ", …" : "");
  return fault("not-found", `No route has the model "${model}".${hint} Routes: ${shown}.`, { param: "model" });
}
