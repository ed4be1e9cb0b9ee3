// The demo mode: two simulated providers on loopback and routes over both, so that a call works and an outage can be
// watched before there is any configuration or key. Everything it says goes to stderr.

import { ROUTE_DEFAULTS } from "../config/defaults.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { RouteSettings, Settings } from "../core/settings.ts";
import { paint } from "../observe/call-line.ts";
import { wantsColour } from "../observe/call-log.ts";
import { createCallFollower } from "../observe/follow-calls.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import type { ScheduledFault } from "../sim/fault-script.ts";
import { startTraffic, TRAFFIC_ROUTE } from "./demo-traffic.ts";
import { createDemoView } from "./demo-view.ts";
import { startSimProvider } from "./sim-provider.ts";

export interface Demo {
  readonly settings: Settings;
  /** Shows what happens, in place of the call log. */
  readonly view: (event: GatewayEvent) => void;
  /** How long all must be well before an incident is over. */
  readonly cleanMs: number;
  /** What to try, once the gateway serves at `url`; begins the demo's own calls. */
  announce(url: string): void;
  stop(): void;
}

/** Long enough for an incident to be over in between: back with all of its calls after some two minutes, and a clean one. */
const EVERY_MS = 300_000;
const FIRST_MS = 20_000;
const OUTAGE_MS = 20_000;
/** Ten minutes elsewhere: whoever watches the demo shall see the end too. */
export const DEMO_CLEAN_MS = 60_000;
const SICK = "anthropic-sim";
const SPARE = "openai-sim";
export const DEMO_OUTAGE: ScheduledFault = {
  kind: "overloaded",
  atMs: FIRST_MS,
  forMs: OUTAGE_MS,
  on: [SICK],
  share: 1,
  rampMs: 0,
  everyMs: EVERY_MS,
};

export const DEMO_PROVIDERS = [
  { name: SICK, dialect: "anthropic-messages" },
  { name: SPARE, dialect: "openai-chat" },
] as const;

/** Starts the simulated providers at once; `listen` is where the gateway will serve. */
export function startDemo(listen: Settings["listen"]): Demo {
  // It hits the one that it names.
  const started = DEMO_PROVIDERS.map((provider) => startSimProvider({ ...provider, faults: [DEMO_OUTAGE] }));
  const runtime = createBunRuntime();
  let stopTraffic = () => {};
  const settings = demoSettings(listen, started);
  const tint = paint(wantsColour(process.env, process.stderr.isTTY));
  const view = createDemoView({ sick: SICK, tint, tell });
  return {
    settings,
    cleanMs: DEMO_CLEAN_MS,
    view: createCallFollower(runtime.wallMs, [view]).read,
    announce(url) {
      tell(invitation(url));
      stopTraffic = startTraffic(url, runtime);
    },
    stop() {
      stopTraffic();
      for (const provider of started) provider.stop();
    },
  };
}

/** Routes over both; `providers`: where they serve. */
export function demoSettings(
  listen: Settings["listen"],
  providers: readonly Pick<Settings["providers"][number], "name" | "dialect" | "url">[],
): Settings {
  return {
    listen,
    providers: providers.map(({ name, dialect, url }) => ({ name, dialect, url, keys: [], tier: "remote" })),
    routes: [
      route("claude-*", [SICK, SPARE]),
      route("gpt-*", [SPARE, SICK]),
      route("gemini-*", [SICK, SPARE]),
      route(TRAFFIC_ROUTE, [SICK, SPARE]),
    ],
    keys: [],
    passthrough: false,
  };
}

function route(name: string, providers: readonly string[]): RouteSettings {
  return { ...ROUTE_DEFAULTS, name, targets: providers.map((provider) => ({ provider, model: "*" })) };
}

function invitation(url: string): string {
  const body = '{"model":"claude-demo","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"Hello"}]}';
  return `demo mode: simulated providers answer; nothing leaves this machine and nothing costs money.
  Any model named claude-*, gpt-* or gemini-* is served. Try, in another terminal:
    curl -si ${url}/v1/messages -H 'content-type: application/json' -d '${body}'
  ${SICK} goes down in ${FIRST_MS / 1_000} s, for ${OUTAGE_MS / 1_000} s, and again every ${EVERY_MS / 60_000} minutes: the same call still works, and
  x-holdfast-trail says why. Its incident opens, is followed and is over some four minutes from now: watch it on
  ${url}/status or with \`holdfast incidents\`.
  Watch the calls below and with \`holdfast tail\`; \`holdfast call ID\` explains one call. The demo's own calls use the route ${TRAFFIC_ROUTE}.
  For real providers set ANTHROPIC_API_KEY or OPENAI_API_KEY, or let \`holdfast init\` write a holdfast.yaml.`;
}

/** Not `console.error`, which colours whole lines red on a terminal. */
function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
