// Listening, draining, limits: the handler on Bun's HTTP server.

import { CancelSource } from "../core/cancel.ts";
import type { Database } from "../core/database.ts";
import { type FactReader, tellAll } from "../core/fact-readers.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Secrets, Settings } from "../core/settings.ts";
import { sleep } from "../core/timing.ts";
import { keepCanaries } from "../engine/canary.ts";
import { createEngine, type EngineOptions } from "../engine/engine.ts";
import { keepWarm } from "../engine/keep-warm.ts";
import { startPulse } from "../engine/pulse.ts";
import type { Observers } from "../observe/observers.ts";
import { backgroundClock, systemClock } from "../runtime/clock.ts";
import { resolveHost } from "../runtime/resolve-host.ts";
import { keepOnDisk } from "../state/answers-on-disk.ts";
import type { PageSnapshots } from "../state/page-snapshots.ts";
import type { Deferral } from "./deferral.ts";
import { isLoopback } from "./guard.ts";
import { createHandler } from "./handler.ts";
import type { IncidentRoom } from "./incident-room.ts";
import { createPageWatch } from "./page-watch.ts";
import { PASSED_BYTES_MAX } from "./pass-through.ts";
import { createTargetBoard } from "./target-board.ts";

export interface ServerOptions {
  readonly settings: Settings;
  readonly runtime: Runtime;
  /** Reads keys that are kept outside the settings. */
  readonly secrets?: Secrets;
  /** What `/metrics` and `/admin` show; without them these say that nothing is kept. */
  readonly observers?: Observers;
  readonly maxOutput?: (model: string) => number | undefined;
  readonly contextOf?: (model: string) => number | undefined;
  readonly priceOf?: EngineOptions["priceOf"];
  readonly readers?: readonly FactReader[];
  /** Follows incidents; it runs as long as the server does. */
  readonly room?: IncidentRoom;
  /** Runs deferred calls for as long as the server does. */
  readonly deferral?: Deferral;
  /** Kept answers survive the process there. */
  readonly answersIn?: Database;
  /** Keeps what status pages said. */
  readonly snapshots?: PageSnapshots;
  /** Something that people should know and that holds nothing up. */
  readonly trouble?: (message: string) => void;
}

export interface Server {
  /** `http://HOST:PORT` */
  readonly url: string;
  /** Takes over all but `listen`, which is bound already. Throws where it would open the gateway to everybody. */
  reload(settings: Settings): void;
  /** Adds a fact to the stream: whoever reads the gateway's facts sees it. */
  emit(event: GatewayEvent): void;
  /** Refuses new calls, lets those in flight finish for up to `graceMs`, then closes what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Idle connections are closed after this; a call in flight is exempt. */
const IDLE_S = 120;
const DRAIN_POLL_MS = 25;

export function startServer(options: ServerOptions): Server {
  const { settings, runtime } = options;
  const { host, port } = settings.listen;
  refuseOpenDoor(host, settings);
  const { engine, handler, pages, disk } = createParts(options);
  // A request must be whole within the idle time. Then its answer may take minutes of silence.
  const patient = (request: Request): void => server.timeout(request, 0);
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: IDLE_S,
    // The handler answers 413 in the caller's dialect; this is the backstop for bodies without a stated length.
    maxRequestBodySize: PASSED_BYTES_MAX,
    development: false,
    // Otherwise a second gateway on a taken port starts in silence and gets every other call.
    reusePort: false,
    fetch: (request) => handler.handle(request, patient),
    error: () => new Response("Holdfast failed inside.", { status: 500 }),
  });
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${server.port}`;
  options.room?.start(url);
  options.deferral?.start(engine);
  const warming = keepWarm(engine);
  const canaries = keepCanaries(engine);
  const stopPulse = startPulse(engine);
  return {
    url,
    reload(now) {
      refuseOpenDoor(host, now);
      engine.reload(now);
      options.room?.takeOver(now);
      pages.reload();
      canaries.reload();
    },
    emit: engine.emit,
    async stop(graceMs) {
      handler.drain();
      pages.stop();
      options.deferral?.drain();
      warming.stop();
      canaries.stop();
      const untilMs = runtime.clock.now() + graceMs;
      const never = new CancelSource();
      // A response is pending for the platform until its last byte was taken, long after it was handed over.
      const busy = (): boolean =>
        handler.open > 0 || (options.deferral?.running ?? 0) > 0 || server.pendingRequests > 0;
      while (busy() && runtime.clock.now() < untilMs) await sleep(runtime.clock, DRAIN_POLL_MS, never);
      options.observers?.drain();
      for (const keepAll of engine.cells.answers.waiting) keepAll();
      options.room?.stop();
      options.deferral?.stop();
      stopPulse();
      await server.stop(true);
      disk?.end();
    },
  };
}

function createParts(options: ServerOptions) {
  const { settings, runtime, secrets, observers, maxOutput, contextOf, priceOf } = options;
  const { readers = [], room, deferral } = options;
  const { answersIn: database, trouble = () => {} } = options;
  const board = createTargetBoard();
  const engine = createEngine({
    settings,
    runtime,
    ...(secrets && { secrets }),
    ...(maxOutput && { maxOutput }),
    ...(contextOf && { contextOf }),
    ...(priceOf && { priceOf }),
    ...(observers?.propagate && { propagate: observers.propagate }),
    readers: [
      tellAll([
        board.read,
        ...(observers?.readers ?? []),
        ...readers,
        ...(room?.readers ?? []),
        ...(deferral === undefined ? [] : [{ belief: deferral.read }]),
      ]),
    ],
  });
  // With another clock than the machine's (a test's) it is that one which moves the readings too.
  const timers = runtime.clock === systemClock ? { timers: backgroundClock } : {};
  const pages = createPageWatch({
    engine,
    resolveHost,
    ...timers,
    ...(options.snapshots && { snapshots: options.snapshots }),
  });
  const seen = {
    direct: true,
    board,
    pages,
    ...(observers && { observers }),
    ...(room && { incidents: room }),
    ...(deferral && { deferral }),
  };
  const disk = database && keepOnDisk(engine.cells.answers, { database, runtime, trouble });
  return { engine, pages, disk, handler: createHandler(engine, seen) };
}

/** The configuration is refused for it before; this holds for whoever starts a server without one. */
function refuseOpenDoor(host: string, { keys, adminKey }: Settings): void {
  if (isLoopback(host) || (keys.length > 0 && adminKey !== undefined)) return;
  throw new Error(`${host} is no loopback address: gateway keys and an admin key are needed`);
}
