// A `Transport` on virtual time: plays a provider's steps to the engine with the semantics of a real connection, its
// back-pressure and its cancellation included. It does not decide what a provider does.

import { concat } from "../core/bytes.ts";
import type { Cancel } from "../core/cancel.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Body, Clock, Transport, WireRequest, WireResponse } from "../core/runtime.ts";
import type { Step } from "./step.ts";

/** One request as its provider saw it. */
export interface Sighting {
  readonly provider: string;
  /** Counts the provider's requests from 1. */
  readonly number: number;
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly model: string;
  readonly stream: boolean;
  /** The kind of fault that hit it. */
  readonly fault?: string | undefined;
  status?: number;
  retryAfter?: string;
  ended: "open" | "done" | "cut" | "reset" | "cancelled";
  endedAtMs?: number;
  /** Pieces of the body that were sent. */
  events: number;
}

export interface Opened {
  readonly steps: readonly Step[];
  readonly sighting: Sighting;
  /** Handed to `ended`. */
  readonly release?: ((nowMs: number) => void) | undefined;
}

export interface VirtualTransportOptions {
  readonly clock: Clock;
  /** `undefined`: nobody listens there. */
  open(request: WireRequest): Opened | undefined;
  /** The provider's side of a request is over. */
  ended(sighting: Sighting, release: Opened["release"]): void;
}

export interface VirtualTransport {
  readonly transport: Transport;
  /** Requests whose reader has neither read them to their end nor cancelled them. */
  inFlight(): number;
}

/** A provider that is not read sends no more than this. */
const WINDOW_BYTES = 65_536;
const CONNECT_MS = 1;

export function createTransport(options: VirtualTransportOptions): VirtualTransport {
  let inFlight = 0;
  const settled = () => {
    inFlight--;
  };
  return {
    inFlight: () => inFlight,
    transport(request, cancel) {
      if (cancel.fault !== undefined) return Promise.resolve(cancel.fault);
      const opened = options.open(request);
      inFlight++;
      return new Promise((resolve) => {
        const steps = opened?.steps ?? [{ type: "wait", ms: CONNECT_MS }, { type: "reset" }];
        const exchange = new Exchange(options, {
          steps,
          sighting: opened?.sighting,
          release: opened?.release,
          resolve,
          settled,
        });
        exchange.begin(cancel);
      });
    },
  };
}

interface Conversation {
  readonly steps: readonly Step[];
  readonly sighting: Sighting | undefined;
  readonly release: Opened["release"];
  resolve(response: WireResponse | Fault): void;
  settled(): void;
}

/** One request and its response: the player on one side, the body's reader on the other. */
class Exchange implements Body {
  readonly #options: VirtualTransportOptions;
  readonly #conversation: Conversation;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #next = 0;
  #headSent = false;
  /** The player waits for the reader. */
  #paused = false;
  #disarm: (() => void) | undefined;
  #uncancel: (() => void) | undefined;
  /** How the connection ended, to be read after what is queued. */
  #tail: { readonly fault: Fault | undefined } | undefined;
  #settled = false;
  #waiter: ((value: Uint8Array | Fault | undefined) => void) | undefined;

  constructor(options: VirtualTransportOptions, conversation: Conversation) {
    this.#options = options;
    this.#conversation = conversation;
  }

  begin(cancel: Cancel): void {
    this.#uncancel = cancel.onCancel((reason) => this.cancel(reason));
    this.#play();
  }

  read(): Promise<Uint8Array | Fault | undefined> {
    if (this.#waiter !== undefined) throw new Error("a body has one reader");
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.length;
      if (this.#paused && this.#queuedBytes < WINDOW_BYTES) {
        this.#paused = false;
        this.#play();
      }
      return Promise.resolve(chunk);
    }
    const tail = this.#tail;
    if (tail !== undefined) {
      this.#tail = undefined;
      this.#settle();
      return Promise.resolve(tail.fault);
    }
    if (this.#settled) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiter = resolve;
    });
  }

  async whole(limitBytes: number): Promise<Uint8Array | Fault> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const chunk = await this.read();
      if (chunk === undefined) return concat(chunks);
      if (!(chunk instanceof Uint8Array)) return chunk;
      chunks.push(chunk);
      length += chunk.length;
      if (length > limitBytes) {
        const large = fault("too-large", `the body is over ${limitBytes} bytes`);
        this.cancel(large);
        return large;
      }
    }
  }

  cancel(reason: Fault): void {
    if (this.#settled) return;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    // Before the headers the fault is the response itself; after them the reader gets it, once.
    this.#close(reason, "cancelled");
  }

  #play(): void {
    for (;;) {
      const step = this.#conversation.steps[this.#next];
      if (this.#queuedBytes >= WINDOW_BYTES && step?.type === "bytes") {
        this.#paused = true;
        return;
      }
      this.#next++;
      switch (step?.type) {
        case "wait":
          this.#disarm = this.#options.clock.after(step.ms, () => this.#play());
          return;
        case "head":
          this.#open(step.status, step.headers);
          break;
        case "bytes":
          this.#push(step.bytes);
          break;
        case "hang":
          return;
        case "end":
          this.#close(undefined, "done");
          return;
        case "close":
          this.#close(fault("stream-broken", "the connection closed inside the body"), "cut");
          return;
        case "reset":
          this.#close(this.#resetFault(), "reset");
          return;
        default:
          throw new Error("a list of steps has no ending");
      }
    }
  }

  #open(status: number, headers: Readonly<Record<string, string>>): void {
    this.#headSent = true;
    const { sighting } = this.#conversation;
    if (sighting !== undefined) {
      sighting.status = status;
      const retryAfter = headers["retry-after"];
      if (retryAfter !== undefined) sighting.retryAfter = retryAfter;
    }
    this.#conversation.resolve({ status, headers, body: this });
  }

  #push(bytes: Uint8Array): void {
    if (this.#conversation.sighting !== undefined) this.#conversation.sighting.events++;
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      waiter(bytes);
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #resetFault(): Fault {
    return this.#headSent
      ? fault("stream-broken", "the connection was reset inside the body")
      : fault("connect-failed", "the connection was refused or reset");
  }

  /** The connection is over: `reason` is what the reader gets after what is queued, `undefined` for a clean end. */
  #close(reason: Fault | undefined, ended: Exclude<Sighting["ended"], "open">): void {
    this.#disarm?.();
    this.#disarm = undefined;
    this.#paused = false;
    const sighting = this.#conversation.sighting;
    if (sighting !== undefined && sighting.ended === "open") {
      sighting.ended = ended;
      sighting.endedAtMs = this.#options.clock.now();
      this.#options.ended(sighting, this.#conversation.release);
    }
    if (!this.#headSent) {
      if (reason === undefined) throw new Error("a list of steps ends before its head");
      this.#settle();
      this.#conversation.resolve(reason);
      return;
    }
    const waiter = this.#waiter;
    if (waiter === undefined) {
      this.#tail = { fault: reason };
      // Whoever cancels owes no further read.
      if (ended === "cancelled") this.#settle();
      return;
    }
    this.#waiter = undefined;
    this.#settle();
    waiter(reason);
  }

  #settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#uncancel?.();
    this.#conversation.settled();
  }
}
