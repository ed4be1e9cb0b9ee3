// Reads pages again and again: soon while something is open, seldom otherwise, and more seldom still when a page does not
// want it. One timer a page, none while it is being read. Whatever happens here, nobody waits for it.

import type { Clock } from "../core/runtime.ts";
import type { PageReading } from "../core/status-page.ts";
import type { Reach } from "./fetch-document.ts";
import type { PageSource } from "./page-source.ts";
import { createPageMemory, type PageMemory, type RawDocument, type Read, readPage } from "./read-page.ts";

export interface PollerOptions extends Reach {
  /** For its timers, which must not keep a process alive; default: the runtime's. */
  readonly timers?: Clock;
  /** Between two readings while nothing is open. */
  readonly idleMs: number;
  /** Once for each provider of a page, after each reading, with the documents that it was made from. It may throw. */
  readonly onReading: (
    reading: PageReading,
    before: PageReading | undefined,
    documents: readonly RawDocument[],
  ) => void;
}

export interface Poller {
  /** The newest of each provider; none before its first reading. */
  readonly readings: readonly PageReading[];
  /** Takes over other pages; those that stay keep what is known of them. */
  watch(sources: readonly PageSource[]): void;
  /** Somebody says that this page has changed: it is read soon, however often that is said. */
  hint(page: string): void;
  stop(): void;
}

const OPEN_MS = 60_000;
const BACK_OFF_MS = [60_000, 120_000, 300_000, 600_000] as const;
/** A page that challenged us is asked this seldom for as long as follows. */
const BLOCKED_MS = 900_000;
const BLOCKED_FOR_MS = 6 * 3_600_000;
const HINT_GAP_MS = 10_000;
const FIRST_MS = 1_000;
/** Seven documents at two addresses, each with its own limit, take less. */
const STUCK_MS = 180_000;

interface Watched {
  source: PageSource;
  readonly memory: PageMemory;
  readonly readings: Map<string, PageReading>;
  failures: number;
  blockedUntilMs: number;
  beganMs: number;
  /** A reading that is under way is known by its number; one that was given up is not listened to. */
  run: number;
  busy: boolean;
  hinted: boolean;
  disarm: () => void;
}

/** Starts with `watch`; `stop` ends it for good. */
export function createPoller(options: PollerOptions): Poller {
  const { runtime, timers = runtime.clock } = options;
  const pages = new Map<string, Watched>();
  let stopped = false;
  const arm = (page: Watched, delayMs: number, then: (page: Watched) => void): void => {
    page.disarm();
    if (!stopped) page.disarm = timers.after(delayMs, () => then(page));
  };
  const read = (page: Watched): void => {
    const run = ++page.run;
    page.busy = true;
    page.hinted = false;
    page.beganMs = runtime.clock.now();
    const over = (done: Read | undefined): void => {
      if (page.run !== run || stopped) return;
      page.busy = false;
      arm(page, settle(page, done, options), read);
    };
    arm(page, STUCK_MS, () => over(undefined));
    readPage(page.source, page.memory, options).then(over, () => over(undefined));
  };
  return {
    get readings() {
      return [...pages.values()].flatMap(({ readings }) => [...readings.values()]);
    },
    watch(sources) {
      const wanted = new Map(sources.map((source) => [source.page, source]));
      for (const [address, page] of pages) {
        if (wanted.has(address)) continue;
        drop(page);
        pages.delete(address);
      }
      for (const [address, source] of wanted) {
        const known = pages.get(address);
        if (known !== undefined) takeOver(known, source);
        else {
          const page = createWatched(source);
          pages.set(address, page);
          arm(page, FIRST_MS * runtime.random(), read);
        }
      }
    },
    hint(address) {
      const page = pages.get(address);
      // Whoever does not want us, or is about to be read, is not asked sooner.
      if (page === undefined || page.busy || page.hinted || page.failures > 0) return;
      page.hinted = true;
      const gapMs = Math.max(HINT_GAP_MS, page.source.floorMs);
      arm(page, Math.max(0, page.beganMs + gapMs - runtime.clock.now()), read);
    },
    stop() {
      stopped = true;
      for (const page of pages.values()) drop(page);
    },
  };
}

function createWatched(source: PageSource): Watched {
  return {
    source,
    memory: createPageMemory(),
    readings: new Map(),
    failures: 0,
    blockedUntilMs: Number.NEGATIVE_INFINITY,
    beganMs: Number.NEGATIVE_INFINITY,
    run: 0,
    busy: false,
    hinted: false,
    disarm: () => {},
  };
}

function drop(page: Watched): void {
  page.run++;
  page.disarm();
}

function takeOver(page: Watched, source: PageSource): void {
  page.source = source;
  for (const provider of page.readings.keys()) {
    if (!source.providers.includes(provider)) page.readings.delete(provider);
  }
}

/** Takes a reading in and says when the next one is due. */
function settle(page: Watched, done: Read | undefined, options: PollerOptions): number {
  const { runtime, idleMs } = options;
  if (done !== undefined) tell(page, done, options);
  const nowMs = runtime.clock.now();
  const { error, state, incidents = [], health } = done?.reading ?? { state: "error" };
  page.failures = state === "ok" ? 0 : page.failures + 1;
  if (error?.code === "blocked") page.blockedUntilMs = nowMs + BLOCKED_FOR_MS;
  const eventful = health !== "operational" && health !== "unknown" ? true : incidents.some(({ open }) => open);
  const usualMs = eventful ? Math.min(OPEN_MS, idleMs) : idleMs;
  const backOffMs = page.failures === 0 ? 0 : (BACK_OFF_MS[page.failures - 1] ?? BACK_OFF_MS[3]);
  const blockedMs = nowMs < page.blockedUntilMs ? BLOCKED_MS : 0;
  const leastMs = Math.max(page.source.floorMs, blockedMs, done?.retryAfterMs ?? 0);
  const dueMs = Math.max(page.failures === 0 ? usualMs : backOffMs, leastMs);
  // Never sooner than the page wants; a fleet of gateways must not ask all at once.
  return dueMs * (1 + 0.2 * runtime.random());
}

function tell(page: Watched, { reading }: Read, { onReading }: PollerOptions): void {
  for (const provider of page.source.providers) {
    const before = page.readings.get(provider);
    const now = { provider, ...reading };
    page.readings.set(provider, now);
    try {
      onReading(now, before, page.memory.fetched);
    } catch {
      // Who is told must not stop the reading.
    }
  }
  page.memory.fetched = [];
}
