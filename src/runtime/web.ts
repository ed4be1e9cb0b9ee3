// The portable runtime: WHATWG `fetch`, streams and timers, for Node, Bun, Deno and edge platforms. What only the gateway
// has, a TCP probe of late hosts and undecoded bodies, is not here.

import { isFault } from "../core/fault.ts";
import type { Runtime, WireResponse } from "../core/runtime.ts";
import { systemClock } from "./clock.ts";
import { createFetchTransport } from "./fetch-transport.ts";

export type WebFetch = (url: string, init: RequestInit) => Promise<Response>;

/** `fetch`: what providers are called with; default: the platform's as it is now, whatever replaces the global later. */
export function createWebRuntime(given?: WebFetch): Runtime {
  const platform = globalThis.fetch;
  const transport = createFetchTransport({ clock: systemClock, fetch: given ?? ((url, init) => platform(url, init)) });
  return {
    clock: systemClock,
    wallMs: () => Date.now(),
    random: () => Math.random(),
    async transport(request, cancel) {
      const response = await transport({ ...request, headers: { ...request.headers, ...UNENCODED } }, cancel);
      return isFault(response) ? response : decoded(response);
    },
  };
}

/** Every platform but Bun asks for compressed bodies and decodes them, which delays the frames of a stream. */
const UNENCODED = { "accept-encoding": "identity" } as const;

/** Where it compresses all the same, the platform has decoded the body, and only the headers tell of what was. */
function decoded(response: WireResponse): WireResponse {
  if (response.headers["content-encoding"] === undefined) return response;
  const { "content-encoding": _, "content-length": __, ...headers } = response.headers;
  return { ...response, headers };
}

/** The environment variables of platforms that have them. */
export function platformEnvironment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }; // absent on the edge
  return process?.env ?? {};
}
