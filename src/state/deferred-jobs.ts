// Deferred calls in the store. A job is on disk before anyone is told of it: all that came within a tick are written in one
// transaction that the disk itself confirms. Who runs at present is not written: the store belongs to one gateway at a time, so
// whatever is found waiting at the start was nobody's.

import type { Database } from "../core/database.ts";
import type { DeferralDesk, Job, JobReply, JobState, NewJob } from "../core/deferral.ts";
import type { Runtime } from "../core/runtime.ts";
import { createRoom, type Room } from "./deferred-room.ts";
import { createJobStatements, type JobRow, type ListedRow } from "./deferred-rows.ts";

/** A job that nobody could answer for so long is given up; a reply is kept for so long. */
const JOB_LIFE_MS = 86_400_000;
/** For so long a poll is told that a job is gone, and not that it never was. */
const TOMBSTONE_MS = 86_400_000;
const TOMBSTONES_MAX = 20_000;
const TICK_MS = 1;
/** The refusal that it comes from is remembered for 5 s, and would only be told again. */
const FIRST_MS = 5_500;
/** Gathered within a tick and not yet written. */
const PENDING_MAX = 2_000;
const SWEPT_AT_ONCE = 500;
const TOO_MANY = "too many calls are being deferred at once";

export interface WaitingJob extends Job {
  readonly call: string;
  readonly body: Uint8Array;
  readonly failures: number;
}

export interface DeferredJobs extends DeferralDesk {
  /** All below throw when the store fails. Times are in milliseconds since the Unix epoch. */
  find(tenant: string, id: string): Job | undefined;
  waiting(): { readonly route: string; readonly jobs: number; readonly dueMs: number }[];
  /** The oldest due job of the tenant that comes after `tenant` in turn, leaving out `except`. */
  next(route: string, tenant: string, except: readonly string[]): WaitingJob | undefined;
  /** False when it does not wait any more. */
  finish(id: string, state: "done" | "dead", reply: JobReply): boolean;
  postpone(id: string, dueMs: number, failures: number): void;
  /** The prompt and the reply are deleted. False when there was nothing to cancel. */
  cancel(tenant: string, id: string): boolean;
  /** Gives up what is too old, and says what that was. */
  sweep(): readonly Pick<Job, "id" | "tenant" | "route">[];
  list(limit: number): readonly ListedRow[];
  readonly counts: Pick<Room, "jobs" | "bytes" | "waiting">;
}

export interface JobsOptions {
  readonly database: Database;
  readonly runtime: Runtime;
  /** Whether a job is being run. */
  readonly isRunning: (id: string) => boolean;
  /** Jobs have come: somebody may want to run them. */
  readonly arrived: (jobs: readonly Pick<Job, "id" | "tenant" | "route">[]) => void;
}

interface Pending {
  readonly job: NewJob;
  readonly resolve: (result: Awaited<ReturnType<DeferralDesk["enqueue"]>>) => void;
}

interface Written {
  readonly results: readonly Parameters<Pending["resolve"]>[0][];
  readonly made: readonly Pick<Job, "id" | "tenant" | "route">[];
}

interface Shelf {
  readonly options: JobsOptions;
  readonly rows: ReturnType<typeof createJobStatements>;
  readonly room: Room;
  pending: Pending[];
}

/** Throws when the store cannot be read. */
export function createDeferredJobs(options: JobsOptions): DeferredJobs {
  const rows = createJobStatements(options.database);
  const room = createRoom(rows.usage.all());
  const shelf: Shelf = { options, rows, room, pending: [] };
  return {
    get waitingNow() {
      return room.waiting + shelf.pending.length;
    },
    counts: room,
    named(tenant, name) {
      const row = rows.named.get(tenant, name);
      return row === undefined || row.expiresMs <= nowOf(shelf) ? undefined : jobOf(shelf, row);
    },
    enqueue: (job) => enqueue(shelf, job),
    find(tenant, id) {
      const row = rows.find.get(id, tenant);
      return row && jobOf(shelf, row);
    },
    waiting: () => rows.waiting.all(),
    next(route, tenant, except) {
      const [atMs, left] = [nowOf(shelf), JSON.stringify(except)];
      const after = (last: string) => rows.nextAfter.get(route, last, atMs, left, atMs);
      const row = after(tenant) ?? after("");
      if (row === undefined || row.call === null || row.body === null) return undefined;
      const { call, body, failures } = row;
      return { ...jobOf(shelf, row), call, body, failures };
    },
    finish(id, state, { status, headers, body }) {
      const [atMs, before] = [nowOf(shelf), rows.queued.get(id)];
      if (before === undefined) return false;
      options.database.transaction(() => {
        rows.callBack.run(id, state, status, atMs);
        rows.finish.run(state, atMs + JOB_LIFE_MS, status, JSON.stringify(headers), body, body.length, id);
      });
      room.add(before.tenant, { jobs: 0, bytes: body.length - before.bytes, waiting: -1 });
      return true;
    },
    postpone: (id, dueMs, failures) => void rows.postpone.run(Math.floor(dueMs), failures, id),
    cancel(tenant, id) {
      const before = rows.find.get(id, tenant);
      if (before === undefined || rows.end.run("cancelled", nowOf(shelf) + TOMBSTONE_MS, id) === 0) return false;
      clear(room, before);
      return true;
    },
    sweep: () => sweep(shelf),
    list: (limit) => rows.list.all(limit),
  };
}

function nowOf({ options: { runtime } }: Shelf): number {
  return Math.floor(runtime.wallMs());
}

function jobOf(shelf: Shelf, row: JobRow): Job {
  const { id, tenant, route, hash, status, headers, reply } = row;
  const isOver = row.expiresMs <= nowOf(shelf) && row.state !== "cancelled";
  const state: JobState = isOver ? "expired" : row.state;
  const has = (state === "done" || state === "dead") && status !== null && reply !== null;
  const position = state === "queued" ? (shelf.rows.before.get(tenant, row.seq)?.n ?? 0) + 1 : 0;
  const running = state === "queued" && shelf.options.isRunning(id);
  const job = { id, tenant, route, hash, state, position, running };
  return has ? { ...job, reply: { status, headers: JSON.parse(headers ?? "{}"), body: reply } } : job;
}

function enqueue(shelf: Shelf, job: NewJob): ReturnType<DeferralDesk["enqueue"]> {
  const { pending, room, options } = shelf;
  const problem = pending.length < PENDING_MAX ? room.reserve(job.tenant, job.body.length) : TOO_MANY;
  if (problem !== undefined) return Promise.resolve({ problem });
  return new Promise((resolve) => {
    pending.push({ job, resolve });
    if (pending.length === 1) options.runtime.clock.after(TICK_MS, () => flush(shelf));
  });
}

function flush(shelf: Shelf): void {
  const batch = shelf.pending;
  shelf.pending = [];
  const { results, made } = write(shelf, batch);
  for (const [index, result] of results.entries()) batch[index]?.resolve(result);
  if (made.length > 0) shelf.options.arrived(made);
}

function write(shelf: Shelf, batch: readonly Pending[]): Written {
  const { rows, room, options } = shelf;
  const made: (NewJob & { readonly id: string })[] = [];
  const fresh = new Map<string, number>();
  const atMs = nowOf(shelf);
  const insert = (job: NewJob) => {
    const known = rows.named.get(job.tenant, job.name);
    if (known !== undefined && known.expiresMs > atMs) return jobOf(shelf, known);
    if (known !== undefined) rows.forgetName.run(known.id);
    const id = newId(options.runtime);
    rows.insert.run(...valuesOf(id, job, atMs));
    made.push({ ...job, id });
    const before = fresh.get(job.tenant) ?? room.waitingOf(job.tenant);
    fresh.set(job.tenant, before + 1);
    return { id, hash: job.hash, position: before + 1 };
  };
  try {
    const results = durably(options.database, () => batch.map(({ job }) => insert(job)));
    for (const { tenant, body } of made) room.add(tenant, { jobs: 1, bytes: body.length, waiting: 1 });
    return { results, made };
  } catch (error) {
    const problem = `the store failed: ${error instanceof Error ? error.message : String(error)}`;
    return { results: batch.map(() => ({ problem })), made: [] };
  } finally {
    for (const { job } of batch) room.unreserve(job.tenant, job.body.length);
  }
}

function sweep({ rows, room, options }: Shelf): readonly Pick<Job, "id" | "tenant" | "route">[] {
  const atMs = Math.floor(options.runtime.wallMs());
  const over = rows.over.all(atMs, SWEPT_AT_ONCE);
  options.database.transaction(() => {
    for (const { id } of over) {
      rows.callBack.run(id, "expired", null, atMs);
      rows.end.run("expired", atMs + TOMBSTONE_MS, id);
    }
    rows.bury.run(atMs, TOMBSTONES_MAX);
  });
  for (const row of over) clear(room, row);
  return over.filter(({ state }) => state === "queued");
}

function clear(room: Room, { tenant, bytes, state }: Pick<JobRow, "tenant" | "bytes" | "state">): void {
  room.add(tenant, { jobs: -1, bytes: -bytes, waiting: state === "queued" ? -1 : 0 });
}

/** The disk has it before this returns: with `NORMAL` a loss of power could take the last commits back. */
function durably<T>(database: Database, work: () => T): T {
  database.exec("PRAGMA synchronous = FULL");
  try {
    return database.transaction(work);
  } finally {
    database.exec("PRAGMA synchronous = NORMAL");
  }
}

function valuesOf(id: string, job: NewJob, atMs: number) {
  const { tenant, route, name, named, hash, call, body, callback } = job;
  return [
    id,
    tenant,
    route,
    name,
    named ? 1 : 0,
    hash,
    call,
    body,
    body.length,
    atMs,
    atMs + JOB_LIFE_MS,
    atMs + FIRST_MS,
    callback === undefined ? null : JSON.stringify(callback),
  ] as const;
}

const PART = 36 ** 5;

function newId({ random }: Runtime): string {
  const part = (): string =>
    Math.floor(random() * PART)
      .toString(36)
      .padStart(5, "0");
  return `job_${part()}${part()}${part()}${part()}`;
}
