// A rehearsal of a route's last resorts with all its targets masked: a kept answer is given again, a sentence is said, whole and as
// a stream, through the real path. No provider is asked; local models are rehearsed with the targets.

import { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { Runtime, WireResponse } from "../core/runtime.ts";
import type { LastResortSettings, RouteSettings, Settings } from "../core/settings.ts";
import { sleep } from "../core/timing.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { createEngine } from "../engine/engine.ts";
import { tinyCall } from "./tiny-call.ts";

export interface LadderStep {
  readonly route: string;
  readonly rung: Exclude<LastResortSettings["type"], "local">;
  readonly ok: boolean;
}

const ROUTE = "rehearsal";
/** Answers are kept some moments after they were given. */
const KEPT_AFTER_MS = 100;

export async function rehearseLadders(settings: Settings, runtime: Runtime): Promise<readonly LadderStep[]> {
  const steps: LadderStep[] = [];
  for (const route of settings.routes) {
    for (const rung of route.lastResort ?? []) {
      if (rung.type === "local") continue;
      steps.push({ route: route.name, rung: rung.type, ok: await playRung(settings, route, rung, runtime) });
    }
  }
  return steps;
}

async function playRung(
  { providers }: Settings,
  route: RouteSettings,
  rung: Exclude<LastResortSettings, { readonly type: "local" }>,
  runtime: Runtime,
): Promise<boolean> {
  const provider = providers.find(({ name }) => name === route.targets[0]?.provider);
  if (provider === undefined) return false;
  const targets = [{ provider: provider.name, model: "masked" }];
  const alone: RouteSettings = {
    ...route,
    name: ROUTE,
    targets,
    attempts: 1,
    retryWaitMs: 0,
    lastResort: [rung],
    // What is read while all is well would come before the rung.
    ...(route.cache && { cache: { ...route.cache, healthy: "off" } }),
  };
  let masked = false;
  const answered = wholeAnswer(provider.dialect, runtime);
  const transport = () => Promise.resolve(masked ? fault("connect-failed", "masked for the rehearsal") : answered());
  const engine = createEngine({
    settings: {
      listen: { host: "127.0.0.1", port: 0 },
      providers: [{ ...provider, keys: ["masked"] }],
      routes: [alone],
      keys: [],
      passthrough: false,
    },
    runtime: { ...runtime, transport },
  });
  const ask = async (stream: boolean): Promise<string | undefined> => {
    const call = tinyCall({ id: `${stream}`, dialect: provider.dialect, model: ROUTE, stream });
    const reply = await engine.answer(call, new CancelSource());
    while (reply.ok && (await reply.frames.read()) !== undefined);
    return reply.ok && (await reply.ending).kind === "complete" ? reply.servedBy : undefined;
  };
  if (rung.type === "stale-cache") {
    await ask(false);
    await sleep(runtime.clock, KEPT_AFTER_MS, new CancelSource());
  }
  masked = true;
  return (await ask(false)) === rung.type && (await ask(true)) === rung.type;
}

function wholeAnswer(dialect: Settings["providers"][number]["dialect"], runtime: Runtime): () => WireResponse {
  const call = tinyCall({ id: "answer", dialect, model: ROUTE, stream: false });
  const usage = { inputTokens: 1, outputTokens: 1 };
  const bytes = DIALECTS[dialect].codec.encodeReply(
    [
      { type: "message-start", id: "rehearsal", model: "masked", usage },
      { type: "text-delta", block: 0, text: "Hi." },
      { type: "block-end", block: 0 },
      { type: "message-end", stop: "end", usage },
    ],
    { call, createdS: Math.floor(runtime.wallMs() / 1_000) },
  );
  return () => {
    let left: Uint8Array | undefined = bytes;
    const read = () => {
      const next = left;
      left = undefined;
      return Promise.resolve(next);
    };
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: { read, whole: () => Promise.resolve(bytes), cancel() {} },
    };
  };
}
