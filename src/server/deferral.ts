// Runs deferred calls once targets answer again: a few at a time, more while it goes well, each tenant in its turn, and behind
// live traffic, since they are the first to be shed. A failure in an outage is no job's fault and only slows the line down; one
// while others are answered counts, and too many of those end a job.

import { CancelSource } from "../core/cancel.ts";
import type { Database } from "../core/database.ts";
import type { DeferralDesk, Job, JobState } from "../core/deferral.ts";
import { FAULTS, fault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Clock, Runtime } from "../core/runtime.ts";
import type { Engine } from "../engine/engine.ts";
import { createDeferredCallbacks, type DeferredCallbacks } from "../state/deferred-callbacks.ts";
import { createDeferredJobs, type DeferredJobs, type WaitingJob } from "../state/deferred-jobs.ts";
import { checkCallback, type ResolveHost } from "./callback-guard.ts";
import { type Callbacks, createCallbacks } from "./deferral-callbacks.ts";
import { createLanes, type Lane, type Lanes, SETTLE_MS } from "./deferral-lanes.ts";
import type { Seats } from "./deferred-progress.ts";
import { type Run, runJob } from "./deferred-run.ts";
import { createIds } from "./ids.ts";

/** Over all routes. */
const RUNNING_MAX = 16;
/** Counted failures after which a job is given up. */
export const FAILURES_MAX = 8;
/** A job that failed lets the others of its line go first. */
const AGAIN_MS = 10_000;
/** A timer for the next due job is set no further ahead. */
const LOOK_MS = 60_000;
const LOOK_MIN_MS = 50;
/** After one that has just come. */
const ARRIVED_MS = 1_000;
const SWEEP_MS = 60_000;

export interface Deferral {
  /** Each throws when the store fails. */
  readonly jobs: Pick<DeferredJobs, "find" | "list" | "counts">;
  /** Of those who follow a job. */
  readonly seats: Seats;
  /** Reads the gateway's facts: where targets are well again, jobs are tried. */
  readonly read: (event: GatewayEvent) => void;
  /** Takes up what waits; an earlier process may have left it. */
  start(engine: Engine): void;
  readonly running: number;
  /** The prompt and the reply are deleted; a run is stopped. False: there was nothing to cancel. Throws when the store fails. */
  cancel(tenant: string, id: string): boolean;
  /** Nothing new is begun. */
  drain(): void;
  /** What runs is stopped, and waits for the next start. */
  stop(): void;
}

export interface DeferralOptions {
  readonly database: Database;
  readonly runtime: Runtime;
  /** Something that people should know and that holds nothing up. */
  readonly trouble: (message: string) => void;
  /** Absent: nobody can be told by a callback. */
  readonly resolveHost?: ResolveHost;
}

interface Line {
  readonly runtime: Runtime;
  readonly trouble: (message: string) => void;
  readonly jobs: DeferredJobs;
  readonly callbackRows: DeferredCallbacks;
  readonly callbacks: Callbacks;
  readonly lanes: Lanes;
  readonly running: Map<string, CancelSource>;
  readonly nextId: () => string;
  /** Absent before the start and while draining: nothing is begun. */
  engine: Engine | undefined;
  disarm: (() => void) | undefined;
  lookAtMs: number;
  sweptAtMs: number;
}

/** Throws when the store cannot be read. */
function createLine({ database, runtime, trouble, resolveHost }: DeferralOptions): Line {
  const running = new Map<string, CancelSource>();
  const jobs = createDeferredJobs({
    database,
    runtime,
    isRunning: (id) => running.has(id),
    arrived: (made) => {
      for (const job of made) tell(line, job, "queued");
      armWithin(line, ARRIVED_MS);
    },
  });
  const callbackRows = createDeferredCallbacks(database);
  const line: Line = {
    runtime,
    trouble,
    jobs,
    callbackRows,
    callbacks: createCallbacks({ rows: callbackRows, runtime, resolveHost, trouble }),
    lanes: createLanes(runtime.clock),
    running,
    nextId: createIds(runtime),
    engine: undefined,
    disarm: undefined,
    lookAtMs: 0,
    sweptAtMs: Number.NEGATIVE_INFINITY,
  };
  return line;
}

/** Throws when the store cannot be read. */
export function createDeferral(options: DeferralOptions): Deferral {
  const line = createLine(options);
  const { jobs, callbacks, running } = line;
  const seats: Seats = { taken: 0, areClosed: false };
  const halt = (): void => {
    seats.areClosed = true;
    line.engine = undefined;
    line.disarm?.();
  };
  return {
    jobs,
    seats,
    read(event) {
      const isBetter = event.type === "belief" && (event.state === "ramp" || event.state === "healthy");
      if (isBetter && line.lanes.hurry()) armWithin(line, SETTLE_MS);
    },
    start(engine) {
      line.engine = engine;
      engine.cells.deferral.desk = guarded(jobs, options.resolveHost, options.runtime.clock);
      look(line);
      callbacks.hurry();
    },
    get running() {
      return running.size;
    },
    cancel(tenant, id) {
      const job = jobs.find(tenant, id);
      if (job === undefined || !jobs.cancel(tenant, id)) return false;
      running.get(id)?.cancel(fault("cancelled", "the job was cancelled"));
      tell(line, job, "cancelled");
      return true;
    },
    drain: halt,
    stop() {
      halt();
      callbacks.stop();
      for (const cancel of running.values()) cancel.cancel(fault("draining", "This gateway is shutting down."));
    },
  };
}

/** A job is not promised whose end could not be told where its client wants it. */
function guarded(jobs: DeferredJobs, resolveHost: ResolveHost | undefined, clock: Clock): DeferralDesk {
  return {
    get waitingNow() {
      return jobs.waitingNow;
    },
    named: jobs.named,
    async enqueue(job) {
      if (job.callback === undefined) return jobs.enqueue(job);
      const checked = await checkCallback(job.callback.url, resolveHost, clock);
      return "problem" in checked ? { problem: checked.problem, wrong: "x-holdfast-callback" } : jobs.enqueue(job);
    },
  };
}

function tell(line: Line, { id, tenant, route }: Pick<Job, "id" | "tenant" | "route">, state: JobState): void {
  const { engine, runtime, jobs } = line;
  const atMs = runtime.clock.now();
  if (state !== "queued" && state !== "cancelled") line.callbacks.hurry();
  engine?.emit({ type: "deferred", atMs, call: id, tenant, route, state, waiting: jobs.waitingNow });
}

function armWithin(line: Line, delayMs: number): void {
  const { clock } = line.runtime;
  const atMs = clock.now() + delayMs;
  if (line.engine === undefined || (line.disarm !== undefined && line.lookAtMs <= atMs)) return;
  line.disarm?.();
  line.lookAtMs = atMs;
  line.disarm = clock.after(delayMs, () => look(line));
}

/** Never throws: it is called from timers. */
function look(line: Line): void {
  line.disarm?.();
  line.disarm = undefined;
  const { engine, jobs, lanes, runtime } = line;
  if (engine === undefined) return;
  let nextMs = LOOK_MS;
  try {
    sweep(line);
    const waiting = jobs.waiting();
    if (waiting.length === 0) return;
    for (const { route, dueMs } of waiting) {
      const lane = lanes.of(route, engine);
      begin(line, lane, engine);
      nextMs = Math.min(nextMs, Math.max(lane.untilMs - runtime.clock.now(), dueMs - runtime.wallMs()));
    }
  } catch (error) {
    line.trouble(`deferred calls wait: the store failed: ${messageOf(error)}`);
  }
  // A run that ends looks again by itself.
  armWithin(line, line.running.size > 0 ? LOOK_MS : Math.max(LOOK_MIN_MS, nextMs));
}

function sweep(line: Line): void {
  const nowMs = line.runtime.clock.now();
  if (nowMs - line.sweptAtMs < SWEEP_MS) return;
  line.sweptAtMs = nowMs;
  line.callbackRows.sweep(line.runtime.wallMs());
  for (const job of line.jobs.sweep()) {
    line.running.get(job.id)?.cancel(fault("cancelled", "the job expired"));
    tell(line, job, "expired");
  }
}

function begin(line: Line, lane: Lane, engine: Engine): void {
  const { running, runtime } = line;
  while (running.size < RUNNING_MAX && lane.running < lane.width && runtime.clock.now() >= lane.untilMs) {
    const job = line.jobs.next(lane.route, lane.tenant, [...running.keys()]);
    if (job === undefined) return;
    lane.tenant = job.tenant;
    lane.running++;
    const cancel = new CancelSource();
    running.set(job.id, cancel);
    void runJob(engine, job, { id: line.nextId(), cancel })
      .then((result) => settle(line, lane, job, result))
      .catch((error: unknown) => {
        line.lanes.failed(lane);
        line.trouble(`a deferred call waits on: ${messageOf(error)}`);
      })
      .finally(() => {
        lane.running--;
        running.delete(job.id);
        look(line);
      });
  }
}

function settle(line: Line, lane: Lane, job: WaitingJob, { fault: reason, reply }: Run): void {
  const { jobs, lanes, running, runtime } = line;
  // Cancelled, expired, or stopped with the gateway: the row says which.
  if (running.get(job.id)?.fault !== undefined) return;
  if (reason === undefined || FAULTS[reason.kind].blame === "caller") {
    lanes.answered(lane);
    if (jobs.finish(job.id, "done", reply)) tell(line, job, "done");
    return;
  }
  const failures = job.failures + (lanes.failed(lane) ? 1 : 0);
  if (failures >= FAILURES_MAX) {
    if (jobs.finish(job.id, "dead", reply)) tell(line, job, "dead");
    return;
  }
  jobs.postpone(job.id, runtime.wallMs() + (lane.untilMs - runtime.clock.now()) + AGAIN_MS, failures);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
