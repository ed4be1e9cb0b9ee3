// The transport over the platform's `fetch`: one request, nothing followed, nothing decoded, nothing retried. What fetch
// cannot tell (connecting or waiting?) a probe of the host answers, where the platform has one.

import { concat } from "../core/bytes.ts";
import type { Cancel, CancelListener } from "../core/cancel.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Body, Clock, HeaderMap, Taker, Transport, WireRequest } from "../core/runtime.ts";
import { wholeBody } from "../core/whole-body.ts";
import type { PinnedRequest } from "./pinned.ts";

/** Resolves to true when the host did not react to a connection within the time. */
export type Probe = (url: URL, timeoutMs: number) => Promise<boolean>;

export interface FetchTransportOptions {
  readonly clock: Clock;
  /** Instead of the platform's own, as it is at each request. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  readonly probe?: Probe;
  /** What this platform's `fetch` takes beyond the standard, e.g. Bun's `decompress` and `timeout`. */
  readonly init?: Readonly<Record<string, unknown>>;
  /** How a request is made to the address that it names; default: as any other. */
  readonly pin?: (request: WireRequest, address: string) => PinnedRequest;
  /** A faster way to read all headers, where the platform has one. */
  readonly readHeaders?: (headers: Headers) => HeaderMap;
}

export function createFetchTransport(options: FetchTransportOptions): Transport {
  const { clock, probe, pin, fetch: send = (url, init) => fetch(url, init), readHeaders = headerMap } = options;
  const lately = createAnsweredLately(clock);
  const base = { redirect: "manual" as const, ...options.init };
  return async (asked, cancel) => {
    if (cancel.fault !== undefined) return cancel.fault;
    const pinned = pin === undefined || asked.address === undefined ? undefined : pin(asked, asked.address);
    const request = pinned ?? asked;
    const controller = new AbortController();
    const abort = new CancelLink(cancel, controller);
    const disarm =
      probe === undefined || lately.willHave(request.url, request.connectMs / 2)
        ? undefined
        : guardConnect(request, { clock, probe, abort, lately });
    try {
      const init: RequestInit & { duplex?: "half" } = {
        ...base,
        method: request.method,
        headers: request.headers,
        signal: controller.signal,
      };
      if (request.body !== undefined)
        init.body = request.body as BodyInit; // a Uint8Array is one; the types disagree on its buffer
      else if (request.upload !== undefined) {
        init.body = request.upload;
        // Node asks for this where a body is a stream.
        init.duplex = "half";
      }
      if (pinned !== undefined) Object.assign(init, pinned.init);
      const response = await send(request.url, init);
      disarm?.();
      if (probe !== undefined) lately.note(request.url);
      const headers = readHeaders(response.headers);
      return { status: response.status, headers, body: new FetchBody(response, headers, abort) };
    } catch (error) {
      disarm?.();
      abort.release();
      return abort.fault ?? connectFault(error);
    }
  };
}

/** Ties a cancel token to one abort controller and keeps the first reason. */
class CancelLink implements CancelListener {
  fault: Fault | undefined;
  readonly #controller: AbortController;
  readonly #cancel: Cancel;

  constructor(cancel: Cancel, controller: AbortController) {
    this.#controller = controller;
    this.#cancel = cancel;
    cancel.listen(this);
  }

  cancelled(reason: Fault): void {
    this.abort(reason);
  }

  abort(reason: Fault): void {
    if (this.fault !== undefined) return;
    this.fault = reason;
    this.#controller.abort(reason);
  }

  release(): void {
    this.#cancel.unlisten(this);
  }
}

interface Guard {
  readonly clock: Clock;
  readonly probe: Probe;
  readonly abort: CancelLink;
  readonly lately: AnsweredLately;
}

/** Hosts that have answered: one that takes no new connection while it is busy is there all the same. */
interface AnsweredLately {
  note(url: string): void;
  /** So it will be after `inMs`, whatever comes until then. */
  willHave(url: string, inMs: number): boolean;
}

/** On `Clock`, when it last answered. */
interface HostSeen {
  atMs: number;
}

const LATELY_MS = 60_000;
const HOSTS_MAX = 1_000;

function createAnsweredLately(clock: Clock): AnsweredLately {
  const hosts = new Map<string, HostSeen>();
  // Most requests go where the one before went.
  let last = { url: "", host: { atMs: Number.NEGATIVE_INFINITY } };
  const hostOf = (url: string): HostSeen => {
    if (url === last.url) return last.host;
    const origin = url.slice(0, url.indexOf("/", "https://".length));
    let host = hosts.get(origin);
    if (host === undefined) {
      if (hosts.size >= HOSTS_MAX) hosts.clear();
      host = { atMs: Number.NEGATIVE_INFINITY };
      hosts.set(origin, host);
    }
    last = { url, host };
    return host;
  };
  return {
    note(url) {
      hostOf(url).atMs = clock.now();
    },
    willHave: (url, inMs) => clock.now() + inMs - hostOf(url).atMs < LATELY_MS,
  };
}

/** Headers are late: is the host there at all? Only if it is not, this is a connect timeout. */
function guardConnect(request: WireRequest, { clock, probe, abort, lately }: Guard): () => void {
  let over = false;
  // The probe gets the second half of the time, so that a dead host is known when the time is up.
  const halfMs = request.connectMs / 2;
  const disarm = clock.after(halfMs, () => {
    if (lately.willHave(request.url, 0)) return;
    void probe(new URL(request.url), halfMs).then((silent) => {
      if (!over && silent) abort.abort(fault("connect-timeout", "the host did not accept a connection in time"));
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

class FetchBody implements Body {
  /** Given up with the reader's making: what is held for long must be small. */
  #response: Response | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Of a body that is stated; `NaN` where it is not, or where the platform may have decoded it. */
  readonly #length: number;
  readonly #abort: CancelLink;
  #over = false;

  constructor(response: Response, headers: HeaderMap, abort: CancelLink) {
    // `response.body` is not touched here: it makes a stream, which who wants the whole has no use for.
    this.#response = response;
    this.#length =
      headers["content-encoding"] === undefined ? Number(headers["content-length"] ?? Number.NaN) : Number.NaN;
    this.#abort = abort;
  }

  async read(): Promise<Uint8Array | Fault | undefined> {
    const reader = this.#open();
    if (reader === undefined) return undefined;
    try {
      const { done, value } = await reader.read();
      return done ? this.#finish() : value;
    } catch (error) {
      return this.#broke(error);
    }
  }

  /** Does not call `read`: an async function more would be a promise and a generator for every chunk. */
  async pump(taker: Taker): Promise<void> {
    const reader = this.#open();
    for (;;) {
      let chunk: Uint8Array | Fault | undefined;
      if (reader !== undefined && !this.#over)
        try {
          const { done, value } = await reader.read();
          chunk = done ? this.#finish() : value;
        } catch (error) {
          chunk = this.#broke(error);
        }
      const wanting = taker.took(chunk);
      if (wanting !== true && !(await wanting)) return;
      // Nothing comes behind the end.
      if (this.#over) return;
    }
  }

  #open(): ReadableStreamDefaultReader<Uint8Array> | undefined {
    if (this.#over) return undefined;
    if (this.#reader !== undefined) return this.#reader;
    // fetch's body is a stream of bytes by the standard; the types leave it open.
    const stream = this.#response?.body as ReadableStream<Uint8Array> | null | undefined;
    this.#response = undefined;
    if (stream) this.#reader = stream.getReader();
    else this.#finish();
    return this.#reader;
  }

  #broke(error: unknown): Fault {
    this.#finish();
    return this.#abort.fault ?? fault("stream-broken", `the connection broke (${codeOf(error)})`);
  }

  #finish(): undefined {
    this.#over = true;
    this.#abort.release();
  }

  whole(limitBytes: number): Promise<Uint8Array | Fault> {
    const response = this.#response;
    if (this.#over || response === undefined) return Promise.resolve(new Uint8Array(0));
    const length = this.#length;
    if (length > limitBytes) {
      const reason = fault("too-large", `a body of ${length} bytes, ${limitBytes} are allowed`);
      this.cancel(reason);
      return Promise.resolve(reason);
    }
    if (!(length <= limitBytes)) return collect(this, limitBytes);
    return wholeBody(response).then(
      (bytes) => {
        this.#finish();
        return bytes;
      },
      (error: unknown) => this.#broke(error),
    );
  }

  cancel(reason: Fault): void {
    if (this.#over) return;
    this.#abort.abort(reason);
    this.#abort.release();
    if (this.#reader === undefined) void this.#response?.body?.cancel().catch(ignore);
  }
}

async function collect(body: Body, limitBytes: number): Promise<Uint8Array | Fault> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = await body.read();
    if (chunk === undefined) return concat(chunks);
    if (!(chunk instanceof Uint8Array)) return chunk;
    length += chunk.length;
    chunks.push(chunk);
    if (length <= limitBytes) continue;
    const reason = fault("too-large", `a body over ${limitBytes} bytes`);
    body.cancel(reason);
    return reason;
  }
}

/** Rejections of fetch carry a code, never the url's secrets. */
function connectFault(error: unknown): Fault {
  const code = codeOf(error);
  // The one connect timeout that a `fetch` itself has: Node's, after 10 s.
  if (code === "UND_ERR_CONNECT_TIMEOUT") return fault("connect-timeout", `no connection to the host (${code})`);
  return fault("connect-failed", `no answer could be had from the host (${code})`);
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
