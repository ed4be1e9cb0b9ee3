// A provider's stream as an answer: reads and holds until the commit, then hands out frames at the client's pace and
// settles by the stream's own ending. Timers: first-token until content is received; idle only while a read is outstanding.
// Frames are handed on by calls, not awaited in layers: this runs for every frame.

import type { CancelListener } from "../core/cancel.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Follower, Frames, FrameTaker, StreamUnderWay } from "../core/reply.ts";
import type { Body, Clock, Taker, Wanting } from "../core/runtime.ts";
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
const SETTLED: Promise<void> = Promise.resolve();

type Given = Uint8Array | undefined;

/** All that an open stream needs of its attempt is in this one object: a function for each would be held as long as it. */
export class StreamReader implements Frames, StreamUnderWay, Taker, CancelListener, Deadline {
  readonly #body: Body;
  readonly lane: Lane;
  readonly #attempt: Settlement;
  readonly #timeouts: StreamTimeouts;
  readonly #clock: Clock;
  #ready: Uint8Array | undefined;
  #bug: Fault | undefined;
  #progressSeen = 0;
  #progressDueMs = Number.POSITIVE_INFINITY;
  #readEndMs: number;
  /** A read is outstanding, or will be within this turn. */
  #reading = false;
  #next: Follower | undefined;
  #taker: FrameTaker | undefined;

  constructor(body: Body, lane: Lane, attempt: Settlement, options: { timeouts: StreamTimeouts; clock: Clock }) {
    this.#body = body;
    this.lane = lane;
    this.#attempt = attempt;
    this.#timeouts = options.timeouts;
    this.#clock = options.clock;
    this.#readEndMs = options.clock.now();
    attempt.deadline = this;
    attempt.cancel.listen(this);
  }

  /** Reads until content may be released. Gives the fault of an attempt that is to be replaced, unseen. */
  async open(): Promise<Fault | undefined> {
    while (!this.lane.committed) {
      this.#beforeRead(this.#clock.now());
      const bytes = this.#after(await this.#body.read());
      if (bytes !== undefined) this.#ready = bytes;
      // The first token is in time once received, even if it is held; from then on silence is what counts.
      if (this.lane.received && this.#attempt.firstContentMs === undefined) this.#received();
      if (this.lane.committed) break;
      if (this.#fault !== undefined) return this.#fault;
      if (this.#attempt.cancel.fault !== undefined) return this.#attempt.cancel.fault;
    }
    this.#attempt.committed = true;
    this.#attempt.timer.pause();
    this.#attempt.content();
    this.#closeIfDone();
    return undefined;
  }

  get underWay(): StreamUnderWay {
    return this;
  }

  get written(): number {
    return this.lane.progress;
  }

  writingMs(nowMs: number): number {
    const { startMs, firstContentMs, pausedMs } = this.#attempt;
    if (firstContentMs === undefined) return 0;
    // While a read is outstanding its deadline runs.
    const waitsMs = this.#reading ? 0 : nowMs - this.#readEndMs;
    return Math.max(0, nowMs - startMs - firstContentMs - pausedMs - waitsMs);
  }

  followedBy(next: Follower): void {
    this.#next = next;
  }

  async read(): Promise<Given> {
    for (;;) {
      const ready = this.#takeReady();
      if (ready !== undefined) return ready;
      if (this.#attempt.settled) return this.#next?.readOn();
      this.#beforeRead(this.#clock.now());
      const bytes = this.#given(await this.#body.read());
      this.#attempt.timer.pause();
      if (bytes !== undefined) return bytes;
    }
  }

  pump(taker: FrameTaker): Promise<void> {
    this.#taker = taker;
    try {
      const wanting = this.#giveReady(taker);
      return wanting === true ? this.#pumpBody() : this.#pumpOnceWanted(wanting);
    } catch (bug) {
      taker.failed(bug);
      return SETTLED;
    }
  }

  async #pumpOnceWanted(wanting: Wanting): Promise<void> {
    if (await wanting) return this.#pumpBody();
  }

  #pumpBody(): Promise<void> {
    const body = this.#body;
    if (this.#attempt.settled) return this.#rest();
    this.#beforeRead(this.#clock.now());
    return body.pump === undefined ? pumped(body, this) : body.pump(this);
  }

  /** For the body alone. */
  took(chunk: Uint8Array | Fault | undefined): Wanting {
    const taker = this.#taker;
    if (taker === undefined) return false;
    try {
      const bytes = this.#given(chunk);
      // Nothing to hand out yet (a tool call is held), or only what the end has left behind.
      const wanting = bytes === undefined || taker.took(bytes);
      return wanting === true ? this.#goOnAtOnce() : this.#goOnOnceWanted(wanting);
    } catch (bug) {
      taker.failed(bug);
      return false;
    }
  }

  #goOnAtOnce(): Wanting {
    // The timer runs on, and when it wakes it is told to what time it was put off by what has come.
    if (this.#attempt.settled || this.lane.stopped) return this.#goOn(this.#readEndMs);
    this.#reading = true;
    return true;
  }

  #goOn(nowMs: number): Wanting {
    if (this.#attempt.settled) return this.#rest().then(() => false);
    this.#beforeRead(nowMs);
    return true;
  }

  async #goOnOnceWanted(wanting: Wanting): Promise<boolean> {
    this.#attempt.timer.pause();
    return (await wanting) && this.#goOn(this.#clock.now());
  }

  /** What is to be said behind the provider's last word. */
  async #rest(): Promise<void> {
    const taker = this.#taker;
    if (taker === undefined) return;
    try {
      if (!(await this.#giveReady(taker))) return;
      for (let bytes = await this.#next?.readOn(); bytes !== undefined; bytes = await this.#next?.readOn())
        if (!(await taker.took(bytes))) return;
      await taker.over();
    } catch (bug) {
      taker.failed(bug);
    }
  }

  #giveReady(taker: FrameTaker): Wanting {
    const ready = this.#takeReady();
    return ready === undefined || taker.took(ready);
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
    return this.#bug ?? this.lane.fault;
  }

  /** What one read of the provider brought, through the lane. */
  #after(chunk: Uint8Array | Fault | undefined): Uint8Array | undefined {
    this.#readEndMs = this.#clock.now();
    this.#reading = false;
    return this.#attempt.settled ? undefined : this.#through(chunk);
  }

  #through(chunk: Uint8Array | Fault | undefined): Uint8Array | undefined {
    try {
      if (chunk === undefined) return this.lane.end();
      if (!(chunk instanceof Uint8Array)) return this.lane.broke(this.#attempt.cancel.fault ?? chunk);
      const bytes = this.lane.feed(chunk);
      if (this.lane.progress !== this.#progressSeen) this.#progressed();
      return bytes;
    } catch (error) {
      // A reader never rejects: a bug in a codec must end this stream like any other fault.
      this.#bug = fault("bug", error instanceof Error ? error.message : "a lane threw");
      return undefined;
    }
  }

  #beforeRead(nowMs: number): void {
    const { timer } = this.#attempt;
    this.#reading = true;
    if (this.#attempt.firstContentMs === undefined) {
      timer.moveTo(this.#attempt.startMs + this.#timeouts.firstTokenMs);
      return;
    }
    // While nobody read, the provider's silence was ours.
    const pausedMs = nowMs - this.#readEndMs;
    if (pausedMs > 0) {
      this.#attempt.pausedMs += pausedMs;
      this.#progressDueMs += pausedMs;
    }
    timer.moveTo(this.#silentTooLongMs(nowMs));
  }

  #silentTooLongMs(sinceMs: number): number {
    const idleMs = this.lane.stopped ? MARKER_MS : this.#timeouts.idleMs;
    return Math.min(sinceMs + idleMs, this.#progressDueMs);
  }

  putOffToMs(): number {
    return this.#attempt.firstContentMs === undefined ? 0 : this.#silentTooLongMs(this.#readEndMs);
  }

  #received(): void {
    this.#attempt.content();
    this.#progressed();
  }

  #progressed(): void {
    this.#progressSeen = this.lane.progress;
    this.#progressDueMs = this.#readEndMs + this.#timeouts.progressMs;
  }

  /** What the attempt's timer says when it fires. */
  passed(): Fault {
    return this.#attempt.firstContentMs === undefined ? noContent() : fault("idle-timeout", "the stream fell silent");
  }

  #closeIfDone(): void {
    if (this.#attempt.settled) return;
    if (this.lane.finished) {
      this.#attempt.usage = this.lane.usage;
      this.#attempt.flaw = this.lane.flaw;
      this.#attempt.settle(undefined);
      this.#drain();
    } else if (this.#fault !== undefined) this.cancelled(this.#fault);
  }

  cancelled(reason: Fault): void {
    // Before the commit whoever opens the stream settles, with the fault that it returns.
    if (this.#attempt.committed && !this.#attempt.settled) {
      // A provider that sent its stop reason and then hangs has answered: the marker is supplied.
      if (reason.kind === "idle-timeout") this.#ready = this.#through(reason);
      this.#attempt.usage = this.lane.usage;
      this.#attempt.settle(this.lane.finished ? undefined : reason);
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

/** For bodies that are only read. */
async function pumped(body: Body, taker: Taker): Promise<void> {
  for (;;) {
    const chunk = await body.read();
    if (!(await taker.took(chunk)) || !(chunk instanceof Uint8Array)) return;
  }
}

/** For frames that are only read. */
export async function pumpFrames(frames: Frames, taker: FrameTaker): Promise<void> {
  try {
    for (let bytes = await frames.read(); bytes !== undefined; bytes = await frames.read())
      if (!(await taker.took(bytes))) return;
    await taker.over();
  } catch (bug) {
    taker.failed(bug);
  }
}
