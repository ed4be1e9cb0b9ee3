// The observers of a gateway that runs as a command: its log on stderr, colour where a terminal shows it.

import type { FactReader } from "../core/fact-readers.ts";
import type { Runtime } from "../core/runtime.ts";
import type { SloReading, SloSpan } from "../core/slo.ts";
import { type LogOptions, logFormat } from "../observe/call-log.ts";
import type { CallReader } from "../observe/follow-calls.ts";
import type { Ledger } from "../observe/ledger/ledger.ts";
import { createObservers, type Observers } from "../observe/observers.ts";
import { createLineSink, type LineSink } from "../runtime/line-sink.ts";

export interface Observing {
  readonly observers: Observers;
  /** Where bugs are told when there is no log. */
  readonly readers: readonly FactReader[];
  /** Writes out what waits. */
  end(): Promise<void>;
}

const STDERR = 2;
const SPANS_GRACE_MS = 5_000;
const LOG_GRACE_MS = 1_000;

export interface Watching {
  readonly hasView: boolean;
  readonly callReaders: readonly CallReader[];
  readonly ledger: Ledger;
  readonly slos: () => readonly SloReading[];
  readonly pastSlos: (span: SloSpan) => readonly SloReading[] | undefined;
}

/** Or why not. `hasView`: something else shows the calls, so that the log is written only where it is asked for. */
export function startObserving(
  runtime: Runtime,
  { hasView, callReaders, ledger, slos, pastSlos }: Watching,
): Observing | { readonly problem: string } {
  const { env } = process;
  const format = hasView && !env.HOLDFAST_LOG ? "off" : logFormat(env, process.stderr.isTTY);
  if (format === undefined) return { problem: `HOLDFAST_LOG is "${env.HOLDFAST_LOG}"; allowed: off, json, text` };
  const sink = format === "off" ? undefined : createStderr(format.format, () => runtime.wallMs());
  const log = format === "off" || sink === undefined ? {} : { log: withSink(format, sink) };
  const warn = (message: string) => console.error(`holdfast: ${message}`);
  const shared = { wallMs: runtime.wallMs, clock: runtime.clock, env, warn };
  const observers = createObservers({ ...shared, callReaders, ledger, slos, pastSlos, ...log });
  return {
    observers,
    readers: sink === undefined ? [{ bug: tellBug }] : [],
    async end() {
      await observers.close(SPANS_GRACE_MS);
      await sink?.flush(LOG_GRACE_MS);
    },
  };
}

function createStderr(format: "json" | "text", wallMs: () => number): LineSink {
  return createLineSink(STDERR, {
    tellDropped: (count) =>
      format === "json"
        ? JSON.stringify({ time: new Date(wallMs()).toISOString(), level: "warn", event: "log-dropped", count })
        : `… ${count} lines of the log were dropped: whoever reads it is too slow`,
  });
}

function withSink(format: Omit<LogOptions, "write">, sink: LineSink): LogOptions & { dropped(): number } {
  return { ...format, write: sink.write, dropped: () => sink.dropped };
}

function tellBug({ call, message, stack }: { call: string; message: string; stack?: string }): void {
  console.error(`holdfast: a bug, in call ${call}: ${stack ?? message}`);
}
