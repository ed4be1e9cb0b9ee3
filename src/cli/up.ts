// `holdfast up`: serves until it is told to stop. One line on stdout says that it serves and where; all else is stderr.

import { maxOutputTokens } from "../../catalog/models.ts";
import { LISTEN_DEFAULTS } from "../config/defaults.ts";
import { renderProblems } from "../config/problem.ts";
import { isLoopback } from "../config/url.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Clock } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { createBunRuntime, maxConcurrentFetches } from "../runtime/bun.ts";
import { type Server, startServer } from "../server/http.ts";
import { type Command, misuse } from "./command.ts";
import { DEFAULT_FILE, readConfigFile } from "./config-file.ts";
import { startDemo, unusedKeys } from "./demo.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";

const HELP = `holdfast up [--config FILE] [--host HOST] [--port PORT] [--json]

Runs the gateway. It prints one line on stdout when it serves: holdfast ready on http://HOST:PORT
Without a configuration it starts simulated providers (demo mode).

  --config FILE   the configuration (default: ${DEFAULT_FILE}, where there is one)
  --host HOST     instead of the configuration's listen.host; a loopback address
  --port PORT     instead of the configuration's listen.port; 0 takes any free port
  --json          the one line is { "ready": URL }

SIGTERM and SIGINT let calls in flight finish and refuse new ones; a second one ends at once.`;

export const up: Command = { summary: "run the gateway", help: HELP, run: runUp };

/** Bun's own limit on requests at once; beyond it they would wait in a queue that nobody sees. */
const FETCHES_TOO_FEW = 256;
/** A call may think for minutes; whoever cannot wait sends the signal twice. */
const DRAIN_GRACE_MS = 600_000;
/** A terminal and a launcher may both pass the same signal on: within this time it is one. */
const SAME_SIGNAL_MS = 250;

interface Plan {
  readonly settings: Settings;
  announce(url: string): void;
  stop(): void;
}

async function runUp(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, { config: { type: "string" }, host: { type: "string" }, port: { type: "string" } });
  if (!parsed.ok) return misuse("up", parsed.message);
  if (!(maxConcurrentFetches() > FETCHES_TOO_FEW)) {
    const message = "start it with `holdfast`: BUN_CONFIG_MAX_HTTP_REQUESTS must be set";
    return misuse("up", `${message} before Bun starts, or at most ${FETCHES_TOO_FEW} calls would run at once`);
  }
  const wrong = wrongListenFlag(parsed.flags);
  if (wrong !== undefined) return misuse("up", wrong);
  const runtime = createBunRuntime();
  const plan = await makePlan(parsed.flags, runtime.clock);
  if (plan === undefined) return 2;
  let server: Server;
  try {
    server = startServer({ settings: plan.settings, runtime, maxOutput: maxOutputTokens, readers: [tellBugs] });
  } catch (error) {
    plan.stop();
    const { host, port } = plan.settings.listen;
    return misuse("up", `cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`);
  }
  // Before anyone is told: a signal must not find the process without its handler.
  const stopped = stopSignal(runtime.clock);
  console.log(parsed.flags.json === true ? JSON.stringify({ ready: server.url }) : `holdfast ready on ${server.url}`);
  plan.announce(server.url);
  await stopped;
  console.error("holdfast: draining; calls in flight finish, new ones are refused");
  await server.stop(DRAIN_GRACE_MS);
  plan.stop();
  return 0;
}

function wrongListenFlag(flags: Flags): string | undefined {
  const host = textFlag(flags, "host");
  const port = textFlag(flags, "port");
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    return `--port ${port} is no port: a whole number from 0 to 65535`;
  }
  if (host === undefined || isLoopback(host)) return undefined;
  return `--host ${host} needs gateway keys and an admin key, which are not in this version`;
}

/** The configuration, or the demo where there is none; `undefined` after telling what is wrong. */
async function makePlan(flags: Flags, clock: Clock): Promise<Plan | undefined> {
  const config = await readConfigFile(textFlag(flags, "config"));
  if (config.found) {
    const { loaded } = config;
    if (!loaded.ok) {
      console.error(renderProblems(loaded.problems));
      return undefined;
    }
    if (loaded.warnings.length > 0) console.error(`warnings:\n${renderProblems(loaded.warnings)}`);
    return {
      settings: { ...loaded.settings, listen: listenOf(loaded.settings.listen, flags) },
      announce() {},
      stop() {},
    };
  }
  if (config.message !== undefined) {
    console.error(config.message);
    return undefined;
  }
  const unused = unusedKeys(process.env);
  if (unused !== undefined) console.error(unused);
  return startDemo(listenOf(LISTEN_DEFAULTS, flags), clock);
}

function listenOf(listen: Settings["listen"], flags: Flags): Settings["listen"] {
  const port = textFlag(flags, "port");
  return { host: textFlag(flags, "host") ?? listen.host, port: port === undefined ? listen.port : Number(port) };
}

/** Resolves at the first signal to stop; a later one ends the process at once. */
function stopSignal(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const onSignal = (number: number): void => {
      if (firstMs === undefined) {
        firstMs = clock.now();
        resolve();
      } else if (clock.now() - firstMs > SAME_SIGNAL_MS) process.exit(128 + number);
    };
    process.on("SIGHUP", () => onSignal(1));
    process.on("SIGINT", () => onSignal(2));
    process.on("SIGTERM", () => onSignal(15));
  });
}

function tellBugs(event: GatewayEvent): void {
  if (event.type === "bug") console.error(`holdfast: a bug, in call ${event.call}: ${event.stack ?? event.message}`);
}
