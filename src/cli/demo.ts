// The demo mode: two simulated providers on loopback and routes over both, so that a call works and an outage can be
// watched before there is any configuration or key. Everything it says goes to stderr.

import { PROVIDERS } from "../../catalog/providers.ts";
import { ROUTE_DEFAULTS } from "../config/defaults.ts";
import type { Clock } from "../core/runtime.ts";
import type { RouteSettings, Settings } from "../core/settings.ts";
import type { ScheduledFault } from "../sim/fault-script.ts";
import { startSimProvider } from "./sim-provider.ts";

export interface Demo {
  readonly settings: Settings;
  /** What to try, once the gateway serves at `url`; begins to announce the outages. */
  announce(url: string): void;
  stop(): void;
}

const EVERY_MS = 60_000;
const FIRST_MS = 20_000;
const OUTAGE_MS = 20_000;
const SICK = "anthropic-sim";
const OUTAGE: ScheduledFault = {
  kind: "overloaded",
  atMs: FIRST_MS,
  forMs: OUTAGE_MS,
  on: [SICK],
  share: 1,
  rampMs: 0,
  everyMs: EVERY_MS,
};

/** Starts the simulated providers at once; `listen` is where the gateway will serve. */
export function startDemo(listen: Settings["listen"], clock: Clock): Demo {
  const started = [
    startSimProvider({ name: SICK, dialect: "anthropic-messages", faults: [OUTAGE] }),
    startSimProvider({ name: "openai-sim", dialect: "openai-chat" }),
  ];
  const startedMs = clock.now();
  let disarm: (() => void) | undefined;
  const settings: Settings = {
    listen,
    providers: started.map(({ name, dialect, url }) => ({ name, dialect, url, keys: [], tier: "remote" })),
    routes: [
      route("claude-*", [SICK, "openai-sim"]),
      route("gpt-*", ["openai-sim", SICK]),
      route("gemini-*", [SICK, "openai-sim"]),
    ],
    keys: [],
    passthrough: false,
  };
  const tellOutages = (down: boolean, atMs: number): void => {
    disarm = clock.after(startedMs + atMs - clock.now(), () => {
      const what = down ? `is down for ${OUTAGE_MS / 1_000} s; calls go to openai-sim` : "is well again";
      console.error(`demo mode: ${SICK} ${what}`);
      tellOutages(!down, atMs + (down ? OUTAGE_MS : EVERY_MS - OUTAGE_MS));
    });
  };
  return {
    settings,
    announce(url) {
      console.error(invitation(url));
      tellOutages(true, FIRST_MS);
    },
    stop() {
      disarm?.();
      for (const provider of started) provider.stop();
    },
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
  ${SICK} is down for ${OUTAGE_MS / 1_000} s of every minute: the same call still works, and x-holdfast-trail says why.
  For real providers write a holdfast.yaml.`;
}

/** Keys of real providers that this run leaves alone; the user may believe otherwise. */
export function unusedKeys(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const set = Object.values(PROVIDERS).flatMap(({ keyVariable }) =>
    keyVariable && env[keyVariable] ? [keyVariable] : [],
  );
  if (set.length === 0) return undefined;
  return `demo mode: ${set.join(", ")} ${set.length === 1 ? "is" : "are"} set but not used: this version needs a holdfast.yaml for real providers`;
}
