// A runtime in a test's hand: virtual time, and a transport that answers what the test says. For single units; whole
// stretches of traffic are played in the virtual world.

import { concat } from "../../src/core/bytes.ts";
import type { Cancel } from "../../src/core/cancel.ts";
import { type Fault, fault } from "../../src/core/fault.ts";
import type { Body, HeaderMap, Runtime, WireRequest, WireResponse } from "../../src/core/runtime.ts";
import { VirtualClock } from "../../src/sim/clock.ts";

/** A body that a test writes to while somebody reads it. */
export class HandBody implements Body {
  cancelled: Fault | undefined;
  readonly #queue: (Uint8Array | Fault | undefined)[] = [];
  #waiter: ((value: Uint8Array | Fault | undefined) => void) | undefined;

  push(text: string | Uint8Array): void {
    this.#give(typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  end(): void {
    this.#give(undefined);
  }

  break(reason = fault("stream-broken", "the connection broke")): void {
    this.#give(reason);
  }

  read(): Promise<Uint8Array | Fault | undefined> {
    if (this.#queue.length > 0) return Promise.resolve(this.#queue.shift());
    if (this.cancelled !== undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiter = resolve;
    });
  }

  async whole(limitBytes: number): Promise<Uint8Array | Fault> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const part = await this.read();
      if (part === undefined) return parts.length === 0 ? new Uint8Array(0) : concat(parts);
      if (!(part instanceof Uint8Array)) return part;
      parts.push(part);
      length += part.length;
      if (length > limitBytes) return fault("too-large", "over the limit");
    }
  }

  cancel(reason: Fault): void {
    this.cancelled ??= reason;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.(reason);
  }

  /** Whether somebody waits for the next bytes. */
  get isRead(): boolean {
    return this.#waiter !== undefined;
  }

  #give(value: Uint8Array | Fault | undefined): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter === undefined) this.#queue.push(value);
    else waiter(value);
  }
}

/** A body that is there at once. */
export function bodyOf(text: string | Uint8Array): HandBody {
  const body = new HandBody();
  if (text.length > 0) body.push(text);
  body.end();
  return body;
}

export interface Sent extends WireRequest {
  readonly cancel: Cancel;
}

export interface HandRuntime {
  readonly runtime: Runtime;
  readonly clock: VirtualClock;
  readonly sent: readonly Sent[];
  /** Moves time, firing what is due, and lets everything settle. */
  advance(ms: number): Promise<void>;
}

export type Answering = (request: Sent) => WireResponse | Fault | Promise<WireResponse | Fault>;

export function handRuntime(answering: Answering): HandRuntime {
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  const settle = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const transport: Runtime["transport"] = async (request, cancel) => {
    const made = { ...request, cancel };
    sent.push(made);
    const response = await answering(made);
    if ("body" in response) cancel.onCancel((reason) => response.body.cancel(reason));
    return response;
  };
  return {
    runtime: { clock, wallMs: () => 1_790_000_000_000 + clock.now(), random: () => 0.5, transport },
    clock,
    sent,
    async advance(ms) {
      const untilMs = clock.now() + ms;
      await settle();
      while (clock.nextDueMs <= untilMs) {
        clock.fireNext();
        await settle();
      }
      clock.advanceTo(untilMs);
    },
  };
}

/** A response whose body is there at once. */
export function respond(status: number, body: string | Uint8Array | HandBody, headers: HeaderMap = {}): WireResponse {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: body instanceof HandBody ? body : bodyOf(body),
  };
}
