// The gateway's runtime: Bun's fetch with what its traps ask for, a TCP probe of late hosts, the machine's clock.

import type { Runtime } from "../core/runtime.ts";
import { systemClock } from "./clock.ts";
import { createFetchTransport } from "./fetch-transport.ts";
import { createTcpProbe } from "./tcp-probe.ts";

export function createBunRuntime(): Runtime {
  return {
    clock: systemClock,
    wallMs: () => Date.now(),
    random: () => Math.random(),
    transport: createFetchTransport({
      clock: systemClock,
      probe: createTcpProbe(systemClock),
      // Bytes as they came, and no hidden timeout: Bun's own ends silence after 6 minutes.
      init: { decompress: false, timeout: false },
    }),
  };
}

/** fetch queues silently beyond this many requests; Bun reads the limit from the environment of the process's start. */
export function maxConcurrentFetches(): number {
  return Number(process.env.BUN_CONFIG_MAX_HTTP_REQUESTS ?? 256);
}
