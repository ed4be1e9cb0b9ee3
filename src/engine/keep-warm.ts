// Keeps the local models that are last resorts loaded, and learns how much they hold: one token every few minutes, so that the
// first call of an outage finds the model in memory. For a gateway that runs; a library has no timers of its own.

import { CancelSource } from "../core/cancel.ts";
import { fault, isFault } from "../core/fault.ts";
import type { Runtime } from "../core/runtime.ts";
import type { LocalStandby } from "./compile.ts";
import type { Engine } from "./engine.ts";
import { contextIn, contextUrls } from "./local-context.ts";
import { drawSum, PROBE_FORMS, probeCall } from "./probe-call.ts";

const FIRST_MS = 5_000;
/** Ollama unloads a model after five minutes without a call. */
const EVERY_MS = 240_000;
/** Loading a model from a disk takes a minute and more. */
const LOAD_MS = 180_000;
const ASK_MS = 5_000;
const TOLD_BYTES_MAX = 1_048_576;

export interface Warming {
  stop(): void;
}

export function keepWarm(engine: Engine): Warming {
  const { clock } = engine.runtime;
  const cancel = new CancelSource();
  let disarm = clock.after(FIRST_MS, tick);
  function tick(): void {
    disarm = clock.after(EVERY_MS, tick);
    for (const local of standbysOf(engine)) void warm(local, engine, cancel);
  }
  return {
    stop() {
      disarm();
      cancel.cancel(fault("draining", "This gateway is shutting down."));
    },
  };
}

/** Each once, whichever routes have it. */
function standbysOf(engine: Engine): Iterable<LocalStandby> {
  const found = new Map<string, LocalStandby>();
  for (const { locals } of engine.routes.compiled())
    for (const local of locals) found.set(local.target.identity, local);
  return found.values();
}

async function warm(local: LocalStandby, engine: Engine, stopped: CancelSource): Promise<void> {
  const { runtime, cells } = engine;
  const { target, provider } = local;
  const cell = cells.local(target.identity);
  // Whoever uses it keeps it warm; and what an operator took out is left alone.
  if (cell.calls > 0 || cells.drains.untilMs(target.id) > runtime.clock.now()) return;
  try {
    await within(LOAD_MS, runtime, stopped, async (cancel) => {
      const id = `warm_${target.id}`;
      const { dialect } = provider;
      const sum = drawSum(runtime.random);
      const call = probeCall({ id, dialect, model: target.model, limitKey: PROBE_FORMS[0], sum });
      if (isFault(call)) return;
      // No attempt of a call: nothing is told of it.
      const reply = await target.attempt(call, { runtime, cancel, emit: nothing }, 1);
      while (reply.ok && (await reply.frames.read()) !== undefined);
    });
    cell.contextTokens = (await learn(local, runtime, stopped)) ?? cell.contextTokens;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    engine.emit({ type: "bug", atMs: runtime.clock.now(), call: "", message });
  }
}

async function learn({ target, provider }: LocalStandby, runtime: Runtime, stopped: CancelSource) {
  const { settings } = provider;
  const [key] = settings.keys;
  const headers = provider.authorize(typeof key === "string" ? key : undefined, {});
  for (const url of contextUrls(settings.url)) {
    const found = await within(ASK_MS, runtime, stopped, async (cancel) => {
      const response = await runtime.transport({ method: "GET", url, headers, connectMs: ASK_MS }, cancel);
      if (isFault(response)) return undefined;
      const body = await response.body.whole(TOLD_BYTES_MAX);
      return response.status === 200 && !isFault(body) ? contextIn(body, target.model) : undefined;
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

async function within<T>(
  ms: number,
  { clock }: Runtime,
  stopped: CancelSource,
  work: (cancel: CancelSource) => Promise<T>,
): Promise<T> {
  const cancel = new CancelSource();
  const disarm = clock.after(ms, () => cancel.cancel(fault("deadline-exceeded", "no answer in time")));
  const off = stopped.onCancel((reason) => cancel.cancel(reason));
  try {
    return await work(cancel);
  } finally {
    disarm();
    off();
  }
}

function nothing(): void {}
