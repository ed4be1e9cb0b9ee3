// The library: the same handler that the gateway listens with, behind the `fetch` of an SDK instead of a socket. It is here
// because it is the handler's other host; it has no listener, and nothing in its graph knows Bun or Node.

import { contextTokens, maxOutputTokens, tokenPrice } from "../../catalog/models.ts";
import type { HoldfastConfig } from "../config/config-object.ts";
import { settingsFrom } from "../config/load.ts";
import { type Problem, renderProblems } from "../config/problem.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { createEngine } from "../engine/engine.ts";
import { type RouteStatus, routeStatus } from "../engine/route-status.ts";
import { createEventHub, type EventFeed, FEEDS_MAX } from "../observe/event-hub.ts";
import { backgroundClock } from "../runtime/clock.ts";
import { createDeparture, type Departure } from "../runtime/departure.ts";
import { createWebRuntime, platformEnvironment, type WebFetch } from "../runtime/web.ts";
import { createSloWatch, type SloWatch } from "../sla/slo-watch.ts";
import { createHandler } from "./handler.ts";
import { createPageWatch } from "./page-watch.ts";

export interface HoldfastOptions {
  /** What `${NAME}` in the configuration reads; default: the process's environment, where the platform has one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What providers are called with; default: the platform's `fetch` as it is now. */
  readonly fetch?: WebFetch;
}

export interface Holdfast {
  /**
   * Takes the place of `fetch` in an SDK. The path chooses the dialect; the host, and what stands before `/v1`, are ignored.
   * Whatever happens at the providers is an HTTP response. It rejects when `signal` aborts, with the signal's reason.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** The facts from now on. A reader that is too slow loses the oldest and gets `{ type: "lost", count }` instead. */
  events(): EventFeed;
  /** How a route does, from what is believed of its targets; nothing is sent for it. Throws on a route that does not exist. */
  routeStatus(route: string): RouteStatus;
  /** Aborts what is in flight and ends every `events()`. Later calls of `fetch` reject. */
  close(): void;
}

/** The configuration is wrong. `message` has a line for each problem. */
export class HoldfastConfigError extends Error {
  override readonly name = "HoldfastConfigError";
  /** All of them, in the order of the object. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(`The configuration is wrong:\n${renderProblems(problems)}`);
    this.problems = problems;
  }
}

/**
 * Throws a `HoldfastConfigError` when the configuration is wrong. Opens no connection and starts no timer, but for the status
 * pages where the configuration asks for them; those timers keep no process alive.
 */
export function createHoldfast(config: HoldfastConfig, options: HoldfastOptions = {}): Holdfast {
  const settings = settingsOrThrow(config, options.env ?? platformEnvironment());
  const hub = createEventHub();
  const runtime = createWebRuntime(options.fetch);
  const objectives = watchObjectives(settings.slos, runtime, hub.read);
  const engine = createEngine({
    settings,
    runtime,
    maxOutput: maxOutputTokens,
    contextOf: contextTokens,
    priceOf: tokenPrice,
    readers: objectives === undefined ? [hub.read] : [hub.read, objectives.read],
  });
  const handler = createHandler(engine);
  const pages = createPageWatch({ engine, timers: backgroundClock });
  // With what Node must not let go of: a Request's signal is cut off once nobody holds the Request.
  const inFlight = new Map<Departure, readonly unknown[]>();
  let closed: unknown;
  return {
    async fetch(input, init) {
      if (closed !== undefined) throw closed;
      const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
      signal?.throwIfAborted();
      const asked = new Request(input, sendable(init));
      const departure: Departure = createDeparture(signal, () => inFlight.delete(departure));
      const request = inside(asked, departure.signal);
      inFlight.set(departure, [input, request]);
      return exchange(async () => handler.handle(request), departure);
    },
    events() {
      const feed = hub.subscribe();
      if (feed === undefined) throw new Error(`events() has ${FEEDS_MAX} readers already; end one of them first`);
      if (closed !== undefined) feed.close();
      return feed;
    },
    routeStatus(route) {
      const status = routeStatus(engine, route);
      if (status === undefined) throw new Error(`no such route: ${route}`);
      return status;
    },
    close() {
      closed ??= new DOMException("This Holdfast is closed.", "AbortError");
      for (const departure of [...inFlight.keys()]) departure.leave(closed);
      pages.stop();
      hub.close();
    },
  };
}

function settingsOrThrow(config: HoldfastConfig, env: Readonly<Record<string, string | undefined>>): Settings {
  const loaded = settingsFrom(config, { env });
  if (!loaded.ok) throw new HoldfastConfigError(loaded.problems);
  const unreadable = loaded.settings.providers
    .filter(({ keys }) => keys.some((key) => typeof key !== "string"))
    .map(({ name }) => ({
      path: `providers.${name}`,
      message: "the library reads no files and runs no commands",
      allowed: KEY,
    }));
  const told = loaded.settings.notify === undefined ? [] : [{ path: "notify", message: NOBODY_TOLD, allowed: "[]" }];
  const deferring = loaded.settings.routes
    .filter(({ lastResort = [] }) => lastResort.some(({ type }) => type === "defer"))
    .map(({ name }) => ({ path: `routes.${name}.last-resort`, message: NOTHING_LATER, allowed: "[]" }));
  const asking =
    loaded.settings.canaryUsdPerDay === undefined ? [] : [{ path: "canary", message: NOBODY_ASKED, allowed: "off" }];
  const problems = [...unreadable, ...told, ...asking, ...deferring];
  if (problems.length > 0) throw new HoldfastConfigError(problems);
  // Keys tell a gateway's clients apart; the only client here is the process itself.
  const { adminKey, status, ...settings } = loaded.settings;
  // Where a process asked for an engine alone, nobody else is asked anything unless it says so.
  return { ...settings, keys: [], ...(config.status !== undefined && status !== undefined && { status }) };
}

const NOTHING_LATER = "the library defers no call; a gateway does";
const NOBODY_ASKED = "the library asks no provider on its own; a gateway does";
const NOBODY_TOLD = "the library tells nobody of incidents; a gateway does";
const KEY = 'key: "${NAME}" of the environment | the key itself | none';

/** They are counted from now on, and looked at when calls end. */
function watchObjectives(
  slos: Settings["slos"],
  { clock, wallMs }: Runtime,
  emit: (fact: GatewayEvent) => void,
): SloWatch | undefined {
  if (slos === undefined || slos.length === 0) return undefined;
  const nowMs = clock.now();
  return createSloWatch({ slos, nowMs, offsetMs: wallMs() - nowMs, emit });
}

/** The caller's signal is followed by us alone: Node's Request would add a listener to it and leave it there for long. */
function sendable(init: RequestInit | undefined): RequestInit {
  const sent = { ...init, signal: null };
  // Node asks for it where a body is a stream; the type does not know it.
  return init?.body instanceof ReadableStream ? Object.assign(sent, { duplex: "half" }) : sent;
}

/** The request as the handler knows it. There is no host and no foreign page: what a guard judges by is left out. */
function inside({ url, method, headers: given, body }: Request, signal: Request["signal"]): Request {
  const headers = new Headers(given);
  for (const name of ["host", "origin", "content-length"]) headers.delete(name);
  const init = { method, headers, body, duplex: "half", signal };
  return new Request(addressed(url), init);
}

async function exchange(handle: () => Promise<Response>, departure: Departure): Promise<Response> {
  const answering = handle();
  // Nobody reads the answer to a caller that has left.
  void answering.then((response) => departure.signal.aborted && void response.body?.cancel().catch(ignore), ignore);
  const response = await departure.race(answering);
  if (response.body === null) {
    departure.over();
    return response;
  }
  const { status, statusText, headers } = response;
  return new Response(departure.follow(response.body), { status, statusText, headers });
}

function ignore(): void {}

const CHAT_PATH = /\/(?:chat\/completions|embeddings)$/;

/** `https://any.host/base/v1/messages?beta=true` → `http://127.0.0.1/v1/messages?beta=true`. */
function addressed(url: string): string {
  const { pathname, search } = new URL(url);
  // Some vendors' OpenAI-compatible urls have no /v1, or have it elsewhere.
  const chat = CHAT_PATH.exec(pathname)?.[0];
  const path = chat !== undefined ? `/v1${chat}` : pathname.slice(Math.max(0, pathname.lastIndexOf("/v1/")));
  return `http://127.0.0.1${path}${search}`;
}
