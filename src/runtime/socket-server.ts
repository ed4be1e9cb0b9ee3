// Plays scripts of simulated providers on real TCP connections: it can be silent, slow, cut off or reset, which no
// well-behaved HTTP server can. It knows nothing of providers; what to play it asks `respond`. Not the gateway's server.

import type { Socket } from "bun";
import { concat } from "../core/bytes.ts";
import { type HttpRequest, HttpRequestReader } from "./http-request.ts";

/** One step on a connection. The simulator's steps have this shape; they are declared there, above this layer. */
export type Play =
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "head"; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  | { readonly type: "end" | "close" | "reset" | "hang" };

export interface SocketRequest extends HttpRequest {
  /** Since the server began to listen. */
  readonly atMs: number;
}

export interface SocketResponse {
  readonly plays: readonly Play[];
  /** For the log; absent: the request is not logged. */
  readonly note?: { readonly model: string; readonly fault?: string };
  /** Called once, when the exchange is over, however it ended. */
  readonly over?: (() => void) | undefined;
}

export interface SocketLogEntry {
  /** Milliseconds since the Unix epoch, on a clock that does not jump. */
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly model: string;
  readonly fault?: string;
  /** `client-closed`: the client left before the end; `cut`: we closed inside the body. */
  readonly ended: "open" | "done" | "client-closed" | "cut" | "reset" | "stopped";
  readonly endedAtMs?: number;
  /** Pieces of the body that were handed to the connection. */
  readonly eventsWritten: number;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
  respond(request: SocketRequest): SocketResponse;
}

export interface SocketServer {
  readonly port: number;
  /** Since it began to listen. */
  elapsedMs(): number;
  /** The newest requests, oldest first. */
  log(): readonly SocketLogEntry[];
  clearLog(): void;
  /** Closes every connection. */
  stop(): void;
}

const LIMITS = { headBytesMax: 65_536, bodyBytesMax: 64 * 1024 * 1024 };
const LOG_MAX = 1000;
/** Between the last byte and a reset, or the client's kernel would drop that byte. */
const RESET_GRACE_MS = 5;

type Mutable<T> = { -readonly [key in keyof T]: T[key] };
type Entry = Mutable<SocketLogEntry>;

/** Listens at once. Throws when the port is taken, as the platform does. */
export function listen({ host, port, respond }: ListenOptions): SocketServer {
  const startedMs = performance.now();
  const connections = new Set<Connection>();
  let entries: Entry[] = [];
  const answer = (request: HttpRequest): Answering => {
    const { plays, note, over } = respond({ ...request, atMs: performance.now() - startedMs });
    const { method, path } = request;
    const entry: Entry = { atMs: nowMs(), method, path, model: "", ...note, ended: "open", eventsWritten: 0 };
    if (note !== undefined) entries.push(entry);
    if (entries.length > LOG_MAX) entries.shift();
    return { plays, entry, over, keepAlive: request.keepAlive };
  };
  const server = Bun.listen<Connection>({
    hostname: host,
    port,
    socket: {
      open(socket) {
        socket.data = new Connection(socket, answer);
        socket.setNoDelay(true);
        connections.add(socket.data);
      },
      data: (socket, bytes) => socket.data.received(bytes),
      drain: (socket) => socket.data.drained(),
      close(socket) {
        connections.delete(socket.data);
        socket.data.left();
      },
      // The client's doing or a bug of ours: either way it must not wait for ever.
      error: (socket) => socket.data.stop(),
    },
  });
  return {
    port: server.port,
    elapsedMs: () => performance.now() - startedMs,
    log: () => entries.map((entry) => ({ ...entry })),
    clearLog: () => {
      entries = [];
    },
    stop() {
      for (const connection of connections) connection.stop();
      server.stop(true);
    },
  };
}

interface Answering {
  readonly plays: readonly Play[];
  readonly entry: Entry;
  readonly over: SocketResponse["over"];
  readonly keepAlive: boolean;
}

/** One connection: reads requests, plays one answer at a time. */
class Connection {
  readonly #socket: Socket<Connection>;
  readonly #answer: (request: HttpRequest) => Answering;
  readonly #reader = new HttpRequestReader(LIMITS);
  #playing: Answering | undefined;
  #next = 0;
  /** When the next step is due. */
  #dueMs = 0;
  #chunked = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What the kernel did not take yet; the player waits for it. */
  #unsent: Uint8Array = new Uint8Array();
  /** To be closed as soon as all is sent. */
  #closing = false;
  #gone = false;

  constructor(socket: Socket<Connection>, answer: (request: HttpRequest) => Answering) {
    this.#socket = socket;
    this.#answer = answer;
  }

  received(bytes: Uint8Array): void {
    if (this.#closing) return;
    this.#reader.push(bytes);
    if (this.#playing === undefined) this.#nextRequest();
    // A client that goes on sending while it is answered.
    else if (this.#reader.pendingBytes > LIMITS.headBytesMax) this.stop();
  }

  drained(): void {
    const unsent = this.#unsent;
    this.#unsent = new Uint8Array();
    this.#write(unsent);
    if (this.#unsent.length > 0) return;
    if (this.#closing) this.#socket.end();
    else if (this.#timer === undefined) this.#play();
  }

  /** The connection is closed, by whomever. */
  left(): void {
    this.#finish("client-closed");
    this.#gone = true;
  }

  stop(): void {
    this.#finish("stopped");
    this.#gone = true;
    this.#socket.terminate();
  }

  #nextRequest(): void {
    for (;;) {
      const next = this.#reader.next();
      if (next.type === "more") return;
      if (next.type === "continue") this.#write(ascii("HTTP/1.1 100 Continue\r\n\r\n"));
      else if (next.type === "error") {
        this.#write(ascii(`HTTP/1.1 ${next.status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`));
        this.#close();
        return;
      } else {
        this.#playing = this.#answer(next.request);
        this.#next = 0;
        this.#dueMs = performance.now();
        this.#play();
        return;
      }
    }
  }

  #play(): void {
    while (!this.#gone && !this.#closing && this.#unsent.length === 0) {
      const play = this.#playing?.plays[this.#next++];
      switch (play?.type) {
        case "wait":
          if (this.#wait(play.ms)) return;
          break;
        case "head":
          this.#head(play.status, play.headers);
          break;
        case "bytes":
          this.#body(play.bytes);
          break;
        case "end":
          if (this.#chunked) this.#write(ascii("0\r\n\r\n"));
          this.#ended();
          return;
        case "close":
          this.#finish("cut");
          this.#close();
          return;
        case "reset":
          this.#reset();
          return;
        default:
          return;
      }
    }
  }

  /** False when the time has come already: timers are late and coarse, so that waits are counted from the beginning. */
  #wait(ms: number): boolean {
    this.#dueMs += ms;
    const delayMs = this.#dueMs - performance.now();
    if (delayMs < 1) return false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#play();
    }, delayMs);
    return true;
  }

  #head(status: number, headers: Readonly<Record<string, string>>): void {
    this.#chunked = !("content-length" in headers);
    const framing = this.#chunked ? "transfer-encoding: chunked\r\n" : "";
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const connection = this.#playing?.keepAlive ? "keep-alive" : "close";
    this.#write(ascii(`HTTP/1.1 ${status} Simulated\r\n${lines.join("")}${framing}connection: ${connection}\r\n\r\n`));
  }

  #body(bytes: Uint8Array): void {
    // An empty chunk would be the body's end.
    if (bytes.length === 0) return;
    if (this.#playing !== undefined) this.#playing.entry.eventsWritten++;
    this.#write(this.#chunked ? concat([ascii(`${bytes.length.toString(16)}\r\n`), bytes, ascii("\r\n")]) : bytes);
  }

  #ended(): void {
    const keepAlive = this.#playing?.keepAlive ?? false;
    this.#finish("done");
    if (!keepAlive) this.#close();
    else this.#nextRequest();
  }

  #close(): void {
    this.#closing = true;
    if (this.#unsent.length === 0) this.#socket.end();
  }

  #reset(): void {
    const written = this.#playing?.entry.eventsWritten ?? 0;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#finish("reset");
        this.#socket.terminate();
      },
      written > 0 ? RESET_GRACE_MS : 0,
    );
  }

  #finish(ended: SocketLogEntry["ended"]): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const playing = this.#playing;
    const entry = playing?.entry;
    this.#playing = undefined;
    playing?.over?.();
    if (entry === undefined) return;
    entry.ended = ended;
    entry.endedAtMs = nowMs();
  }

  #write(bytes: Uint8Array): void {
    if (this.#gone || bytes.length === 0) return;
    if (this.#unsent.length > 0) {
      this.#unsent = concat([this.#unsent, bytes]);
      return;
    }
    const taken = this.#socket.write(bytes);
    // -1: the connection is going; `close` tells the rest.
    if (taken >= 0 && taken < bytes.length) this.#unsent = bytes.slice(taken);
  }
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function ascii(text: string): Uint8Array {
  return encoder.encode(text);
}

const encoder = new TextEncoder();
