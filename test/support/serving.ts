// A gateway that serves on a port of this machine, with its incidents; its providers are simulated.

import { startSimProvider } from "../../src/cli/sim-provider.ts";
import type { Settings } from "../../src/core/settings.ts";
import { createObservers } from "../../src/observe/observers.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import { sendMail } from "../../src/runtime/smtp.ts";
import { startServer } from "../../src/server/http.ts";
import { createIncidentRoom } from "../../src/server/incident-room.ts";
import { ROUTE } from "./virtual.ts";

export interface Serving {
  readonly url: string;
  stop(): Promise<void>;
}

/** Two providers behind the route `chat`. */
export function demoWith(more: Partial<Settings> = {}): Serving {
  const runtime = createBunRuntime();
  const started = [
    startSimProvider({ name: "alpha", dialect: "anthropic-messages" }),
    startSimProvider({ name: "beta", dialect: "openai-chat" }),
  ];
  const settings: Settings = {
    listen: { host: "127.0.0.1", port: 0 },
    providers: started.map(({ name, dialect, url }) => ({ name, dialect, url, keys: [], tier: "remote" })),
    routes: [{ ...ROUTE, name: "chat", targets: started.map(({ name }) => ({ provider: name, model: "m" })) }],
    keys: [],
    passthrough: false,
    ...more,
  };
  const room = createIncidentRoom({ runtime, settings, sendMail, warn: () => {} });
  const observers = createObservers({
    wallMs: runtime.wallMs,
    clock: runtime.clock,
    env: {},
    callReaders: [room.readCall],
  });
  const server = startServer({ settings, runtime, observers, room });
  return {
    url: server.url,
    async stop() {
      await server.stop(0);
      for (const provider of started) provider.stop();
    },
  };
}
