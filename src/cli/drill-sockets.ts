// A drill over real sockets and in real time: simulated providers on ports of loopback, the gateway as `up` starts it, clients
// that speak HTTP. The scenario, the traffic and the figures are those of the virtual drill; there is no digest, since no two
// runs are alike.

import { CancelSource } from "../core/cancel.ts";
import { isFault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Clock, Runtime } from "../core/runtime.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { type Server, startServer } from "../server/http.ts";
import { createChecker } from "../sim/checkers.ts";
import { type DrillResult, judge } from "../sim/drill.ts";
import { type Asked, askAsSdk, type DrillAsk, drillCall, seen } from "../sim/drill-client.ts";
import type { SeriesReader } from "../sim/drill-series.ts";
import { createTally } from "../sim/drill-tally.ts";
import { randomStream } from "../sim/random.ts";
import type { Scenario } from "../sim/scenario.ts";
import { runTraffic } from "../sim/traffic.ts";
import { playWithout } from "../sim/without.ts";
import { startSimProvider } from "./sim-provider.ts";

/** One call at the gateway at `url`, read to its end. */
export type AskOverHttp = (url: string, ask: DrillAsk) => Promise<Asked>;

export interface SocketDrill {
  readonly seed: number;
  readonly series?: SeriesReader | undefined;
  /** Instead of the drill's own clients. */
  readonly ask?: AskOverHttp;
}

/** What is still under way after this is let go. */
const GRACE_MS = 60_000;
const BODY_BYTES_MAX = 16 * 1024 * 1024;
const decoder = new TextDecoder();

export async function drillOnSockets(scenario: Scenario, { seed, series, ask }: SocketDrill): Promise<DrillResult> {
  const runtime = createBunRuntime();
  const providers = scenario.providers.map((provider) =>
    startSimProvider({ ...provider, seed, faults: [...provider.faults, ...scenario.faults] }),
  );
  const startMs = runtime.clock.now();
  const clock: Clock = { now: () => runtime.clock.now() - startMs, after: runtime.clock.after };
  const attemptsMax = Math.max(
    ...scenario.settings.routes.map((route) => route.attempts + (route.lastResort?.length ?? 0)),
  );
  const checker = createChecker({ attemptsMax: () => attemptsMax });
  const tally = createTally(scenario);
  const see = (event: GatewayEvent): void => {
    const told = { ...event, atMs: event.atMs - startMs };
    checker.see(told);
    tally.see(told);
    series?.see(told);
  };
  const urls = new Map(providers.map(({ name, url }) => [name, url]));
  const settings = {
    ...scenario.settings,
    listen: { host: "127.0.0.1", port: 0 },
    providers: scenario.settings.providers.map((one) => ({ ...one, url: urls.get(one.name) ?? one.url })),
  };
  const server = startServer({ settings, runtime, maxOutput: () => 4_096, readers: [see] });
  const clients = await callAll({ scenario, seed, clock, server, ask: ask ?? overHttp(runtime) });
  await server.stop(GRACE_MS);
  for (const provider of providers) provider.stop();
  // Timers and sockets of a real process are not ours to count.
  checker.atRest({ inFlight: 0, timers: 0 });
  const figures = tally.figures(clients);
  const wallMs = Math.round(clock.now());
  return {
    scenario: scenario.name,
    seed,
    digest: null,
    virtualSeconds: 0,
    wallMs,
    ...figures,
    invariants: checker.invariants().map(({ name, held }) => ({ name, held })),
    without: await playWithout(scenario, seed, series?.seeWithout),
    gates: scenario.gates.map((gate) => judge(gate, figures)),
  };
}

interface Calling {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly clock: Clock;
  readonly server: Server;
  readonly ask: AskOverHttp;
}

/** All of the traffic; resolves when the last call was answered. */
async function callAll({ scenario, seed, clock, server, ask }: Calling) {
  const client = { retries: scenario.traffic.retries, random: randomStream(seed, "client"), clock };
  const counts = { corruptedToolCalls: 0, clientRetries: 0 };
  const open = new Set<Promise<void>>();
  runTraffic(clock, scenario, seed, (timed) => {
    const one = askAsSdk((again) => ask(server.url, again), timed, client).then(({ corrupt, retried }) => {
      if (corrupt) counts.corruptedToolCalls++;
      counts.clientRetries += retried;
    });
    open.add(one);
    return one.finally(() => open.delete(one));
  });
  await new Promise<void>((resolve) => clock.after(scenario.traffic.seconds * 1_000, resolve));
  await Promise.all(open);
  return counts;
}

function overHttp({ transport }: Runtime): AskOverHttp {
  return async (url, ask) => {
    const call = drillCall(ask);
    const path = ask.dialect === "openai-chat" ? "/v1/chat/completions" : "/v1/messages";
    const headers = {
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      "x-stainless-retry-count": String(ask.retryCount ?? 0),
    };
    const request = { method: "POST", url: url + path, headers, body: call.body, connectMs: 5_000 } as const;
    const response = await transport(request, new CancelSource());
    if (isFault(response)) return { status: 0, headers: {}, corrupt: false };
    const bytes = await response.body.whole(BODY_BYTES_MAX);
    const text = isFault(bytes) ? "" : decoder.decode(bytes);
    return seen(response, call, ask.tools ? text : undefined);
  };
}
