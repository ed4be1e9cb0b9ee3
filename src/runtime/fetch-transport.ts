// The transport over the platform's `fetch`: one request, nothing followed, nothing decoded, nothing retried. What fetch
// cannot tell (connecting or waiting?) a probe of the host answers, where the platform has one.

import { concat } from "../core/bytes.ts";
import type { Cancel } from "../core/cancel.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Body, Clock, HeaderMap, Transport, WireRequest } from "../core/runtime.ts";

/** Resolves to the reason why a TCP connection to the url's host failed, or `undefined` when it was accepted. */
export type Probe = (url: URL, timeoutMs: number) => Promise<string | undefined>;

export interface FetchTransportOptions {
  readonly clock: Clock;
  readonly probe?: Probe;
  /** What this platform's `fetch` takes beyond the standard, e.g. Bun's `decompress` and `timeout`. */
  readonly init?: Readonly<Record<string, unknown>>;
}

export function createFetchTransport({ clock, probe, init = {} }: FetchTransportOptions): Transport {
  return async (request, cancel) => {
    if (cancel.fault !== undefined) return cancel.fault;
    const controller = new AbortController();
    const abort = new CancelLink(cancel, controller);
    const disarm = probe === undefined ? undefined : guardConnect(request, { clock, probe, abort });
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: request.headers,
        redirect: "manual",
        signal: controller.signal,
        ...(request.body !== undefined && { body: request.body as BodyInit }), // a Uint8Array is one; the types disagree on its buffer
        ...init,
      });
      disarm?.();
      return { status: response.status, headers: headerMap(response.headers), body: bodyOf(response, abort) };
    } catch (error) {
      disarm?.();
      abort.release();
      return abort.fault ?? connectFault(error);
    }
  };
}

/** Ties a cancel token to one abort controller and keeps the first reason. */
class CancelLink {
  fault: Fault | undefined;
  readonly #controller: AbortController;
  readonly #off: () => void;

  constructor(cancel: Cancel, controller: AbortController) {
    this.#controller = controller;
    this.#off = cancel.onCancel((reason) => this.abort(reason));
  }

  abort(reason: Fault): void {
    if (this.fault !== undefined) return;
    this.fault = reason;
    this.#controller.abort(reason);
  }

  release(): void {
    this.#off();
  }
}

interface Guard {
  readonly clock: Clock;
  readonly probe: Probe;
  readonly abort: CancelLink;
}

/** Headers are late: is the host there at all? Only if it is not, this is a connect timeout. */
function guardConnect(request: WireRequest, { clock, probe, abort }: Guard): () => void {
  let over = false;
  // The probe gets the second half of the time, so that a dead host is known when the time is up.
  const halfMs = request.connectMs / 2;
  const disarm = clock.after(halfMs, () => {
    void probe(new URL(request.url), halfMs).then((reason) => {
      if (!over && reason !== undefined) abort.abort(fault("connect-timeout", reason));
    });
  });
  return () => {
    over = true;
    disarm();
  };
}

function headerMap(headers: Headers): HeaderMap {
  const map: Record<string, string> = {};
  headers.forEach((value, name) => {
    map[name] = value;
  });
  return map;
}

function bodyOf(response: Response, abort: CancelLink): Body {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let over = response.body === null;
  const finish = (): void => {
    over = true;
    abort.release();
  };
  const read = async (): Promise<Uint8Array | Fault | undefined> => {
    if (over) return undefined;
    // fetch's body is a stream of bytes by the standard; the types leave it open.
    reader ??= (response.body as ReadableStream<Uint8Array>).getReader();
    try {
      const { done, value } = await reader.read();
      if (!done) return value;
      finish();
      return undefined;
    } catch (error) {
      finish();
      return abort.fault ?? fault("stream-broken", `the connection broke (${codeOf(error)})`);
    }
  };
  return {
    read,
    whole: (limitBytes) => whole(response, limitBytes, { read, finish, abort }),
    cancel(reason) {
      if (over) return;
      abort.abort(reason);
      abort.release();
      if (reader === undefined) void response.body?.cancel().catch(ignore);
    },
  };
}

interface WholeContext {
  readonly read: () => Promise<Uint8Array | Fault | undefined>;
  readonly finish: () => void;
  readonly abort: CancelLink;
}

async function whole(response: Response, limitBytes: number, { read, finish, abort }: WholeContext) {
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  if (length > limitBytes) {
    abort.abort(fault("too-large", "a body over the limit"));
    finish();
    return fault("too-large", `a body of ${length} bytes, ${limitBytes} are allowed`);
  }
  if (length <= limitBytes) {
    try {
      const bytes = new Uint8Array(await response.arrayBuffer());
      finish();
      return bytes;
    } catch (error) {
      finish();
      return abort.fault ?? fault("stream-broken", `the connection broke (${codeOf(error)})`);
    }
  }
  return collect(read, limitBytes, abort);
}

async function collect(read: WholeContext["read"], limitBytes: number, abort: CancelLink): Promise<Uint8Array | Fault> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = await read();
    if (chunk === undefined) break;
    if (!(chunk instanceof Uint8Array)) return chunk;
    length += chunk.length;
    if (length > limitBytes) {
      const reason = fault("too-large", `a body over ${limitBytes} bytes`);
      abort.abort(reason);
      abort.release();
      return reason;
    }
    chunks.push(chunk);
  }
  return concat(chunks);
}

/** Rejections of fetch carry a code, never the url's secrets. */
function connectFault(error: unknown): Fault {
  return fault("connect-failed", `no answer could be had from the host (${codeOf(error)})`);
}

function codeOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string")
    return error.code;
  const cause = error instanceof Error ? error.cause : undefined;
  if (typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string")
    return cause.code;
  return error instanceof Error ? error.name : "unknown";
}

function ignore(): void {}
