// Starts the servers that are compared: the gateway through its real entry, with default policies and no store, and the
// bare relays. All of them in one process each, on loopback, in front of the same mock provider.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasChildren } from "./measure.ts";
import { type Server, startServer } from "./spawn.ts";

/** `gateway` is what is judged, `relay` what it is divided by, `limit` the least that the runtime allows. */
export type Subject = "relay" | "gateway" | "limit";

/** Of the process that is started, beside what it needs anyway. */
export type Environment = Readonly<Record<string, string>>;

const ROOT = join(import.meta.dir, "..");

function config(upstreamUrl: string): string {
  return `providers:
  a: { dialect: anthropic-messages, url: "${upstreamUrl}", key: none }
  b: { dialect: openai-chat, url: "${upstreamUrl}/v1", key: none }
routes:
  claude-native: { targets: [a/claude-bench] }
  gpt-native: { targets: [b/gpt-bench] }
  claude-unresumed: { targets: [a/claude-bench], resume: off }
  gpt-unresumed: { targets: [b/gpt-bench], resume: off }
  claude-translated: { targets: [b/gpt-bench] }
  gpt-translated: { targets: [a/claude-bench] }
  claude-unkept: { targets: [a/claude-bench], cache: off }
  gpt-unkept: { targets: [b/gpt-bench], cache: off }
  claude-hit: { targets: [a/claude-bench], cache: { healthy: exact } }
  gpt-hit: { targets: [b/gpt-bench], cache: { healthy: exact } }
store: memory
`;
}

/** The mock provider. */
export function startUpstream(): Promise<Server> {
  return startServer({
    command: [process.execPath, join(ROOT, "bench/upstream.ts")],
    env: {},
    ready: /^bench upstream ready on (http:\S+)$/m,
  });
}

function startRelay(subject: "relay" | "limit", upstreamUrl: string, env: Environment): Promise<Server> {
  return startServer({
    command: [process.execPath, join(ROOT, "bench/relay.ts")],
    env: { ...env, BENCH_UPSTREAM: upstreamUrl, BENCH_RELAY: subject },
    ready: /^bench relay ready on (http:\S+)$/m,
  });
}

/** The gateway, as `holdfast up` starts it. BENCH_GATEWAY_FLAGS go to the runtime, e.g. `--cpu-prof --cpu-prof-dir=DIR`. */
export async function startGateway(upstreamUrl: string, env: Environment = {}): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const file = join(folder, "holdfast.yaml");
  writeFileSync(file, config(upstreamUrl));
  const flags = (process.env.BENCH_GATEWAY_FLAGS ?? "").split(" ").filter((flag) => flag !== "");
  const clean = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const server = await startServer({
      command: [process.execPath, ...flags, join(ROOT, "src/cli/main.ts"), "up", "--config", file, "--port", "0"],
      env,
      ready: /^holdfast ready on (http:\S+)$/m,
    });
    if (hasChildren(server.pid)) throw new Error("the gateway started a process of its own: its cost would be missed");
    return { ...server, stop: () => server.stop().finally(clean) };
  } catch (error) {
    clean();
    throw error;
  }
}

/** Starts one subject; with `noise` the gateway's place is taken by a second bare relay, so that the ratio shows the noise. */
export function startSubject(
  subject: Subject,
  upstreamUrl: string,
  noise: boolean,
  env: Environment = {},
): Promise<Server> {
  if (subject !== "gateway") return startRelay(subject, upstreamUrl, env);
  return noise ? startRelay("relay", upstreamUrl, env) : startGateway(upstreamUrl, env);
}
