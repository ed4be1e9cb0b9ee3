// The client's side of a stream: written at the client's pace, kept alive while the provider is silent, given up when the
// client takes nothing. Portable: WHATWG streams only. One tick serves for both; frames only reset a counter.

import type { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { FrameTaker } from "../core/reply.ts";
import type { Clock } from "../core/runtime.ts";
import type { Outflow } from "../engine/outflow.ts";
import { NEVER, type Ticking, Ticks } from "./ticks.ts";

/**
 * Clients of the field give up on a stream that is silent for 15 s and more. Two ticks without a frame are a ping, so that
 * pings are at most 10 s apart.
 */
const TICK_MS = 5_000;
const PING_TICKS = 2;
/** A client that takes no byte for a minute: the first tick may come at once. */
const STALL_TICKS = 13;

export interface StreamOptions {
  /** From `streamTicks`, one for all streams. */
  readonly ticks: Ticks;
  readonly cancel: CancelSource;
  /** A first ping goes out with the headers of an early open. */
  readonly early: boolean;
  /** Counted out once, when the stream is over for whatever reason. */
  readonly open: { open: number };
}

export function streamTicks(clock: Clock): Ticks {
  return new Ticks(clock, TICK_MS);
}

export function streamBody(outflow: Outflow, options: StreamOptions): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(new StreamSource(outflow, options));
}

/** All that an open stream needs here is in this one object: a function for each would be held as long as it. */
class StreamSource implements UnderlyingDefaultSource<Uint8Array>, FrameTaker<void>, Ticking {
  tickAtMs = NEVER;
  before: Ticking | undefined;
  behind: Ticking | undefined;
  readonly #outflow: Outflow;
  readonly #ticks: Ticks;
  readonly #cancel: CancelSource;
  readonly #open: StreamOptions["open"];
  readonly #early: boolean;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #over = false;
  /** The provider is waited for; otherwise the client is. */
  #reading = false;
  /** Ticks since a frame was passed on, or since the client took one. */
  #ticked = 0;
  /** Ticks since a ping could not be handed over because the one before still lies there. */
  #untaken = 0;

  constructor(outflow: Outflow, { ticks, cancel, open, early }: StreamOptions) {
    this.#outflow = outflow;
    this.#ticks = ticks;
    this.#cancel = cancel;
    this.#open = open;
    this.#early = early;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    if (this.#early) controller.enqueue(this.#outflow.pingFrame);
    this.#ticks.add(this);
  }

  pull(): Promise<void> {
    this.#reading = true;
    this.#ticked = 0;
    return this.#outflow.readInto(this);
  }

  cancel(): void {
    this.#cancel.cancel(fault("cancelled", "the client left"));
    this.#finish();
  }

  took(bytes: Uint8Array | undefined): void | Promise<void> {
    if (this.#over) return;
    if (bytes === undefined)
      return this.#outflow.tail().then(
        (last) => this.#close(last),
        () => this.failed(),
      );
    this.#reading = false;
    this.#ticked = 0;
    this.#controller?.enqueue(bytes);
  }

  #close(last: Uint8Array | undefined): void {
    if (this.#over) return;
    if (last !== undefined) this.#controller?.enqueue(last);
    this.#controller?.close();
    this.#finish();
  }

  /** An outflow does not reject; if it ever does, the client must see a broken stream and the call must be counted out. */
  failed(): void {
    this.#controller?.error(new Error("Holdfast failed inside."));
    this.#finish();
  }

  tick(): void {
    this.#ticked++;
    if (this.#reading ? this.#silent() : this.#ticked >= STALL_TICKS) this.#stall();
    else this.#ticks.add(this);
  }

  /** The provider is silent. Gives true when the client does not even take the pings. */
  #silent(): boolean {
    if (this.#ticked < PING_TICKS) return false;
    if ((this.#controller?.desiredSize ?? 0) > 0) {
      this.#ticked = 0;
      this.#untaken = 0;
      this.#controller?.enqueue(this.#outflow.pingFrame);
    } else this.#untaken++;
    return this.#untaken >= STALL_TICKS;
  }

  #stall(): void {
    const reason = "the client took no byte for a minute";
    this.#cancel.cancel(fault("client-stall", reason));
    this.#controller?.error(new Error(reason));
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ticks.remove(this);
    this.#open.open--;
  }
}
