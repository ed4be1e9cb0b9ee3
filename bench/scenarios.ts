// The loads whose CPU is judged: whole calls and paced streams, native and translated, each beside the bare relay in the
// same run. Memory, start and latency are in `footprint.ts`.

import type { Figure } from "./figure.ts";
import type { Subject } from "./gateway.ts";
import type { Job, Outcome } from "./load.ts";
import { quartiles } from "./measure.ts";
import { type BenchDialect, WHOLE_MARKS } from "./payload.ts";
import { type Ask, costOf, runLoad, serverOf, startWorld, verify, type World } from "./world.ts";

export interface Options {
  readonly quick: boolean;
  /** The gateway's place is taken by a second bare relay. */
  readonly noise: boolean;
  /** Rounds of the interleaved cells; absent: the scenario's own number. */
  readonly pairs?: number;
  say(line: string): void;
}

/** One column of a comparison. */
interface Cell {
  readonly key: string;
  readonly ask: Ask;
}

interface Samples {
  /** CPU per call and round, ms. */
  readonly costs: Readonly<Record<string, readonly number[]>>;
  readonly lost: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

type Load = Pick<Job, "stream" | "calls" | "concurrency" | "rampMs" | "marks" | "limitMs">;
/** `warm`: calls before the first sample; with fewer the cost is the compiler's. */
type WarmLoad = Load & { readonly warm: number };

const STREAM_PACE = { events: 300, intervalMs: 2 };
/**
 * What runs once a stream is compiled after some thousand streams, which would take minutes at that pace: each server is
 * first asked for many short ones without a pause. With fewer the cost is the compiler's (a quarter of a native stream's).
 */
export const SHORT_PACE = { events: 8, intervalMs: 0 };
export const SHORT_STREAMS = 24_000;
/** Below this the frames came in lumps, which costs every server less than the load that was meant. */
const HELD_READS_PER_MARK = 0.8;
const MOST_CALL_RATIO = 1.5;
const MOST_STREAM_RATIO = 1.15;
const MOST_TRANSLATED_RATIO = 1.5;
const MOST_RESUME_RATIO = 1.05;

interface Models {
  readonly native: string;
  readonly translated: string;
  readonly unresumed: string;
  /** Of whose answers none is kept. */
  readonly unkept: string;
}

export const MODELS: Readonly<Record<BenchDialect, Models>> = {
  anthropic: {
    native: "claude-native",
    translated: "claude-translated",
    unresumed: "claude-unresumed",
    unkept: "claude-unkept",
  },
  chat: { native: "gpt-native", translated: "gpt-translated", unresumed: "gpt-unresumed", unkept: "gpt-unkept" },
};

export const NAMES: Readonly<Record<BenchDialect, string>> = { anthropic: "Anthropic", chat: "Chat" };

export function other(dialect: BenchDialect): BenchDialect {
  return dialect === "anthropic" ? "chat" : "anthropic";
}

export function jobOf(ask: Ask, load: Load): Job {
  return { url: ask.server.url, dialect: ask.dialect, model: ask.model, ...load };
}

async function warmWithShort(world: World, cells: readonly Cell[], load: Load): Promise<void> {
  await world.pace(SHORT_PACE);
  for (const { ask } of cells) {
    await runLoad(jobOf(ask, { ...load, calls: SHORT_STREAMS, rampMs: 0, marks: SHORT_PACE.events }));
  }
  await world.pace(STREAM_PACE);
}

/** A B C, B C A, C A B, …: whatever drifts on the machine falls on all cells alike. */
async function interleave(
  cells: readonly Cell[],
  { warm, ...load }: WarmLoad,
  rounds: number,
  options: Options,
): Promise<Samples> {
  const costs: Record<string, number[]> = {};
  const lost: Record<string, number> = {};
  const notes = new Set<string>();
  for (const { key, ask } of cells) {
    await verify(ask, load.marks);
    await runLoad(jobOf(ask, { ...load, calls: warm }));
    costs[key] = [];
    lost[key] = 0;
  }
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < cells.length; turn += 1) {
      const cell = cells[(turn + round) % cells.length];
      if (cell === undefined) continue;
      const { cpuMs, outcome } = await costOf(cell.ask, jobOf(cell.ask, load));
      costs[cell.key]?.push(cpuMs / Math.max(1, outcome.completed));
      lost[cell.key] = (lost[cell.key] ?? 0) + outcome.failed;
      for (const failure of outcome.failures) notes.add(`${cell.key}: ${failure}`);
      options.say(sampleLine(cell.key, round, cpuMs, outcome));
      if (load.stream && outcome.readsPerMark < HELD_READS_PER_MARK) notes.add(`${cell.key}: the pace was not held`);
    }
  }
  return { costs, lost, notes: [...notes] };
}

function sampleLine(key: string, round: number, cpuMs: number, outcome: Outcome): string {
  const perCall = ((cpuMs / Math.max(1, outcome.completed)) * 1000).toFixed(1);
  const facts = `${outcome.completed} calls in ${Math.round(outcome.wallMs)} ms, CPU ${Math.round(cpuMs)} ms, ${perCall} µs a call`;
  return `  ${round + 1} ${key.padEnd(10)} ${facts}, p50 ${outcome.p50Ms.toFixed(1)} ms, reads a mark ${outcome.readsPerMark.toFixed(2)}`;
}

function ratios(samples: Samples, above: string): number[] {
  return (samples.costs[above] ?? []).map((cost, round) => cost / (samples.costs.relay?.[round] ?? Number.NaN));
}

interface Naming {
  readonly name: string;
  readonly unit: "µs" | "ms";
  /** The cell that stands in the gateway's column. */
  readonly key: string;
  readonly most: number;
}

function figureOf(samples: Samples, { name, unit, key, most }: Naming): Figure {
  const scale = unit === "µs" ? 1000 : 1;
  const column = (cell: string) => quartiles((samples.costs[cell] ?? []).map((cost) => cost * scale));
  return {
    name,
    unit: `${unit} CPU`,
    values: { relay: column("relay"), gateway: column(key), limit: column("limit") },
    ratio: quartiles(ratios(samples, key)),
    limitRatio: quartiles(ratios(samples, "limit")),
    gate: { of: "ratio", most },
    samples: samples.costs[key]?.length ?? 0,
    lost: (samples.lost[key] ?? 0) + (samples.lost.relay ?? 0) + (samples.lost.limit ?? 0),
    notes: samples.notes.filter((note) => [key, "relay", "limit"].some((cell) => note.startsWith(`${cell}:`))),
  };
}

const SUBJECTS: readonly Subject[] = ["relay", "gateway", "limit"];

function nativeCells(world: World, dialect: BenchDialect, stream: boolean, model = MODELS[dialect].native): Cell[] {
  return SUBJECTS.map((key) => ({ key, ask: { server: serverOf(world, key), dialect, model, stream } }));
}

const WHOLE_LOAD = { stream: false, concurrency: 32, rampMs: 0, marks: WHOLE_MARKS, limitMs: 60_000 } as const;

/** Whole calls on the native lane, 1 KB in and 0.5 KB out, 32 at once. Nothing is kept of them: that is `kept`'s question. */
export async function calls(options: Options): Promise<Figure[]> {
  const load: WarmLoad = {
    ...WHOLE_LOAD,
    warm: options.quick ? 40_000 : 60_000,
    calls: options.quick ? 12_000 : 30_000,
  };
  const rounds = options.pairs ?? (options.quick ? 4 : 10);
  const world = await startWorld(SUBJECTS, options.noise);
  try {
    const figures: Figure[] = [];
    for (const dialect of ["anthropic", "chat"] as const) {
      const name = `call, nothing kept, ${NAMES[dialect]} native`;
      options.say(name);
      const cells = nativeCells(world, dialect, false, MODELS[dialect].unkept);
      const samples = await interleave(cells, load, rounds, options);
      figures.push(figureOf(samples, { name, unit: "µs", key: "gateway", most: MOST_CALL_RATIO }));
    }
    return figures;
  } finally {
    await world.stop();
  }
}

const MOST_KEPT_RATIO = 2;
const MOST_KEEPING_RATIO = 1.1;
const MOST_HIT_US = 200;

/** Whole calls whose answers are kept for an outage (as they are by default), beside those of a route that keeps none, and calls that are answered from what is kept: all of the process's CPU. */
export async function kept(options: Options): Promise<Figure[]> {
  const load = { ...WHOLE_LOAD, warm: 40_000, calls: options.quick ? 12_000 : 30_000 };
  const rounds = options.pairs ?? (options.quick ? 4 : 10);
  const world = await startWorld(SUBJECTS, false);
  try {
    const figures: Figure[] = [];
    for (const dialect of ["anthropic", "chat"] as const) {
      const family = dialect === "anthropic" ? "claude" : "gpt";
      options.say(`kept, ${NAMES[dialect]}`);
      const asked = (key: string): Cell => {
        const server = serverOf(world, "gateway");
        return { key, ask: { server, dialect, model: `${family}-${key}`, stream: false } };
      };
      const cells = [...nativeCells(world, dialect, false), asked("unkept"), asked("hit")];
      const samples = await interleave(cells, load, rounds, options);
      const kept = { name: `call that is kept, ${NAMES[dialect]}`, unit: "µs", key: "gateway" } as const;
      figures.push(figureOf(samples, { ...kept, most: MOST_KEPT_RATIO }));
      const beside = { ...samples, costs: { ...samples.costs, relay: samples.costs.unkept ?? [] } };
      const keeping = { ...kept, name: `the same ÷ one that is not, ${NAMES[dialect]}` };
      figures.push(figureOf(beside, { ...keeping, most: MOST_KEEPING_RATIO }));
      const hit = { name: `exact hit, ${NAMES[dialect]}`, unit: "µs", key: "hit" } as const;
      const gate = { of: "gateway", most: MOST_HIT_US } as const;
      figures.push({ ...figureOf(samples, { ...hit, most: MOST_KEPT_RATIO }), gate });
    }
    return figures;
  } finally {
    await world.stop();
  }
}

function streamLoad({ quick }: Options): WarmLoad {
  return {
    stream: true,
    warm: quick ? 160 : 240,
    calls: quick ? 120 : 240,
    concurrency: 40,
    rampMs: 600,
    marks: STREAM_PACE.events,
    limitMs: 60_000,
  };
}

/** The same streams through the gateway alone, with `resume` on and off: what it costs a stream that does not break. */
export async function resume(options: Options): Promise<Figure[]> {
  const rounds = options.pairs ?? (options.quick ? 4 : 10);
  const world = await startWorld(["gateway"], options.noise);
  try {
    const figures: Figure[] = [];
    for (const dialect of ["anthropic", "chat"] as const) {
      const name = `stream, ${NAMES[dialect]} native, resume on ÷ off`;
      options.say(name);
      const ask = (key: string, model: string): Cell => ({
        key,
        ask: { server: serverOf(world, "gateway"), dialect, model, stream: true },
      });
      const { native, unresumed } = MODELS[dialect];
      const cells = [ask("relay", unresumed), ask("gateway", native)];
      await warmWithShort(world, cells, streamLoad(options));
      const { limitRatio: _, ...figure } = figureOf(await interleave(cells, streamLoad(options), rounds, options), {
        name,
        unit: "ms",
        key: "gateway",
        most: MOST_RESUME_RATIO,
      });
      const { relay, gateway } = figure.values;
      figures.push({ ...figure, values: { ...(relay && { relay }), ...(gateway && { gateway }) } });
    }
    return figures;
  } finally {
    await world.stop();
  }
}

/** Streams of 300 events 2 ms apart, 40 at once; one bare relay per upstream dialect serves both lanes as the divisor. */
export async function streams(options: Options): Promise<Figure[]> {
  const load = streamLoad(options);
  const rounds = options.pairs ?? (options.quick ? 4 : 10);
  const world = await startWorld(SUBJECTS, options.noise);
  try {
    const figures: Figure[] = [];
    for (const dialect of ["anthropic", "chat"] as const) {
      const client = other(dialect);
      const native = `stream, ${NAMES[dialect]} native`;
      options.say(native);
      const cells = nativeCells(world, dialect, true);
      const model = MODELS[client].translated;
      const ask = { server: serverOf(world, "gateway"), dialect: client, model, stream: true };
      if (!options.noise) cells.push({ key: "translated", ask });
      await warmWithShort(world, cells, load);
      const samples = await interleave(cells, load, rounds, options);
      figures.push(figureOf(samples, { name: native, unit: "ms", key: "gateway", most: MOST_STREAM_RATIO }));
      if (options.noise) continue;
      const name = `stream, ${NAMES[client]} client of ${NAMES[dialect]}`;
      figures.push(figureOf(samples, { name, unit: "ms", key: "translated", most: MOST_TRANSLATED_RATIO }));
    }
    return figures;
  } finally {
    await world.stop();
  }
}
