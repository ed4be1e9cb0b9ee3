// The load generator, a process of its own: a closed loop of workers on raw sockets, bounded in calls and in time. It takes
// one `Job` as JSON in its first argument and prints one `Outcome` as JSON. A call counts as completed only if each of its
// events and the terminal came. It measures no CPU: the runner does, from outside.

import { dieWithParent } from "./lifeline.ts";
import { quantile } from "./measure.ts";
import { type BenchDialect, PATHS, requestBody, requestHeaders, TERMINALS } from "./payload.ts";
import { type ResponseReader, responseReader } from "./response-reader.ts";

export interface Job {
  readonly url: string;
  readonly dialect: BenchDialect;
  readonly model: string;
  readonly stream: boolean;
  readonly calls: number;
  readonly concurrency: number;
  /** The workers start evenly over this time. */
  readonly rampMs: number;
  /** Marks in a complete reply. */
  readonly marks: number;
  /** The whole job ends after this, and what is missing counts as failed. */
  readonly limitMs: number;
}

export interface Outcome {
  readonly completed: number;
  readonly failed: number;
  /** A few of the reasons. */
  readonly failures: readonly string[];
  readonly wallMs: number;
  /** Most calls that had content and no end at one moment. */
  readonly openAtPeak: number;
  /** Socket reads per mark: below 1, frames came together and the pace was not held. */
  readonly readsPerMark: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Worker {
  reader: ResponseReader | undefined;
  startedMs: number;
  open: boolean;
}

const FAILURES_KEPT = 5;

function requestBytes(job: Job): Buffer {
  const body = Buffer.from(requestBody(job.dialect, job.model, job.stream));
  const fields = { host: new URL(job.url).host, ...requestHeaders(job.dialect), "content-length": String(body.length) };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${PATHS[job.dialect]} HTTP/1.1\r\n${head.join("")}\r\n`), body]);
}

/** Why a response that has ended is not complete. */
function flaw(job: Job, reader: ResponseReader): string | undefined {
  if (reader.status !== 200) return `status ${reader.status}: ${reader.tail.slice(-200)}`;
  if (reader.marks !== job.marks) return `${reader.marks} of ${job.marks} events`;
  if (job.stream && !reader.tail.includes(TERMINALS[job.dialect])) return "no terminal event";
  return undefined;
}

function latencies(tookMs: readonly number[]): Pick<Outcome, "p50Ms" | "p99Ms"> {
  const sorted = tookMs.length === 0 ? [0] : [...tookMs].sort((one, other) => one - other);
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}

/** Counts what the workers of one job do. `done` resolves when each call has ended, or nobody is left to ask. */
function tallyOf(job: Job) {
  const startedMs = performance.now();
  const tookMs: number[] = [];
  const failures: string[] = [];
  let workers = job.concurrency;
  let begun = 0;
  let failed = 0;
  let open = 0;
  let openAtPeak = 0;
  let reads = 0;
  let marks = 0;
  const { promise: done, resolve } = Promise.withResolvers<Outcome>();

  function settle(): void {
    const missing = job.calls - tookMs.length - failed;
    if (missing > 0) failures.unshift(`${missing} calls not asked or not ended in time`);
    resolve({
      completed: tookMs.length,
      failed: failed + missing,
      failures: failures.slice(0, FAILURES_KEPT),
      wallMs: performance.now() - startedMs,
      openAtPeak,
      readsPerMark: marks === 0 ? 0 : reads / marks,
      ...latencies(tookMs),
    });
  }

  return {
    done,
    settle,
    /** False when all calls are taken. */
    claim(): boolean {
      if (begun >= job.calls) return false;
      begun += 1;
      return true;
    },
    read(worker: Worker): void {
      reads += 1;
      if (worker.open || (worker.reader?.marks ?? 0) === 0) return;
      worker.open = true;
      open += 1;
      openAtPeak = Math.max(openAtPeak, open);
    },
    ended(worker: Worker, failure: string | undefined): void {
      if (failure === undefined) tookMs.push(performance.now() - worker.startedMs);
      else failures[failed++ % FAILURES_KEPT] = failure;
      if (worker.open) open -= 1;
      marks += worker.reader?.marks ?? 0;
      worker.reader = undefined;
      worker.open = false;
      if (tookMs.length + failed === job.calls) settle();
    },
    workerGone(): void {
      workers -= 1;
      if (workers === 0) settle();
    },
  };
}

/** Runs a job: `concurrency` workers, each asking again as soon as its last call has ended. */
function run(job: Job): Promise<Outcome> {
  const request = requestBytes(job);
  const { hostname, port } = new URL(job.url);
  const tally = tallyOf(job);

  function begin(socket: Bun.Socket<Worker>): void {
    if (!tally.claim()) {
      socket.end();
      return;
    }
    socket.data.reader = responseReader();
    socket.data.startedMs = performance.now();
    // The request is smaller than any socket buffer: a short write means that the connection is lost.
    if (socket.write(request) !== request.length) socket.terminate();
  }

  function received(socket: Bun.Socket<Worker>, data: Buffer): void {
    const worker = socket.data;
    if (worker.reader === undefined) return;
    const progress = worker.reader.feed(data);
    tally.read(worker);
    if (progress === "more") return;
    tally.ended(worker, progress === "malformed" ? "malformed response" : flaw(job, worker.reader));
    if (progress === "done") {
      begin(socket);
      return;
    }
    socket.terminate();
    connect();
  }

  function connect(): void {
    const data: Worker = { reader: undefined, startedMs: 0, open: false };
    const lost = (failure: string): void => {
      if (data.reader === undefined) return;
      tally.ended(data, failure);
      connect();
    };
    const socket: Bun.SocketHandler<Worker> = {
      open: begin,
      data: received,
      close: () => lost("connection closed before the end"),
      error: (_, error) => lost(error.message),
    };
    Bun.connect<Worker>({ hostname, port: Number(port), data, socket }).catch((error: unknown) => {
      if (tally.claim()) tally.ended(data, `cannot connect: ${String(error)}`);
      tally.workerGone();
    });
  }

  setTimeout(tally.settle, job.limitMs).unref();
  for (let index = 0; index < job.concurrency; index += 1) {
    setTimeout(connect, (job.rampMs * index) / job.concurrency);
  }
  return tally.done;
}

if (import.meta.main) {
  dieWithParent();
  // The runner wrote it as a `Job`.
  const job = JSON.parse(process.argv[2] ?? "") as Job;
  console.log(JSON.stringify(await run(job)));
  process.exit(0);
}
