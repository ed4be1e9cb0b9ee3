// The only doors to the outside world: time, randomness and I/O. `src/runtime/` opens them onto the machine, `src/sim/`
// onto a virtual world in which one seed gives one run.

import type { Cancel } from "./cancel.ts";
import type { DeadlineSlots } from "./deadline-slots.ts";
import type { Fault } from "./fault.ts";

export interface Clock {
  /** Monotonic milliseconds; only differences mean anything. */
  now(): number;
  /** Runs `fire` once after `delayMs`; the result cancels it and may be called at any time, any number of times. */
  after(delayMs: number, fire: () => void): () => void;
  /** Where deadlines that are far away share timers; absent: each has its own, and is never late. */
  readonly slots?: DeadlineSlots;
}

/** Header names are lower-case; repeated headers are joined with ", " (RFC 9110 §5.3). */
export type HeaderMap = Readonly<Record<string, string>>;

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface WireRequest {
  readonly method: HttpMethod;
  readonly url: string;
  readonly headers: HeaderMap;
  readonly body?: Uint8Array;
  /** Instead of `body`: sent at the pace at which it is read. Only where the whole is not to be held in memory. */
  readonly upload?: ReadableStream<Uint8Array>;
  /**
   * The IP address to connect to, whatever the host's name leads to by now: it was checked. TLS and `host` stay the name's.
   * Only for runtimes whose user resolves names. Behind a proxy it is the proxy that connects, by the name.
   */
  readonly address?: string;
  /** How long the host may take to accept a connection, judged by the runtime. */
  readonly connectMs: number;
}

/** Whether more is wanted: at once, or once the promise tells. It does not reject. */
export type Wanting = boolean | Promise<boolean>;

/** Takes what a body's `read` would give. An object, not a function, for an open stream has one anyway. */
export interface Taker {
  /** It does not throw. */
  took(chunk: Uint8Array | Fault | undefined): Wanting;
}

/**
 * A body with one reader. `read` gives the next bytes, `undefined` at a clean end, or a fault when the connection broke;
 * after either it gives `undefined`. It never rejects. `cancel` closes the connection; it may be called at any time.
 */
export interface Body {
  read(): Promise<Uint8Array | Fault | undefined>;
  /** Instead of `read`, again and again until the end was given or no more is wanted: fewer promises for every chunk. */
  pump?(taker: Taker): Promise<void>;
  /** All of it, or `too-large` beyond `limitBytes`, or the fault that cut it. Use instead of `read`, not after it. */
  whole(limitBytes: number): Promise<Uint8Array | Fault>;
  cancel(reason: Fault): void;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: Body;
}

/**
 * Sends one request, follows no redirect, decodes nothing. Resolves at the response's headers, or with a fault
 * (`connect-failed`, `connect-timeout`, or the fault that `cancel` was given). It never rejects.
 */
export type Transport = (request: WireRequest, cancel: Cancel) => Promise<WireResponse | Fault>;

export interface Runtime {
  readonly clock: Clock;
  /** Milliseconds since the Unix epoch; may jump. Only for what people and protocols read. */
  wallMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  readonly transport: Transport;
  /** HMAC-SHA-256 of a text (as UTF-8) in hex, where the platform has a faster one than portable code. */
  readonly hmacSha256?: (key: Uint8Array, text: string) => string;
}
