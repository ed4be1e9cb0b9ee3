// A gateway inside the test's own process: the real server on a free port of loopback, from the text of a configuration.
// Run it under `node bin/bun.mjs test`, which allows as many requests at once as the gateway needs.

import { loadSettings } from "../../src/config/load-yaml.ts";
import { renderProblems } from "../../src/config/problem.ts";
import type { GatewayEvent } from "../../src/core/gateway-event.ts";
import { createBunRuntime } from "../../src/runtime/bun.ts";
import { type ServerOptions, startServer } from "../../src/server/http.ts";

export interface Gateway {
  /** `http://127.0.0.1:PORT`, as an Anthropic SDK takes it; an OpenAI SDK wants `/v1` after it. */
  readonly url: string;
  /** All facts so far, oldest first. */
  readonly events: readonly GatewayEvent[];
  /** The facts of one type. */
  eventsOf<Type extends GatewayEvent["type"]>(type: Type): readonly Extract<GatewayEvent, { type: Type }>[];
  /** Resolves at the `count`th fact of a type; gives up after `limitMs`. */
  seen(type: GatewayEvent["type"], count?: number, limitMs?: number): Promise<void>;
  /** Waits so long for calls in flight; default: not at all. */
  stop(graceMs?: number): Promise<void>;
}

const runtime = createBunRuntime();

/** Throws when the configuration is wrong. Its `listen` is not used. */
export function startGateway(
  yaml: string,
  env: Readonly<Record<string, string>> = {},
  parts: Pick<ServerOptions, "deferral" | "answersIn" | "trouble"> = {},
): Gateway {
  const loaded = loadSettings(yaml, { file: "test.yaml", env });
  if (!loaded.ok) throw new Error(renderProblems(loaded.problems));
  const events: GatewayEvent[] = [];
  const settings = { ...loaded.settings, listen: { host: "127.0.0.1", port: 0 } };
  const server = startServer({ settings, runtime, ...parts, readers: [(event) => void events.push(event)] });
  const eventsOf: Gateway["eventsOf"] = (type) => {
    type Wanted = Extract<GatewayEvent, { type: typeof type }>;
    return events.filter((event): event is Wanted => event.type === type);
  };
  return {
    url: server.url,
    events,
    eventsOf,
    seen: (type, count = 1, limitMs = 5_000) =>
      until(() => eventsOf(type).length >= count, limitMs, `${count} × ${type}`),
    stop: (graceMs = 0) => server.stop(graceMs),
  };
}

/** Polls `happened`; throws with `what` in its message when it has not after `limitMs`. */
export async function until(happened: () => boolean, limitMs: number, what: string): Promise<void> {
  const untilMs = performance.now() + limitMs;
  while (!happened()) {
    if (performance.now() > untilMs) throw new Error(`did not happen within ${limitMs} ms: ${what}`);
    await Bun.sleep(2);
  }
}
