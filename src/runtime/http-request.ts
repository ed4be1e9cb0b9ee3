// Reads HTTP/1.1 requests from a byte stream, one at a time: head, then a body by `content-length` or in chunks. Just
// enough for simulated providers on loopback; the gateway itself serves with the platform's own server.

import { concat } from "../core/bytes.ts";
import type { HeaderMap } from "../core/runtime.ts";

export interface HttpRequest {
  readonly method: string;
  /** Path with query, as it was sent. */
  readonly path: string;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  /** The connection may serve another request after this one. */
  readonly keepAlive: boolean;
}

export interface HttpLimits {
  readonly headBytesMax: number;
  readonly bodyBytesMax: number;
}

/** `request`: one is whole; `continue`: the client waits for "100 Continue"; `error`: refuse with this status and close. */
export type HttpNext =
  | { readonly type: "more" }
  | { readonly type: "continue" }
  | { readonly type: "request"; readonly request: HttpRequest }
  | { readonly type: "error"; readonly status: number };

const MORE: HttpNext = { type: "more" };
const CHUNK_LINE_MAX = 1024;

type Head = Omit<HttpRequest, "body">;

/** A parser for one connection. `push` what arrived, then call `next` until it answers `more`. */
export class HttpRequestReader {
  readonly #limits: HttpLimits;
  #buffer: Uint8Array = new Uint8Array();
  #head: Head | undefined;
  /** Bytes of body to come; within chunks, of the current chunk; `undefined` between chunks. */
  #left: number | undefined;
  #chunked = false;
  #body: Uint8Array[] = [];
  #bodyBytes = 0;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** Bytes that arrived and belong to no request yet. */
  get pendingBytes(): number {
    return this.#buffer.length;
  }

  push(bytes: Uint8Array): void {
    // A copy: the platform may use its buffer again.
    this.#buffer = concat([this.#buffer, bytes]);
  }

  next(): HttpNext {
    if (this.#head === undefined) {
      const started = this.#readHead();
      if (started !== undefined) return started;
    }
    return this.#chunked ? this.#readChunks() : this.#readSized();
  }

  /** `undefined`: the head is there, go on with the body. */
  #readHead(): HttpNext | undefined {
    const end = indexOf(this.#buffer, "\r\n\r\n", this.#limits.headBytesMax);
    if (end < 0) return this.#buffer.length > this.#limits.headBytesMax ? { type: "error", status: 431 } : MORE;
    const lines = new TextDecoder("latin1").decode(this.#buffer.subarray(0, end)).split("\r\n");
    this.#buffer = this.#buffer.subarray(end + 4);
    const match = /^([A-Z]{1,16}) (\S{1,8192}) HTTP\/1\.([01])$/.exec(lines[0] ?? "");
    const headers = headersOf(lines.slice(1));
    if (match === null || headers === undefined) return { type: "error", status: 400 };
    const connection = (headers.connection ?? "").toLowerCase();
    const keepAlive = match[3] === "1" ? !connection.includes("close") : connection.includes("keep-alive");
    const sized = this.#sizeBody(headers);
    if (sized !== undefined) return sized;
    this.#head = { method: match[1] ?? "", path: match[2] ?? "", headers, keepAlive };
    return headers.expect?.toLowerCase() === "100-continue" ? { type: "continue" } : undefined;
  }

  #sizeBody(headers: HeaderMap): HttpNext | undefined {
    const encoding = headers["transfer-encoding"];
    const length = headers["content-length"];
    // Both, or an encoding we do not know: the classic way to smuggle a request.
    if (encoding !== undefined && (length !== undefined || encoding.toLowerCase() !== "chunked")) {
      return { type: "error", status: 400 };
    }
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return { type: "error", status: 400 };
    if (Number(length ?? 0) > this.#limits.bodyBytesMax) return { type: "error", status: 413 };
    this.#chunked = encoding !== undefined;
    this.#left = this.#chunked ? undefined : Number(length ?? 0);
    return undefined;
  }

  #readSized(): HttpNext {
    this.#take();
    return this.#left === 0 ? this.#finish() : MORE;
  }

  #readChunks(): HttpNext {
    for (;;) {
      if (this.#left === undefined) {
        const end = indexOf(this.#buffer, "\r\n", CHUNK_LINE_MAX);
        if (end < 0) return this.#buffer.length > CHUNK_LINE_MAX ? { type: "error", status: 400 } : MORE;
        const line = new TextDecoder("latin1").decode(this.#buffer.subarray(0, end));
        const size = /^([0-9a-fA-F]{1,8})(?:;.*)?$/.exec(line)?.[1];
        if (size === undefined) return { type: "error", status: 400 };
        this.#left = Number.parseInt(size, 16);
        if (this.#left === 0) return this.#readTrailer(end + 2);
        if (this.#bodyBytes + this.#left > this.#limits.bodyBytesMax) return { type: "error", status: 413 };
        this.#buffer = this.#buffer.subarray(end + 2);
      }
      this.#take();
      if (this.#left > 0 || this.#buffer.length < 2) return MORE;
      this.#buffer = this.#buffer.subarray(2);
      this.#left = undefined;
    }
  }

  /** Trailers are read over. `start` is where the last chunk's line ends. */
  #readTrailer(start: number): HttpNext {
    const rest = this.#buffer.subarray(start);
    const end = rest[0] === 13 && rest[1] === 10 ? 2 : indexOf(rest, "\r\n\r\n", this.#limits.headBytesMax) + 4;
    if (end > 3 || end === 2) {
      this.#buffer = rest.subarray(end);
      return this.#finish();
    }
    // The last chunk's line is read again when more has come.
    this.#left = undefined;
    return rest.length > this.#limits.headBytesMax ? { type: "error", status: 431 } : MORE;
  }

  #take(): void {
    const count = Math.min(this.#left ?? 0, this.#buffer.length);
    if (count === 0) return;
    this.#body.push(this.#buffer.subarray(0, count));
    this.#bodyBytes += count;
    this.#buffer = this.#buffer.subarray(count);
    this.#left = (this.#left ?? 0) - count;
  }

  #finish(): HttpNext {
    const head = this.#head;
    if (head === undefined) throw new Error("a request ends before its head");
    const request = { ...head, body: concat(this.#body) };
    this.#head = undefined;
    this.#body = [];
    this.#bodyBytes = 0;
    return { type: "request", request };
  }
}

function headersOf(lines: readonly string[]): HeaderMap | undefined {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    if (colon < 1 || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return undefined;
    const value = line.slice(colon + 1).trim();
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
}

/** Where `text` begins within the first `limit` bytes; -1 when it does not. */
function indexOf(bytes: Uint8Array, text: string, limit: number): number {
  const last = Math.min(bytes.length - text.length, limit);
  for (let place = 0; place <= last; place++) {
    let matched = 0;
    while (matched < text.length && bytes[place + matched] === text.charCodeAt(matched)) matched++;
    if (matched === text.length) return place;
  }
  return -1;
}
