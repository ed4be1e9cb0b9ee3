// The real engine over a transport in a test's hand, with one call at a time.

import type { Call, DialectId, Operation } from "../../src/core/call.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import { isFault } from "../../src/core/fault.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { HeaderMap } from "../../src/core/runtime.ts";
import type { RouteSettings, Settings } from "../../src/core/settings.ts";
import { DIALECTS } from "../../src/dialects/registry.ts";
import { type Delivery, deliver } from "../../src/engine/deliver.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import { forwardedHeaders } from "../../src/providers/provider.ts";
import { type Answering, type HandRuntime, handRuntime, type Sent } from "./hand-runtime.ts";
import { ANTHROPIC, ROUTE } from "./virtual.ts";

export { type Answering, HandBody, respond } from "./hand-runtime.ts";

export interface HandAsk {
  readonly dialect?: DialectId;
  readonly operation?: Operation;
  readonly stream?: boolean;
  readonly body?: string;
  /** As the client sent them. */
  readonly headers?: HeaderMap;
  readonly query?: string;
}

export interface HandEngine extends HandRuntime {
  readonly engine: Engine;
  readonly events: readonly GatewayEvent[];
  /** Runs the clock until the call is answered. */
  ask(ask: HandAsk): Promise<Delivery>;
}

/** Targets `p0/m0`, `p1/m1`, … of these dialects, on the route `chat`. */
export function handEngine(
  dialects: readonly DialectId[],
  answering: Answering,
  route: Partial<RouteSettings> = {},
  contextOf?: (model: string) => number | undefined,
): HandEngine {
  const hand = handRuntime(answering);
  const events: GatewayEvent[] = [];
  const settings = settingsOf(dialects, route);
  const readers = [(event: GatewayEvent) => void events.push(event)];
  const engine = createEngine({
    settings,
    runtime: hand.runtime,
    maxOutput: () => 4_096,
    readers,
    ...(contextOf && { contextOf }),
  });
  return {
    ...hand,
    engine,
    events,
    async ask(ask) {
      let delivery: Delivery | undefined;
      void deliver(engine, callOf(ask), new CancelSource(), 1e9).then((made) => {
        delivery = made;
      });
      await hand.advance(0);
      while (delivery === undefined && hand.clock.timers > 0)
        await hand.advance(hand.clock.nextDueMs - hand.clock.now());
      if (delivery === undefined) throw new Error("the call was never answered");
      return delivery;
    },
  };
}

export function settingsOf(dialects: readonly DialectId[], route: Partial<RouteSettings> = {}): Settings {
  const targets = dialects.map((_, index) => ({ provider: `p${index}`, model: `m${index}` }));
  return {
    listen: { host: "127.0.0.1", port: 0 },
    providers: dialects.map((dialect, index) => ({
      name: `p${index}`,
      dialect,
      url: `http://p${index}.test`,
      keys: [`key-${index}`],
      tier: "remote",
    })),
    routes: [{ ...ROUTE, name: "chat", targets, ...route }],
    keys: [],
    passthrough: false,
  };
}

function callOf({ dialect = ANTHROPIC, operation = "generate", stream = false, query = "", ...ask }: HandAsk): Call {
  const plain = { model: "chat", max_tokens: 5, stream, messages: [{ role: "user", content: "hello" }] };
  const body = new TextEncoder().encode(ask.body ?? JSON.stringify(plain));
  const inspected = DIALECTS[dialect].wire.inspect(body, operation);
  if (isFault(inspected)) throw new Error(inspected.message);
  return {
    id: "call_1",
    operation,
    dialect,
    model: inspected.model,
    stream: inspected.stream,
    body,
    inspected,
    headers: forwardedHeaders(dialect, new Headers(ask.headers)),
    query,
    deadlineMs: Number.POSITIVE_INFINITY,
    tenant: "default",
    criticality: "default",
    retryCount: 0,
  };
}

export function bytesSent(sent: Sent | undefined): string {
  return new TextDecoder().decode(sent?.body);
}
