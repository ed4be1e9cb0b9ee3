// The handler over the engine in the virtual world: requests and responses as objects, no socket, no real time.

import { createHandler, type Handler } from "../../src/server/handler.ts";
import { type Virtual, type VirtualOptions, virtual } from "./virtual.ts";

export interface HttpWorld extends Virtual {
  readonly handler: Handler;
  /** Lets time pass until the promise is settled. */
  settle<T>(promise: Promise<T> | T): Promise<T>;
  send(path: string, init?: RequestInit): Promise<Response>;
  /** A POST of this JSON text, or of this object as JSON. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

export const HOST = "http://127.0.0.1:4000";
/** Turns of the loop in which a request's own promises settle. */
const TURNS = 4;
const STEPS_MAX = 200_000;

export function httpWorld(options: VirtualOptions): HttpWorld {
  const here = virtual(options);
  const handler = createHandler(here.engine);
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const settle = async <T>(promise: Promise<T> | T): Promise<T> => {
    let done = false;
    const watched = Promise.resolve(promise).finally(() => {
      done = true;
    });
    // Whoever waits for it sees the reason.
    watched.catch(() => {});
    for (let step = 0; !done && step < STEPS_MAX; step++) {
      for (let turns = 0; !done && turns < TURNS; turns++) await turn();
      if (!done && here.world.timers() > 0) await here.world.run(here.world.clock.nextDueMs);
    }
    if (!done) throw new Error("it never settles");
    return watched;
  };
  const send = (path: string, init?: RequestInit) => settle(handler.handle(new Request(HOST + path, init)));
  return {
    ...here,
    handler,
    settle,
    send,
    post: (path, body, headers = {}) =>
      send(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
  };
}
