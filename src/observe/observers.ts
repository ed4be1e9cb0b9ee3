// All readers of the gateway's facts in one place: recent calls, metrics, the call log, traces, the feed of events. The
// server mounts what they give; the engine knows only `readers` and `propagate`.

import type { FactReader } from "../core/fact-readers.ts";
import type { Clock } from "../core/runtime.ts";
import type { SloReading, SloSpan } from "../core/slo.ts";
import { createBacklog } from "./backlog.ts";
import { type BeliefLog, createBeliefLog } from "./belief-log.ts";
import { createCallLog, type LogOptions } from "./call-log.ts";
import type { CallQuery, CallRecord } from "./call-record.ts";
import { createEventHub, type EventFeed, eventFrame, type FeedItem } from "./event-hub.ts";
import { type CallReader, createCallFollower } from "./follow-calls.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { createMetrics } from "./metrics.ts";
import { createRecentCalls } from "./recent-calls.ts";
import { type Propagate, propagate } from "./trace-context.ts";
import { createTraces, type Traces, tracesWanted } from "./traces.ts";

export interface Observers {
  /** For the stream of facts. Each is cheap and never waits. */
  readonly readers: readonly FactReader[];
  /** For `createEngine({ propagate })`; absent without an exporter: then a client's trace headers pass as they came. */
  readonly propagate?: Propagate;
  /** Hashes the name of an end user; absent: nobody counts them. */
  readonly endUser?: (name: string) => string;
  /** `/admin/v1/reports/…`; absent: nothing is kept. */
  readonly ledger?: Pick<Ledger, "flush" | "reader">;
  /** `/admin/v1/slos`; absent: nobody counts. */
  readonly slos?: () => readonly SloReading[];
  /** The same of the past; throws when the store does. */
  readonly pastSlos?: (span: SloSpan) => readonly SloReading[] | undefined;
  readonly calls: {
    /** `/admin/v1/calls`: answer `{ calls: list(query) }`. Newest first, calls still running included. */
    list(query?: CallQuery): readonly CallRecord[];
    /** `/admin/v1/calls/{id}`: the record itself as JSON; `undefined` is a 404 (unknown, or older than what is kept). */
    get(id: string): CallRecord | undefined;
  };
  /** Changes of belief and why, for `/admin/v1/beliefs` and `calls/{id}`. */
  readonly beliefs: BeliefLog;
  /** `/metrics`, no key: status 200 with this type and text. */
  readonly metrics: { readonly contentType: string; text(): string };
  /**
   * `/admin/v1/events`: one feed a client, closed when the client leaves. Each item is written as `frame(item)`, with a
   * comment at once and after 15 s of silence. `undefined` when too many follow already: answer 503.
   */
  follow(): EventFeed | undefined;
  /** An item of a feed as a frame of `text/event-stream`: `event:` its type, `data:` the fact with `at`, in ISO 8601. */
  frame(item: FeedItem): string;
  /** Tells what waits to all who hear of it. For who is about to stop one of them. */
  drain(): void;
  /** Ends every feed and sends the spans that wait, for at most `graceMs`. For the end of the process, after the drain. */
  close(graceMs: number): Promise<void>;
}

export interface ObserverOptions {
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The call log; absent: none. `dropped` counts lines that its writer gave up. */
  readonly log?: LogOptions & { dropped(): number };
  /** Whoever else looks at facts together with their calls. */
  readonly callReaders?: readonly CallReader[];
  /** Keeps what calls came to; absent: nothing is kept. Its owner closes it. */
  readonly ledger?: Ledger;
  /** How the objectives stand; absent: there are none. */
  readonly slos?: () => readonly SloReading[];
  /** How they stood; absent: nothing is kept of it. */
  readonly pastSlos?: (span: SloSpan) => readonly SloReading[] | undefined;
  /** Takes a sentence for whoever runs the gateway; default: nobody is told. */
  readonly warn?: (message: string) => void;
}

const loadExport = async (warn: (message: string) => void) => (await import("./otlp-export.ts")).createSpanExport(warn);

export function createObservers(options: ObserverOptions): Observers {
  const { wallMs, clock, env, log, ledger, slos, pastSlos, warn = () => {}, callReaders: others = [] } = options;
  const startedWallMs = wallMs();
  const hub = createEventHub();
  const recent = createRecentCalls();
  const beliefs = createBeliefLog(wallMs);
  const traces = tracesWanted(env) ? createTraces(() => loadExport(warn), warn) : undefined;
  const dropped = () => ({
    log: log?.dropped() ?? 0,
    traces: traces?.dropped ?? 0,
    events: hub.lost,
    ledger: ledger?.dropped ?? 0,
  });
  const metrics = createMetrics({ running: () => follower.running, startedWallMs, dropped, slos });
  const callLog = log && createCallLog(log);
  const callReaders: readonly (CallReader | undefined)[] = [
    recent.read,
    metrics.read,
    callLog?.read,
    traces?.read,
    ledger?.read,
    ...others,
  ];
  const follower = createCallFollower(
    (atMs) => wallMs() - (clock.now() - atMs),
    callReaders.filter((reader) => reader !== undefined),
  );
  const { read, drain } = createBacklog(clock, [follower.read]);
  /** What belongs to no call that is followed. */
  const seldom: readonly FactReader[] = [
    { bug: metrics.bug, deferred: metrics.deferred, belief: beliefs.read },
    { bug: (event) => callLog?.bug(event, wallMs()) },
    // It knows what was believed before it hears what became of a call, which waits.
    ...(ledger ? [{ belief: ledger.see, probe: ledger.see }] : []),
  ];
  return {
    readers: [read, hub.read, ...seldom],
    beliefs,
    ...(ledger && { endUser: ledger.endUser, ledger: { reader: ledger.reader, flush: upToDate(drain, ledger.flush) } }),
    ...(traces && { propagate }),
    ...(slos && { slos }),
    ...(pastSlos && { pastSlos: upToDate(drain, pastSlos) }),
    calls: {
      list: upToDate(drain, (query?: CallQuery) => recent.list(follower.running, query)),
      get: upToDate(drain, (id: string) => recent.get(follower.running, id)),
    },
    metrics: { contentType: metrics.contentType, text: upToDate(drain, metrics.text) },
    follow: hub.subscribe,
    frame: (item) => eventFrame(item, wallMs() - clock.now()),
    drain,
    async close(graceMs) {
      drain();
      hub.close();
      if (traces !== undefined) await within(graceMs, traces, clock);
    },
  };
}

/** `look`, once all facts so far are told. */
function upToDate<Asked extends readonly unknown[], T>(
  drain: () => void,
  look: (...asked: Asked) => T,
): (...asked: Asked) => T {
  return (...asked) => {
    drain();
    return look(...asked);
  };
}

function within(graceMs: number, traces: Traces, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const disarm = clock.after(graceMs, resolve);
    const done = (): void => {
      disarm();
      resolve();
    };
    traces.close().then(done, done);
  });
}
