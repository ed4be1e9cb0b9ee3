// `holdfast up`: serves until it is told to stop. One line on stdout says that it serves and where; all else is stderr.

import { contextTokens, maxOutputTokens, tokenPrice } from "../../catalog/models.ts";
import type { Clock } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { createBunRuntime, maxConcurrentFetches } from "../runtime/bun.ts";
import { hasLostTerminal } from "../runtime/command-io.ts";
import { type Server, startServer } from "../server/http.ts";
import { cannotListen } from "./cannot-listen.ts";
import { type Command, misuse } from "./command.ts";
import { DEFAULT_FILE } from "./config-file.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";
import { startKeyReading } from "./key-reading.ts";
import { openMemory } from "./memory.ts";
import { makePlan } from "./plan.ts";

const HELP = `holdfast up [--config FILE] [--host HOST] [--port PORT] [--json]

Runs the gateway. It prints one line on stdout when it serves: holdfast ready on http://HOST:PORT
Without a configuration it uses the provider keys in the environment (ANTHROPIC_API_KEY, OPENAI_API_KEY, …); without any
it starts simulated providers (demo mode). On SIGHUP, and when the file changes, the configuration is read again: it is
taken over whole or not at all.

  --config FILE   the configuration (default: ${DEFAULT_FILE}, where there is one)
  --host HOST     instead of the configuration's listen.host; one that others can reach takes
                  gateway keys and an admin key
  --port PORT     instead of the configuration's listen.port; 0 takes any free port
  --json          the one line is { "ready": URL }

HOLDFAST_LOG in the environment is off, json or text: one line on stderr for each call (default: text on a terminal, else
json). Traces are exported where OTEL_EXPORTER_OTLP_ENDPOINT is set.

SIGTERM and SIGINT let calls in flight finish and refuse new ones; a second one ends at once.`;

export const up: Command = { summary: "run the gateway", help: HELP, run: runUp };

/** Bun's own limit on requests at once; beyond it they would wait in a queue that nobody sees. */
const FETCHES_TOO_FEW = 256;
/** A call may think for minutes; whoever cannot wait sends the signal twice. */
const DRAIN_GRACE_MS = 600_000;
/** A terminal and a launcher may both pass the same signal on: within this time it is one. */
const SAME_SIGNAL_MS = 250;
/** What the catalog knows of models. */
const MODEL_LIMITS = { maxOutput: maxOutputTokens, contextOf: contextTokens, priceOf: tokenPrice } as const;

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
  const memory = openMemory(plan, runtime);
  if ("problem" in memory) {
    plan.stop();
    return misuse("up", memory.problem);
  }
  const keys = startKeyReading(runtime.clock);
  const { secrets } = keys;
  let server: Server | undefined;
  // The keys are read first: a call that comes at once must not find them missing.
  const takeOver = (settings: Settings): Promise<void> =>
    keys.takeOver(settings, () => {
      memory.takeOver(settings);
      if (server !== undefined) server.reload(settings);
      else server = startServer({ settings, runtime, secrets, ...MODEL_LIMITS, ...memory.parts });
    });
  const problem = await takeOver(plan.settings).catch((error) => cannotListen(plan.settings.listen, error));
  if (server === undefined) {
    plan.stop();
    keys.stop();
    return misuse("up", problem ?? "it did not start");
  }
  memory.tellBy(server.emit);
  // Before anyone is told: a signal must not find the process without its handler.
  const stopped = stopSignal(runtime.clock, plan.follow?.(takeOver));
  console.log(parsed.flags.json === true ? JSON.stringify({ ready: server.url }) : `holdfast ready on ${server.url}`);
  plan.announce(server.url);
  await stopped;
  console.error("holdfast: draining; calls in flight finish, new ones are refused");
  await server.stop(DRAIN_GRACE_MS);
  plan.stop();
  keys.stop();
  await memory.end();
  return 0;
}

function wrongListenFlag(flags: Flags): string | undefined {
  const port = textFlag(flags, "port");
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    return `--port ${port} is no port: a whole number from 0 to 65535`;
  }
  return undefined;
}

/** Resolves at the first signal to stop; a later one ends the process at once. */
function stopSignal(clock: Clock, reload: (() => void) | undefined): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const onSignal = (number: number): void => {
      if (firstMs === undefined) {
        firstMs = clock.now();
        resolve();
      } else if (clock.now() - firstMs > SAME_SIGNAL_MS) process.exit(128 + number);
    };
    let hungUpMs = Number.NEGATIVE_INFINITY;
    const onHangUp = (): void => {
      // A terminal that closes says it with the same signal.
      if (reload === undefined || hasLostTerminal()) onSignal(1);
      else if (clock.now() - hungUpMs > SAME_SIGNAL_MS) {
        hungUpMs = clock.now();
        reload();
      }
    };
    process.on("SIGHUP", onHangUp);
    process.on("SIGINT", () => onSignal(2));
    process.on("SIGTERM", () => onSignal(15));
  });
}
