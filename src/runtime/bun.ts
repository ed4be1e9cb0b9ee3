// The gateway's runtime: Bun's fetch with what its traps ask for, a TCP probe of late hosts, the machine's clock.

import type { HeaderMap, Runtime } from "../core/runtime.ts";
import { systemClock } from "./clock.ts";
import { createFetchTransport, type Probe } from "./fetch-transport.ts";
import { pinnedTo } from "./pinned.ts";
import { hasProxy, isLoopbackUrl, proxyFor } from "./proxy.ts";
import { createTcpProbe } from "./tcp-probe.ts";

export function createBunRuntime(): Runtime {
  const { env } = process;
  const isProxied = hasProxy(env);
  const probeHost = createTcpProbe(systemClock);
  // Behind a proxy the host itself may well be out of reach: it is the proxy that has to be there.
  const probe: Probe = (url, timeoutMs) => probeHost(proxyFor(url, env) ?? url, timeoutMs);
  return {
    clock: systemClock,
    wallMs: () => Date.now(),
    random: () => Math.random(),
    hmacSha256: (key, text) => new Bun.CryptoHasher("sha256", key).update(text).digest("hex"),
    transport: createFetchTransport({
      clock: systemClock,
      probe: isProxied ? probe : probeHost,
      ...(isProxied && { fetch: fetchNear }),
      // A proxy resolves names by itself, and may know nothing of ours.
      pin: (request, address) =>
        isProxied && proxyFor(new URL(request.url), env) !== undefined
          ? { ...request, init: {} }
          : pinnedTo(request, address),
      // Bytes as they came, and no hidden timeout: Bun's own ends silence after 6 minutes.
      init: { decompress: false, timeout: false },
      readHeaders: allHeaders,
    }),
  };
}

/** Bun makes a plain object of all headers at once; only `set-cookie` is a list in it, and no cookie is ever passed on. */
function allHeaders(headers: Headers): HeaderMap {
  const all = headers.toJSON();
  if ("set-cookie" in all) delete all["set-cookie"];
  return all;
}

/** Bun sends even requests to this machine through a proxy. */
function fetchNear(url: string, init: RequestInit): Promise<Response> {
  const near = { ...init, proxy: false };
  return fetch(url, isLoopbackUrl(new URL(url)) ? near : init);
}

/** fetch queues silently beyond this many requests; Bun reads the limit from the environment of the process's start. */
export function maxConcurrentFetches(): number {
  return Number(process.env.BUN_CONFIG_MAX_HTTP_REQUESTS ?? 256);
}
