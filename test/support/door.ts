// The gateway's HTTP side over a runtime in a test's hand: requests go in as a client's, providers answer what the test
// says. No socket; for those, `gateway.ts`.

import type { DialectId } from "../../src/core/call.ts";
import { tellAll } from "../../src/core/fact-readers.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import type { Secrets, Settings } from "../../src/core/settings.ts";
import { createEngine, type Engine } from "../../src/engine/engine.ts";
import { createObservers } from "../../src/observe/observers.ts";
import { createHandler, type Handler } from "../../src/server/handler.ts";
import { createTargetBoard } from "../../src/server/target-board.ts";
import { type Answering, type HandRuntime, handRuntime, respond } from "./hand-runtime.ts";
import { ROUTE } from "./virtual.ts";

export { type Answering, respond } from "./hand-runtime.ts";

export interface DoorOptions extends Partial<Settings> {
  readonly answering?: Answering;
  readonly secrets?: Secrets;
}

export interface Door extends HandRuntime {
  readonly engine: Engine;
  readonly handler: Handler;
  readonly events: readonly GatewayEvent[];
  /** As from a client on this machine; runs the clock until there is a response. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** A whole call of the Messages API for `model`. */
  call(model: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

export const MESSAGE = JSON.stringify({
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "m",
  content: [{ type: "text", text: "hello" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
});

export function provider(
  name: string,
  keys: Settings["providers"][number]["keys"],
  dialect: DialectId = "anthropic-messages",
) {
  const url = `https://${name}.test${dialect === "openai-chat" ? "/v1" : ""}`;
  return { name, dialect, url, keys, tier: "remote" } as const;
}

export function route(name: string, ...targets: readonly string[]) {
  const split = targets.map((target) => ({
    provider: target.slice(0, target.indexOf("/")),
    model: target.slice(target.indexOf("/") + 1),
  }));
  return { ...ROUTE, name, targets: split };
}

/** Without more: the route `chat` to `alpha/m`, then `beta/m`. */
export function door({ answering = () => respond(200, MESSAGE), secrets, ...given }: DoorOptions = {}): Door {
  const hand = handRuntime(answering);
  const events: GatewayEvent[] = [];
  const settings: Settings = {
    listen: { host: "127.0.0.1", port: 0 },
    providers: [provider("alpha", ["sk-alpha"]), provider("beta", ["sk-beta"])],
    routes: [route("chat", "alpha/m", "beta/m")],
    keys: [],
    passthrough: true,
    ...given,
  };
  // Ids of calls must differ.
  let draws = 0;
  const runtime = { ...hand.runtime, random: () => (++draws * 0.618034) % 1 };
  const board = createTargetBoard();
  const observers = createObservers({ wallMs: runtime.wallMs, clock: runtime.clock, env: {} });
  const readers = [tellAll([board.read, ...observers.readers, (event) => void events.push(event)])];
  const engine = createEngine({ settings, runtime, readers, ...(secrets && { secrets }) });
  const handler = createHandler(engine, { observers, board });
  const ask: Door["ask"] = async (path, init = {}) => {
    const headers = new Headers(init.headers);
    if (!headers.has("host")) headers.set("host", "127.0.0.1:4000");
    let response: Response | undefined;
    const request = new Request(`http://127.0.0.1:4000${path}`, { ...init, headers });
    void Promise.resolve(handler.handle(request)).then((made) => {
      response = made;
    });
    await hand.advance(0);
    while (response === undefined && hand.clock.timers > 0) await hand.advance(hand.clock.nextDueMs - hand.clock.now());
    if (response === undefined) throw new Error("the request was never answered");
    return response;
  };
  const call: Door["call"] = (model, headers = {}) => {
    const body = JSON.stringify({ model, max_tokens: 5, messages: [{ role: "user", content: "hello" }] });
    return ask("/v1/messages", { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
  };
  return { ...hand, runtime, engine, handler, events, ask, call };
}
