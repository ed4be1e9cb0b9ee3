// The virtual world: providers, time and chance from one seed, as a `Runtime` for the real engine. It makes no traffic of
// its own and judges nothing; `checkers.ts` does that.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Clock, Runtime, WireRequest } from "../core/runtime.ts";
import { VirtualClock } from "./clock.ts";
import { createDigest } from "./digest.ts";
import { type Drain, loadDrain, turnLoop } from "./drain.ts";
import type { ScheduledFault } from "./fault-script.ts";
import { planCall, type SimProvider } from "./provider.ts";
import { randomStream } from "./random.ts";
import type { Supplying } from "./supplied.ts";
import { createSupply } from "./supply.ts";
import { createTransport, type Opened, type Sighting } from "./transport.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly providers: readonly SimProvider[];
  /** Added to the providers' own; `on` says whom they hit. */
  readonly faults?: readonly ScheduledFault[];
  /** The wall clock is set anew, or the machine sleeps. */
  readonly jumps?: readonly ClockJump[];
  /** Requests kept in `log`; default: enough for any test. A run that does not read it keeps none. */
  readonly logMax?: number;
  /** Is told of each request when it is over. */
  readonly sighted?: (sighting: Sighting) => void;
}

export interface ClockJump {
  readonly atMs: number;
  /** The wall clock alone is set so much later, or earlier. */
  readonly wallMs: number;
  /** All time passes, and nothing fires. */
  readonly asleepMs: number;
}

export interface World {
  readonly runtime: Runtime;
  readonly clock: VirtualClock;
  /** The provider's url as its SDK takes it: Anthropic without /v1, OpenAI with it. */
  url(provider: string): string;
  /** Runs every event due up to `untilMs` and leaves the clock there. `Infinity`: until no timer is left. */
  run(untilMs: number): Promise<void>;
  /** Requests that the engine has neither read to their end nor cancelled. */
  inFlight(): number;
  timers(): number;
  /** Timers ever set: by the gateway, and by all. */
  armed(): { readonly gateway: number; readonly all: number };
  /** What the providers saw, oldest first; the newest `logMax`, or up to half as many again. */
  readonly log: readonly Sighting[];
  /** Requests that the providers saw, in all. */
  attempts(): number;
  /** Feeds a fact to the digest. */
  record(event: GatewayEvent): void;
  /** Of everything that happened so far: the same seed and the same code give the same. */
  digest(): string;
}

/** Kept for reading; older entries are still in the digest. */
const LOG_MAX = 200_000;
/** Wall time at the start: a fixed day, so that nothing depends on the real one. */
const EPOCH_MS = 1_790_000_000_000;
/** Fired timers between two real turns of the event loop, in which unhandled rejections show themselves. */
const TURN_EVERY = 8192;
/** Timers fired within one virtual millisecond before it is taken for an endless loop. */
const SAME_TIME_MAX = 5_000_000;

export function createWorld({
  seed,
  providers,
  faults = [],
  jumps = [],
  sighted,
  logMax = LOG_MAX,
}: WorldOptions): World {
  const clock = new VirtualClock();
  const digest = createDigest();
  const log: Sighting[] = [];
  const hosts = hostsOf(providers, faults);
  let attempts = 0;
  const open = (request: WireRequest): Opened | undefined => {
    const { host, path } = split(request.url);
    const home = hosts.get(host);
    if (home === undefined) return undefined;
    attempts++;
    const number = ++home.requests;
    const { provider, supplying } = home;
    // A stream of the request's own: whom a fault hits depends on the seed and this counter, and on nothing else.
    const random = randomStream(seed, `${provider.name}#${number}`);
    const atMs = clock.now();
    const { method, headers, body = new Uint8Array() } = request;
    const planned = planCall({ method, path, headers, body, atMs }, provider, random, supplying);
    const { steps, release, model, stream, fault } = planned;
    const asked = { provider: provider.name, number, atMs, method, path };
    const sighting: Sighting = { ...asked, model, stream, fault, ended: "open", events: 0 };
    if (logMax > 0) log.push(sighting);
    // Dropped in blocks: one by one would move the whole list each time.
    if (log.length > logMax * 1.5) log.splice(0, log.length - logMax);
    return { steps, sighting, release };
  };
  const { transport, inFlight } = createTransport({
    clock,
    open,
    ended: (sighting, release) => {
      release?.(clock.now());
      digest.addValue(sighting);
      sighted?.(sighting);
    },
  });
  const random = randomStream(seed, "gateway");
  const counted = countTimers(clock);
  for (const { atMs, asleepMs } of jumps) if (asleepMs > 0) clock.after(atMs, () => clock.sleep(asleepMs));
  return {
    runtime: {
      clock: counted.clock,
      wallMs: () => wallAt(clock.now(), jumps),
      random,
      transport,
      hmacSha256: quickHmac,
    },
    clock,
    url: (name) => `http://${name}.sim${hosts.get(`${name}.sim`)?.provider.dialect === "openai-chat" ? "/v1" : ""}`,
    run: runner(clock),
    inFlight,
    timers: () => clock.timers,
    armed: () => ({ gateway: counted.armed(), all: clock.armed }),
    log,
    attempts: () => attempts,
    record: (event) => digest.addValue(event),
    digest: () => digest.hex(),
  };
}

/** The gateway's own timers, apart from the world's. */
function countTimers(clock: Clock): { readonly clock: Clock; readonly armed: () => number } {
  let armed = 0;
  const after: Clock["after"] = (delayMs, fire) => {
    armed++;
    return clock.after(delayMs, fire);
  };
  return { clock: { now: () => clock.now(), after }, armed: () => armed };
}

function wallAt(nowMs: number, jumps: readonly ClockJump[]): number {
  return jumps.reduce((wall, { atMs, wallMs }) => (nowMs >= atMs ? wall + wallMs : wall), EPOCH_MS + nowMs);
}

/** Tells keys and texts apart like the real one, at a thirtieth of its cost: nobody forges here. */
function quickHmac(key: Uint8Array, text: string): string {
  let seed = 0;
  for (const byte of key) seed = Math.imul(seed, 31) + byte;
  const digest = createDigest(seed);
  digest.add(text);
  return digest.hex();
}

interface Host {
  readonly provider: SimProvider;
  readonly supplying: Supplying | undefined;
  requests: number;
}

function hostsOf(providers: readonly SimProvider[], faults: readonly ScheduledFault[]): ReadonlyMap<string, Host> {
  return new Map(
    providers.map((provider) => [
      `${provider.name}.sim`,
      {
        provider: { ...provider, faults: [...provider.faults, ...faults] },
        supplying: provider.supply && { supply: provider.supply, cell: createSupply() },
        requests: 0,
      },
    ]),
  );
}

/** Fires timers in order, and lets every consequence of one settle before the next. */
function runner(clock: VirtualClock): (untilMs: number) => Promise<void> {
  let drain: Drain | undefined;
  return async (untilMs) => {
    drain ??= await loadDrain();
    await settle(drain);
    let sinceTurn = 0;
    let sameTime = 0;
    while (clock.timers > 0 && clock.nextDueMs <= untilMs) {
      sameTime = clock.nextDueMs === clock.now() ? sameTime + 1 : 0;
      if (sameTime > SAME_TIME_MAX) throw new Error(`time stands still at ${clock.now()} ms`);
      clock.fireNext();
      const drained = drain();
      if (drained !== undefined) await drained;
      if (++sinceTurn >= TURN_EVERY) {
        sinceTurn = 0;
        await turnLoop();
      }
    }
    if (untilMs !== Number.POSITIVE_INFINITY) clock.advanceTo(untilMs);
    await turnLoop();
    await settle(drain);
  };
}

async function settle(drain: Drain): Promise<void> {
  const drained = drain();
  if (drained !== undefined) await drained;
}

/** Host and path with query. `URL` would cost more than the rest of the request. */
function split(url: string): { readonly host: string; readonly path: string } {
  const start = url.indexOf("//") + 2;
  const slash = url.indexOf("/", start);
  return slash < 0 ? { host: url.slice(start), path: "/" } : { host: url.slice(start, slash), path: url.slice(slash) };
}
