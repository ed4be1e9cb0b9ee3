// The gateway's runtime: Bun's fetch with what its traps ask for, a TCP probe of late hosts, the machine's clock.

import type { Runtime } from "../core/runtime.ts";
import { systemClock } from "./clock.ts";
import { createFetchTransport, type Probe } from "./fetch-transport.ts";

export function createBunRuntime(): Runtime {
  return {
    clock: systemClock,
    wallMs: () => Date.now(),
    random: () => Math.random(),
    transport: createFetchTransport({
      clock: systemClock,
      probe: probeTcp,
      // Bytes as they came, and no hidden timeout: Bun's own ends silence after 6 minutes.
      init: { decompress: false, timeout: false },
    }),
  };
}

/** fetch queues silently beyond this many requests; Bun reads the limit from the environment of the process's start. */
export function maxConcurrentFetches(): number {
  return Number(process.env.BUN_CONFIG_MAX_HTTP_REQUESTS ?? 256);
}

const probeTcp: Probe = async (url, timeoutMs) => {
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  return new Promise((resolve) => {
    const disarm = systemClock.after(timeoutMs, () => resolve("the host did not accept a connection in time"));
    const settle = (reason: string | undefined): void => {
      disarm();
      resolve(reason);
    };
    Bun.connect({
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port,
      socket: {
        open(socket) {
          socket.end();
          settle(undefined);
        },
        data() {},
        error: (_socket, error) => settle(`no connection to the host (${error.name})`),
        connectError: (_socket, error) => settle(`no connection to the host (${error.name})`),
      },
    }).catch((error: unknown) =>
      settle(`no connection to the host (${error instanceof Error ? error.name : "error"})`),
    );
  });
};
