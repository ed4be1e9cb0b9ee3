// The client's side of a stream: written at the client's pace, kept alive while the provider is silent, given up when the
// client takes nothing. Streams are the WHATWG's, or on Bun's server its own kind. One tick serves for both; frames only reset a counter.

import type { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { FrameTaker } from "../core/reply.ts";
import type { Clock, Wanting } from "../core/runtime.ts";
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
  /** The stream goes to Bun's server. */
  readonly direct: boolean;
  /** Counted out once, when the stream is over for whatever reason. */
  readonly open: { open: number };
}

export function streamTicks(clock: Clock): Ticks {
  return new Ticks(clock, TICK_MS);
}

export function streamBody(outflow: Outflow, options: StreamOptions): ReadableStream<Uint8Array> {
  // Bun's own kind of stream, which the standard's types do not know.
  const source = options.direct ? new DirectStream(outflow, options) : new QueuedStream(outflow, options);
  return new ReadableStream<Uint8Array>(source as UnderlyingDefaultSource<Uint8Array>);
}

/** All that an open stream needs here is in this one object: a function for each would be held as long as it. */
abstract class ClientStream implements FrameTaker, Ticking {
  tickAtMs = NEVER;
  before: Ticking | undefined;
  behind: Ticking | undefined;
  readonly #outflow: Outflow;
  readonly #ticks: Ticks;
  readonly #cancel: CancelSource;
  readonly #open: StreamOptions["open"];
  readonly #early: boolean;
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

  /** Whether the client takes more at once; if not, when. */
  protected abstract write(bytes: Uint8Array): Wanting;
  /** What was written has been taken. */
  protected abstract get isTaken(): boolean;
  protected abstract close(): void;
  protected abstract break(reason: Error): void;

  protected begin(): void {
    this.#ticks.add(this);
    if (this.#early) this.write(this.#outflow.pingFrame);
  }

  protected pump(): Promise<void> {
    this.drained();
    return this.#outflow.pump(this);
  }

  /** The client took what lay there. Gives whether it may have more. */
  protected drained(): boolean {
    this.#reading = true;
    this.#ticked = 0;
    return !this.#over;
  }

  cancel(): void {
    this.#cancel.cancel(fault("cancelled", "the client left"));
    this.#finish();
  }

  took(bytes: Uint8Array): Wanting {
    if (this.#over) return false;
    this.#ticked = 0;
    const wanting = this.write(bytes);
    if (wanting !== true) this.#reading = false;
    return wanting;
  }

  async over(): Promise<void> {
    const last = await this.#outflow.tail();
    if (this.#over) return;
    if (last !== undefined) this.write(last);
    this.close();
    this.#finish();
  }

  /** An outflow does not fail; if it ever does, the client must see a broken stream and the call must be counted out. */
  failed(): void {
    if (this.#over) return;
    const reason = "Holdfast failed inside.";
    this.#cancel.cancel(fault("bug", reason));
    this.#finish();
    this.break(new Error(reason));
  }

  tick(): void {
    this.#ticked++;
    if (this.#reading ? this.#silent() : this.#ticked >= STALL_TICKS) this.#stall();
    else this.#ticks.add(this);
  }

  /** The provider is silent. Gives true when the client does not even take the pings. */
  #silent(): boolean {
    if (this.#ticked < PING_TICKS) return false;
    if (this.isTaken) {
      this.#ticked = 0;
      this.#untaken = 0;
      this.write(this.#outflow.pingFrame);
    } else this.#untaken++;
    return this.#untaken >= STALL_TICKS;
  }

  #stall(): void {
    const reason = "the client took no byte for a minute";
    this.#cancel.cancel(fault("client-stall", reason));
    this.#finish();
    this.break(new Error(reason));
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#ticks.remove(this);
    this.#open.open--;
  }
}

/** For every platform. */
class QueuedStream extends ClientStream implements UnderlyingDefaultSource<Uint8Array> {
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #pumps = false;
  #drained: ((wants: boolean) => void) | undefined;

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.begin();
  }

  pull(): void {
    const drained = this.#drained;
    this.#drained = undefined;
    drained?.(this.drained());
    if (this.#pumps) return;
    this.#pumps = true;
    void this.pump();
  }

  protected write(bytes: Uint8Array): Wanting {
    this.#controller?.enqueue(bytes);
    if (this.isTaken) return true;
    return new Promise((resolve) => {
      this.#drained = resolve;
    });
  }

  protected get isTaken(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  protected close(): void {
    this.#controller?.close();
  }

  protected break(reason: Error): void {
    this.#controller?.error(reason);
  }
}

/** What Bun's server gives to a stream that writes to the socket itself. */
interface DirectSink {
  /** Bytes taken, or a promise where the client is slower than we are. */
  write(bytes: Uint8Array): number | Promise<number>;
  end(): unknown;
  close(error: Error): unknown;
}

/** For the server of Bun alone: no queue between us and the socket, which saves a promise for every frame and 3 KB a stream. */
class DirectStream extends ClientStream {
  readonly type = "direct";
  /** Writes that the socket has not taken yet. */
  #writing = 0;
  #sink: DirectSink | undefined;

  pull(sink: DirectSink): Promise<void> {
    this.#sink = sink;
    this.begin();
    return this.pump();
  }

  protected write(bytes: Uint8Array): Wanting {
    const written = this.#sink?.write(bytes);
    if (typeof written !== "object") return true;
    this.#writing++;
    const taken = (): boolean => {
      this.#writing--;
      return this.drained();
    };
    return written.then(taken, taken);
  }

  protected get isTaken(): boolean {
    return this.#writing === 0;
  }

  protected close(): void {
    this.#sink?.end();
  }

  protected break(reason: Error): void {
    this.#sink?.close(reason);
  }
}
