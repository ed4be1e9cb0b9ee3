// What the gateway takes beside CPU: memory with many open streams, the time to its ready line, and the latency that it
// adds when nothing else is going on.

import type { Figure } from "./figure.ts";
import { type Subject, startGateway, startUpstream } from "./gateway.ts";
import { type Quartiles, quartiles, rssKb } from "./measure.ts";
import { WHOLE_MARKS } from "./payload.ts";
import { jobOf, MODELS, type Options, SHORT_PACE, SHORT_STREAMS } from "./scenarios.ts";
import type { Server } from "./spawn.ts";
import { type Ask, runLoad, serverOf, startWorld, verify } from "./world.ts";

const OPEN_STREAMS = 2_000;
/** Slow enough that all are open together, long enough that none ends before the last has begun. */
const HELD_PACE = { events: 40, intervalMs: 250 };
const WARM_PACE = { events: 40, intervalMs: 10 };
const RAMP_MS = 3_000;
const SETTLE_MS = 2_000;
const SAMPLE_EVERY_MS = 100;
const MOST_KB_PER_STREAM = 32;
const MOST_READY_MS = 500;

/** The first stream ends no earlier than this after the load began: until then it is open streams that are weighed. */
const HELD_MS = HELD_PACE.events * HELD_PACE.intervalMs;

interface Weight {
  readonly kbPerStream: number;
  /** Until the last has ended: their answers are kept by then. */
  readonly endedKbPerStream: number;
  readonly lost: number;
  readonly notes: readonly string[];
}

interface Peaks {
  readonly heldKb: number;
  readonly allKb: number;
}

/** Samples the resident memory of a process until `done`: the highest while all streams are open, and the highest of all, KB. */
async function peakRssKb(server: Server, done: Promise<unknown>): Promise<Peaks> {
  const startMs = performance.now();
  let heldKb = rssKb(server.pid);
  let allKb = heldKb;
  const timer = setInterval(() => {
    const nowKb = rssKb(server.pid);
    allKb = Math.max(allKb, nowKb);
    if (performance.now() - startMs < HELD_MS) heldKb = Math.max(heldKb, nowKb);
  }, SAMPLE_EVERY_MS);
  await done.finally(() => clearInterval(timer));
  return { heldKb, allKb };
}

/** One fresh process, warmed by 200 streams, then all streams at once. */
async function weigh(subject: Subject, model: string, options: Options): Promise<Weight> {
  const world = await startWorld([subject], options.noise);
  try {
    const server = serverOf(world, subject);
    const ask: Ask = { server, dialect: "anthropic", model, stream: true };
    const load = { stream: true, rampMs: RAMP_MS, marks: HELD_PACE.events, limitMs: 60_000 };
    await world.pace(WARM_PACE);
    await verify(ask, WARM_PACE.events);
    await runLoad(jobOf(ask, { ...load, calls: 200, concurrency: 50, rampMs: 0 }));
    await world.pace(SHORT_PACE);
    await runLoad(jobOf(ask, { ...load, calls: SHORT_STREAMS, concurrency: 50, rampMs: 0, marks: SHORT_PACE.events }));
    await world.pace(HELD_PACE);
    await Bun.sleep(SETTLE_MS);
    const idleKb = rssKb(server.pid);
    const running = runLoad(jobOf(ask, { ...load, calls: OPEN_STREAMS, concurrency: OPEN_STREAMS }));
    const { heldKb, allKb } = await peakRssKb(server, running);
    const outcome = await running;
    const kbPerStream = (heldKb - idleKb) / OPEN_STREAMS;
    const endedKbPerStream = (allKb - idleKb) / OPEN_STREAMS;
    const [idle, held, all] = [idleKb, heldKb, allKb].map((kb) => Math.round(kb / 1024));
    const facts = `idle ${idle} MB, ${held} while all are open, ${all} at most`;
    options.say(
      `  ${subject} ${model}: ${facts}, ${kbPerStream.toFixed(1)} KB a stream, ${outcome.openAtPeak} open at once`,
    );
    const short = outcome.openAtPeak < OPEN_STREAMS ? [`${subject}: only ${outcome.openAtPeak} were open at once`] : [];
    return { kbPerStream, endedKbPerStream, lost: outcome.failed, notes: [...outcome.failures, ...short] };
  } finally {
    await world.stop();
  }
}

/** 2 000 streams open at once in one process: none lost, and what each keeps in memory. */
export async function memory(options: Options): Promise<Figure[]> {
  const runs = options.pairs ?? (options.quick ? 1 : 3);
  const plan: readonly { subject: Subject; model: string; key: string }[] = [
    { subject: "relay", model: MODELS.anthropic.native, key: "relay" },
    { subject: "gateway", model: MODELS.anthropic.native, key: "native" },
    ...(options.noise ? [] : [{ subject: "gateway" as const, model: MODELS.anthropic.translated, key: "translated" }]),
    { subject: "limit", model: MODELS.anthropic.native, key: "limit" },
  ];
  const weights: Record<string, Weight[]> = {};
  options.say(`${OPEN_STREAMS} streams at once`);
  for (let run = 0; run < runs; run += 1) {
    for (const { subject, model, key } of plan) {
      const weight = await weigh(subject, model, options);
      weights[key] = [...(weights[key] ?? []), weight];
    }
  }
  return ["native", "translated"]
    .filter((key) => weights[key] !== undefined)
    .flatMap((key) => {
      const own = [...(weights[key] ?? []), ...(weights.relay ?? []), ...(weights.limit ?? [])];
      const lost = own.reduce((sum, weight) => sum + weight.lost, 0);
      const facts = { unit: "KB", samples: runs, lost, notes: own.flatMap((weight) => weight.notes) };
      const values = (of: keyof Pick<Weight, "kbPerStream" | "endedKbPerStream">): Figure["values"] => {
        const column = (name: string): Quartiles => quartiles((weights[name] ?? []).map((weight) => weight[of]));
        return { relay: column("relay"), gateway: column(key), limit: column("limit") };
      };
      const gate = { of: "gateway", most: MOST_KB_PER_STREAM } as const;
      return [
        { name: `open stream, ${key}`, values: values("kbPerStream"), gate, ...facts },
        { name: `the same with the ends of all, ${key}`, values: values("endedKbPerStream"), ...facts },
      ];
    });
}

/** From exec of the gateway's process to its ready line. */
export async function start(options: Options): Promise<Figure[]> {
  if (options.noise) return [];
  const runs = options.pairs ?? (options.quick ? 5 : 10);
  options.say("start");
  const upstream = await startUpstream();
  const readyMs: number[] = [];
  try {
    for (let run = 0; run < runs; run += 1) {
      const gateway = await startGateway(upstream.url);
      readyMs.push(gateway.readyMs);
      options.say(`  ready after ${gateway.readyMs.toFixed(0)} ms`);
      await gateway.stop();
    }
  } finally {
    await upstream.stop();
  }
  return [
    {
      name: "exec to ready line",
      unit: "ms",
      values: { gateway: quartiles(readyMs) },
      gate: { of: "gateway", most: MOST_READY_MS },
      samples: runs,
      lost: 0,
      notes: [],
    },
  ];
}

/** What a whole call takes longer than asked directly, one at a time. */
export async function latency(options: Options): Promise<Figure[]> {
  const rounds = options.pairs ?? (options.quick ? 3 : 8);
  const subjects: readonly Subject[] = ["relay", "gateway", "limit"];
  const load = { stream: false, calls: 2_000, concurrency: 1, rampMs: 0, marks: WHOLE_MARKS, limitMs: 60_000 };
  options.say("latency");
  const world = await startWorld(subjects, options.noise);
  const added: Record<"p50" | "p99", Record<Subject, number[]>> = {
    p50: { relay: [], gateway: [], limit: [] },
    p99: { relay: [], gateway: [], limit: [] },
  };
  let lost = 0;
  try {
    const askOf = (server: Server): Ask => ({
      server,
      dialect: "anthropic",
      model: MODELS.anthropic.native,
      stream: false,
    });
    for (let round = 0; round <= rounds; round += 1) {
      const direct = await runLoad(jobOf(askOf(world.upstream), load));
      for (const subject of subjects) {
        const outcome = await runLoad(jobOf(askOf(serverOf(world, subject)), load));
        lost += outcome.failed;
        // The first round warms up.
        if (round === 0) continue;
        added.p50[subject].push(outcome.p50Ms - direct.p50Ms);
        added.p99[subject].push(outcome.p99Ms - direct.p99Ms);
        options.say(`  ${round} ${subject}: p50 ${outcome.p50Ms.toFixed(3)} ms, direct ${direct.p50Ms.toFixed(3)} ms`);
      }
    }
  } finally {
    await world.stop();
  }
  return (["p50", "p99"] as const).map((share) => ({
    name: `added latency ${share}, one call at a time`,
    unit: "ms",
    values: {
      relay: quartiles(added[share].relay),
      gateway: quartiles(added[share].gateway),
      limit: quartiles(added[share].limit),
    },
    samples: rounds,
    lost,
    notes: [],
  }));
}
