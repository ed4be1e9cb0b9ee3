// The client's side of a stream: written at the client's pace, kept alive while the provider is silent, given up when the
// client takes nothing. Portable: WHATWG streams only. One timer ticks for both; frames only reset a counter.

import type { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { Clock } from "../core/runtime.ts";
import type { Outflow } from "../engine/outflow.ts";

/**
 * Clients of the field give up on a stream that is silent for 15 s and more. Two ticks without a frame are a ping, so that
 * pings are at most 10 s apart.
 */
const TICK_MS = 5_000;
const PING_TICKS = 2;
/** A client that takes no byte for a minute: the first tick may come at once. */
const STALL_TICKS = 13;

export interface StreamOptions {
  readonly clock: Clock;
  readonly cancel: CancelSource;
  /** A first ping goes out with the headers of an early open. */
  readonly early: boolean;
  /** Runs once, when the stream is over for whatever reason. */
  readonly done: () => void;
}

export function streamBody(outflow: Outflow, options: StreamOptions): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(new StreamSource(outflow, options));
}

class StreamSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #outflow: Outflow;
  readonly #options: StreamOptions;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #disarm: (() => void) | undefined;
  #over = false;
  /** The provider is waited for; otherwise the client is. */
  #reading = false;
  /** Ticks since a frame was passed on, or since the client took one. */
  #ticks = 0;
  /** Ticks since a ping could not be handed over because the one before still lies there. */
  #untaken = 0;

  constructor(outflow: Outflow, options: StreamOptions) {
    this.#outflow = outflow;
    this.#options = options;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    if (this.#options.early) controller.enqueue(this.#outflow.pingFrame);
    this.#arm();
  }

  pull(): Promise<void> {
    this.#reading = true;
    this.#ticks = 0;
    return this.#outflow.read().then(this.#pass, this.#fail);
  }

  cancel(): void {
    this.#options.cancel.cancel(fault("cancelled", "the client left"));
    this.#finish();
  }

  readonly #pass = (bytes: Uint8Array | undefined): void | Promise<void> => {
    if (this.#over) return;
    if (bytes === undefined) return this.#outflow.tail().then(this.#close, this.#fail);
    this.#reading = false;
    this.#ticks = 0;
    this.#controller?.enqueue(bytes);
  };

  readonly #close = (last: Uint8Array | undefined): void => {
    if (this.#over) return;
    if (last !== undefined) this.#controller?.enqueue(last);
    this.#controller?.close();
    this.#finish();
  };

  /** An outflow does not reject; if it ever does, the client must see a broken stream and the call must be counted out. */
  readonly #fail = (): void => {
    this.#controller?.error(new Error("Holdfast failed inside."));
    this.#finish();
  };

  #arm(): void {
    this.#disarm = this.#options.clock.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    this.#ticks++;
    if (this.#reading ? this.#silent() : this.#ticks >= STALL_TICKS) this.#stall();
    else this.#arm();
  }

  /** The provider is silent. Gives true when the client does not even take the pings. */
  #silent(): boolean {
    if (this.#ticks < PING_TICKS) return false;
    if ((this.#controller?.desiredSize ?? 0) > 0) {
      this.#ticks = 0;
      this.#untaken = 0;
      this.#controller?.enqueue(this.#outflow.pingFrame);
    } else this.#untaken++;
    return this.#untaken >= STALL_TICKS;
  }

  #stall(): void {
    const reason = "the client took no byte for a minute";
    this.#options.cancel.cancel(fault("client-stall", reason));
    this.#controller?.error(new Error(reason));
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#disarm?.();
    this.#options.done();
  }
}
