// Listening, draining, limits: the handler on Bun's HTTP server.

import { CancelSource } from "../core/cancel.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { sleep } from "../core/timing.ts";
import { createEngine } from "../engine/engine.ts";
import { createHandler } from "./handler.ts";
import { BODY_BYTES_MAX } from "./read-call.ts";

export interface ServerOptions {
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly maxOutput?: (model: string) => number | undefined;
  readonly readers?: readonly ((event: GatewayEvent) => void)[];
}

export interface Server {
  /** `http://HOST:PORT` */
  readonly url: string;
  /** Refuses new calls, lets those in flight finish for up to `graceMs`, then closes what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Idle connections are closed after this; a call in flight is exempt. */
const IDLE_S = 120;
const DRAIN_POLL_MS = 25;
const FLUSH_MS = 500;

export function startServer({ settings, runtime, maxOutput, readers }: ServerOptions): Server {
  const engine = createEngine({ settings, runtime, ...(maxOutput && { maxOutput }), ...(readers && { readers }) });
  const handler = createHandler(engine);
  const { host, port } = settings.listen;
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: IDLE_S,
    // The handler answers 413 in the caller's dialect; this is the backstop for bodies without a stated length.
    maxRequestBodySize: BODY_BYTES_MAX * 2,
    development: false,
    // Otherwise a second gateway on a taken port starts in silence and gets every other call.
    reusePort: false,
    fetch(request, self) {
      // Whole answers may take minutes of silence; streams are kept alive by pings.
      if (request.method === "POST") self.timeout(request, 0);
      return handler.handle(request);
    },
    error: () => new Response("Holdfast failed inside.", { status: 500 }),
  });
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`,
    async stop(graceMs) {
      handler.drain();
      const untilMs = runtime.clock.now() + graceMs;
      const never = new CancelSource();
      while (handler.open > 0 && runtime.clock.now() < untilMs) await sleep(runtime.clock, DRAIN_POLL_MS, never);
      // What was handed over may still be on its way out; idle connections would wait for ever.
      await Promise.race([server.stop(false), sleep(runtime.clock, FLUSH_MS, never)]);
      await server.stop(true);
    },
  };
}
