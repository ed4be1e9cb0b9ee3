// A provider's stream as an answer: reads and holds until the commit, then hands out frames at the client's pace and
// settles by the stream's own ending. Timers: first-token until content is received; idle only while a read is outstanding.

import { type Fault, fault } from "../core/fault.ts";
import type { Body, Clock } from "../core/runtime.ts";
import type { Lane } from "./lane.ts";
import type { Settlement } from "./settlement.ts";

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

export class StreamReader {
  readonly #body: Body;
  readonly #lane: Lane;
  readonly #attempt: Settlement;
  readonly #timeouts: StreamTimeouts;
  readonly #clock: Clock;
  #ready: Uint8Array | undefined;
  #bug: Fault | undefined;
  #progressSeen = 0;
  #progressDueMs: number;
  #readEndMs: number;

  constructor(body: Body, lane: Lane, attempt: Settlement, options: { timeouts: StreamTimeouts; clock: Clock }) {
    this.#body = body;
    this.#lane = lane;
    this.#attempt = attempt;
    this.#timeouts = options.timeouts;
    this.#clock = options.clock;
    this.#readEndMs = options.clock.now();
    this.#progressDueMs = Number.POSITIVE_INFINITY;
    attempt.cancel.onCancel((reason) => this.#stop(reason));
  }

  /** Reads until content may be released. Gives the fault of an attempt that is to be replaced, unseen. */
  async open(): Promise<Fault | undefined> {
    while (!this.#lane.committed) {
      const bytes = await this.#step();
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

  async read(): Promise<Uint8Array | undefined> {
    while (this.#ready === undefined && !this.#attempt.settled) {
      const bytes = await this.#step();
      this.#closeIfDone();
      if (bytes !== undefined) return bytes;
    }
    const ready = this.#ready;
    this.#ready = undefined;
    return ready;
  }

  get #fault(): Fault | undefined {
    return this.#bug ?? this.#lane.fault;
  }

  /** One read of the provider, through the lane. */
  async #step(): Promise<Uint8Array | undefined> {
    this.#beforeRead();
    const chunk = await this.#body.read();
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
    const nowMs = this.#clock.now();
    const { timer } = this.#attempt;
    if (this.#attempt.firstContentMs === undefined) {
      this.#attempt.onTimeout = firstTokenLate;
      timer.moveTo(this.#attempt.startMs + this.#timeouts.firstTokenMs);
      return;
    }
    // While nobody read, the provider's silence was ours.
    const pausedMs = nowMs - this.#readEndMs;
    this.#attempt.pausedMs += pausedMs;
    this.#progressDueMs += pausedMs;
    this.#attempt.onTimeout = fellSilent;
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

  #closeIfDone(): void {
    if (this.#attempt.settled) return;
    if (this.#lane.finished) {
      this.#attempt.usage = this.#lane.usage;
      this.#attempt.settle(undefined);
      this.#drain();
    } else if (this.#fault !== undefined) this.#stop(this.#fault);
  }

  #stop(reason: Fault): void {
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
    const disarm = this.#clock.after(DRAIN_MS, () => this.#body.cancel(late));
    void this.#body.read().then((more) => {
      disarm();
      if (more !== undefined) this.#body.cancel(late);
    });
  }
}

function firstTokenLate(): Fault {
  return fault("first-token-timeout", "no content within the first-token timeout");
}

function fellSilent(): Fault {
  return fault("idle-timeout", "the stream fell silent");
}
