// A provider's stream as an answer: reads and holds until the commit, then hands out frames at the client's pace and
// settles by the stream's own ending. Timers: first-token until content is received; idle only while a read is outstanding.
// Promises are chained, not awaited in layers: this runs for every frame.

import type { CancelListener } from "../core/cancel.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Follower, Frames, FrameTaker, StreamUnderWay } from "../core/reply.ts";
import type { Body, Clock, Taker } from "../core/runtime.ts";
import { LazyDeadline } from "../core/timing.ts";
import type { Lane } from "./lane.ts";
import type { Deadline, Settlement } from "./settlement.ts";
import { noContent } from "./timeouts.ts";

export interface StreamTimeouts {
  readonly firstTokenMs: number;
  /** Without a byte. */
  readonly idleMs: number;
  /** Without progress: pings do not count. */
  readonly progressMs: number;
}

/** Once the stop reason was seen, the closing marker is waited for this long, then supplied. */
const MARKER_MS = 5_000;
/** After the terminal event the connection is drained for reuse, this long at most. */
const DRAIN_MS = 1_000;
const SETTLED: Promise<undefined> = Promise.resolve(undefined);

type Given = Uint8Array | undefined;

/** All that an open stream needs of its attempt is in this one object: a function for each would be held as long as it. */
export class StreamReader implements Frames, StreamUnderWay, Taker<unknown>, CancelListener, Deadline {
  readonly #body: Body;
  readonly #lane: Lane;
  readonly #attempt: Settlement;
  readonly #timeouts: StreamTimeouts;
  readonly #clock: Clock;
  #ready: Uint8Array | undefined;
  #bug: Fault | undefined;
  #progressSeen = 0;
  #progressDueMs = Number.POSITIVE_INFINITY;
  #readEndMs: number;
  #next: Follower | undefined;
  /** Who takes what is read now; `undefined`: whoever reads. */
  #taker: FrameTaker<unknown> | undefined;

  constructor(body: Body, lane: Lane, attempt: Settlement, options: { timeouts: StreamTimeouts; clock: Clock }) {
    this.#body = body;
    this.#lane = lane;
    this.#attempt = attempt;
    this.#timeouts = options.timeouts;
    this.#clock = options.clock;
    this.#readEndMs = options.clock.now();
    attempt.deadline = this;
    attempt.cancel.listen(this);
  }

  /** Reads until content may be released. Gives the fault of an attempt that is to be replaced, unseen. */
  async open(): Promise<Fault | undefined> {
    while (!this.#lane.committed) {
      this.#beforeRead();
      const bytes = this.#after(await this.#body.read());
      if (bytes !== undefined) this.#ready = bytes;
      // The first token is in time once received, even if it is held; from then on silence is what counts.
      if (this.#lane.received && this.#attempt.firstContentMs === undefined) this.#received();
      if (this.#lane.committed) break;
      if (this.#fault !== undefined) return this.#fault;
      if (this.#attempt.cancel.fault !== undefined) return this.#attempt.cancel.fault;
    }
    this.#attempt.committed = true;
    this.#attempt.content();
    this.#closeIfDone();
    return undefined;
  }

  get underWay(): StreamUnderWay {
    return this;
  }

  get written(): number {
    return this.#lane.progress;
  }

  writingMs(nowMs: number): number {
    const { startMs, firstContentMs, pausedMs, timer } = this.#attempt;
    if (firstContentMs === undefined) return 0;
    // While a read is outstanding its deadline runs.
    const waitsMs = timer.isDue ? 0 : nowMs - this.#readEndMs;
    return Math.max(0, nowMs - startMs - firstContentMs - pausedMs - waitsMs);
  }

  followedBy(next: Follower): void {
    this.#next = next;
  }

  read(): Promise<Given> {
    this.#taker = undefined;
    // Without a taker `took` gives what it has.
    return this.#readAtHand() ?? (this.#readBody() as Promise<Given>);
  }

  readInto<T>(taker: FrameTaker<T>): Promise<T> {
    const atHand = this.#readAtHand();
    if (atHand !== undefined) return into(atHand, taker);
    this.#taker = taker;
    // With this taker `took` gives what it makes of that.
    return this.#readBody() as Promise<T>;
  }

  /** What needs no reading of the body. */
  #readAtHand(): Promise<Given> | undefined {
    if (this.#ready !== undefined) return Promise.resolve(this.#takeReady());
    if (this.#attempt.settled) return this.#next === undefined ? SETTLED : this.#next.readOn();
    return undefined;
  }

  #readBody(): Promise<unknown> {
    this.#beforeRead();
    const body = this.#body;
    return body.readInto === undefined ? body.read().then((chunk) => this.took(chunk)) : body.readInto(this);
  }

  /** For the body alone. */
  took(chunk: Uint8Array | Fault | undefined): unknown {
    const taker = this.#taker;
    if (taker === undefined) return this.#given(chunk) ?? this.read();
    try {
      const bytes = this.#given(chunk);
      // Nothing to hand out yet (a tool call is held), or only what the end has left behind.
      return bytes === undefined ? this.readInto(taker) : taker.took(bytes);
    } catch (bug) {
      return taker.failed(bug);
    }
  }

  #given(chunk: Uint8Array | Fault | undefined): Given {
    const bytes = this.#after(chunk);
    this.#closeIfDone();
    return bytes;
  }

  #takeReady(): Uint8Array | undefined {
    const ready = this.#ready;
    this.#ready = undefined;
    return ready;
  }

  get #fault(): Fault | undefined {
    return this.#bug ?? this.#lane.fault;
  }

  /** What one read of the provider brought, through the lane. */
  #after(chunk: Uint8Array | Fault | undefined): Uint8Array | undefined {
    this.#readEndMs = this.#clock.now();
    this.#attempt.timer.pause();
    return this.#attempt.settled ? undefined : this.#through(chunk);
  }

  #through(chunk: Uint8Array | Fault | undefined): Uint8Array | undefined {
    try {
      if (chunk === undefined) return this.#lane.end();
      if (!(chunk instanceof Uint8Array)) return this.#lane.broke(this.#attempt.cancel.fault ?? chunk);
      const bytes = this.#lane.feed(chunk);
      if (this.#lane.progress !== this.#progressSeen) this.#progressed();
      return bytes;
    } catch (error) {
      // A reader never rejects: a bug in a codec must end this stream like any other fault.
      this.#bug = fault("bug", error instanceof Error ? error.message : "a lane threw");
      return undefined;
    }
  }

  #beforeRead(): void {
    const { timer } = this.#attempt;
    if (this.#attempt.firstContentMs === undefined) {
      timer.moveTo(this.#attempt.startMs + this.#timeouts.firstTokenMs);
      return;
    }
    const nowMs = this.#clock.now();
    // While nobody read, the provider's silence was ours.
    const pausedMs = nowMs - this.#readEndMs;
    this.#attempt.pausedMs += pausedMs;
    this.#progressDueMs += pausedMs;
    const idleMs = this.#lane.stopped ? MARKER_MS : this.#timeouts.idleMs;
    timer.moveTo(Math.min(nowMs + idleMs, this.#progressDueMs));
  }

  #received(): void {
    this.#attempt.content();
    this.#progressed();
  }

  #progressed(): void {
    this.#progressSeen = this.#lane.progress;
    this.#progressDueMs = this.#readEndMs + this.#timeouts.progressMs;
  }

  /** What the attempt's timer says when it fires. */
  passed(): Fault {
    return this.#attempt.firstContentMs === undefined ? noContent() : fault("idle-timeout", "the stream fell silent");
  }

  #closeIfDone(): void {
    if (this.#attempt.settled) return;
    if (this.#lane.finished) {
      this.#attempt.usage = this.#lane.usage;
      this.#attempt.flaw = this.#lane.flaw;
      this.#attempt.settle(undefined);
      this.#drain();
    } else if (this.#fault !== undefined) this.cancelled(this.#fault);
  }

  cancelled(reason: Fault): void {
    // Before the commit whoever opens the stream settles, with the fault that it returns.
    if (this.#attempt.committed && !this.#attempt.settled) {
      // A provider that sent its stop reason and then hangs has answered: the marker is supplied.
      if (reason.kind === "idle-timeout") this.#ready = this.#through(reason);
      this.#attempt.usage = this.#lane.usage;
      this.#attempt.settle(this.#lane.finished ? undefined : reason);
    }
    this.#body.cancel(reason);
  }

  #drain(): void {
    const late = fault("superseded", "the provider kept the connection open after its terminal event");
    const timer = new LazyDeadline(this.#clock, () => this.#body.cancel(late));
    timer.move(DRAIN_MS);
    void this.#body.read().then((more) => {
      timer.stop();
      if (more !== undefined) this.#body.cancel(late);
    });
  }
}

/** For frames that know no takers, and what is at hand. */
export function into<T>(reading: Promise<Uint8Array | undefined>, taker: FrameTaker<T>): Promise<T> {
  return reading.then((frames) => taker.took(frames)).catch((bug: unknown) => taker.failed(bug));
}
