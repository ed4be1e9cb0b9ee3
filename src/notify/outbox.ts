// What waits to be sent to one channel: one after the other, again with growing pauses, and in a storm as one digest.
// Pure rules over a cell; sending is `notifier.ts`, forms are the channels'.

import type { Notice } from "../core/notice.ts";

/** One message: of one notice, or of many. */
export interface Entry {
  /** Stays the same however often it is sent. */
  readonly id: string;
  /** The newest of each thread, oldest first. */
  readonly notices: readonly Notice[];
  /** How many notices it stands for; 1: it is that notice itself. */
  readonly count: number;
  readonly bornMs: number;
  attempts: number;
  /** Not before. */
  nextMs: number;
}

export interface Outbox {
  /** Oldest first. */
  readonly entries: Entry[];
  /** The first of `entries` is on its way. */
  sending: boolean;
  /** When the newest notices came, for the storm. */
  readonly recent: number[];
  /** Ids that came of late: what is told twice is sent once. */
  readonly seen: Set<string>;
  /** Not before: the channel's own pace, or its wish. */
  readyMs: number;
  /** While a storm lasts messages are gathered until then. */
  gatherUntilMs: number;
}

/** What differs from what is stored. */
export interface Changed {
  readonly added: readonly Entry[];
  readonly removed: readonly string[];
}

const STORM_NOTICES = 10;
const STORM_MS = 60_000;
const DIGEST_THREADS_MAX = 50;
const SEEN_MAX = 2_000;
const RETRY_BASE_MS = 5_000;
const RETRY_GROWTH = 3;
const RETRY_MAX_MS = 2 * 3_600_000;
/** Older news is no news. */
export const GIVE_UP_MS = 3 * 86_400_000;
/** A receiver's wish is granted up to this. */
const WISH_MAX_MS = 24 * 3_600_000;

export function createOutbox(): Outbox {
  return { entries: [], sending: false, recent: [], seen: new Set(), readyMs: 0, gatherUntilMs: 0 };
}

/** How a channel takes many at once: as one message, or each thread's newest by itself. */
export type Gathering = "digest" | "newest";

export function put(box: Outbox, notice: Notice, gathering: Gathering, nowMs: number): Changed {
  if (box.seen.has(notice.id)) return { added: [], removed: [] };
  remember(box, notice.id);
  const entry: Entry = { id: notice.id, notices: [notice], count: 1, bornMs: nowMs, attempts: 0, nextMs: nowMs };
  box.entries.push(entry);
  if (!isStorm(box, nowMs)) return { added: [entry], removed: [] };
  if (nowMs > box.gatherUntilMs) box.gatherUntilMs = nowMs + STORM_MS;
  return gathering === "digest" ? digest(box, entry, nowMs) : newest(box, entry);
}

function remember(box: Outbox, id: string): void {
  box.seen.add(id);
  if (box.seen.size <= SEEN_MAX) return;
  const [oldest] = box.seen;
  if (oldest !== undefined) box.seen.delete(oldest);
}

function isStorm(box: Outbox, nowMs: number): boolean {
  box.recent.push(nowMs);
  if (box.recent.length > STORM_NOTICES + 1) box.recent.shift();
  return box.recent.length > STORM_NOTICES && (box.recent[0] ?? 0) > nowMs - STORM_MS;
}

/** All that waits and was never tried becomes one message; what was tried keeps its id, since it may have arrived. */
function digest(box: Outbox, entry: Entry, nowMs: number): Changed {
  const waiting = box.entries.filter((one, index) => one.attempts === 0 && !(box.sending && index === 0));
  const notices = waiting.flatMap((one) => one.notices);
  const threads = new Map<string, Notice>();
  for (const notice of notices) {
    // The newest comes last.
    threads.delete(notice.thread);
    threads.set(notice.thread, notice);
  }
  const made: Entry = {
    id: `digest_${entry.id}`,
    notices: [...threads.values()].slice(-DIGEST_THREADS_MAX),
    count: waiting.reduce((sum, one) => sum + one.count, 0),
    bornMs: waiting[0]?.bornMs ?? nowMs,
    attempts: 0,
    nextMs: nowMs,
  };
  const gone = new Set(waiting);
  const kept = box.entries.filter((one) => !gone.has(one));
  box.entries.splice(0, box.entries.length, ...kept, made);
  return { added: [made], removed: waiting.filter((one) => one !== entry).map(({ id }) => id) };
}

/** Of the same thread only the newest waits. */
function newest(box: Outbox, entry: Entry): Changed {
  const thread = entry.notices[0]?.thread;
  const older = box.entries.filter(
    (one, index) =>
      one !== entry && one.attempts === 0 && !(box.sending && index === 0) && one.notices[0]?.thread === thread,
  );
  const gone = new Set(older);
  const kept = box.entries.filter((one) => !gone.has(one));
  box.entries.splice(0, box.entries.length, ...kept);
  return { added: [entry], removed: older.map(({ id }) => id) };
}

/** When the first one may be sent; `undefined`: nothing waits, or one is on its way. */
export function dueMs(box: Outbox): number | undefined {
  const [first] = box.entries;
  if (first === undefined || box.sending) return undefined;
  // What came before the storm does not wait for its end.
  const gatherMs = first.count > 1 ? box.gatherUntilMs : 0;
  return Math.max(first.nextMs, box.readyMs, gatherMs);
}

export type Outcome =
  | { readonly kind: "sent" }
  /** `afterMs`: the receiver's own wish. */
  | { readonly kind: "again"; readonly why: string; readonly afterMs?: number | undefined }
  | { readonly kind: "never"; readonly why: string }
  /** The receiver is gone for good: nothing is sent there any more. */
  | { readonly kind: "gone"; readonly why: string };

export interface Settling {
  readonly gapMs: number;
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/** How long to wait after the `attempts`th try; `random` is uniform in [0, 1). */
export function retryMs(attempts: number, random: number): number {
  return Math.min(RETRY_MAX_MS, RETRY_BASE_MS * RETRY_GROWTH ** (attempts - 1)) * (0.8 + 0.4 * random);
}

/** Takes the first entry out, or puts off its next try. Gives its id when it is out. */
export function settle(box: Outbox, outcome: Outcome, { gapMs, nowMs, random }: Settling): string | undefined {
  box.sending = false;
  const [first] = box.entries;
  if (first === undefined) return undefined;
  box.readyMs = Math.max(box.readyMs, nowMs + gapMs);
  const isOut = outcome.kind !== "again" || nowMs - first.bornMs >= GIVE_UP_MS;
  if (isOut) {
    box.entries.shift();
    return first.id;
  }
  const wish = Math.min(WISH_MAX_MS, outcome.afterMs ?? 0);
  const delayMs = Math.max(wish, retryMs(first.attempts, random));
  first.nextMs = nowMs + delayMs;
  // A wish is about the channel, not about the message.
  if (wish > 0) box.readyMs = Math.max(box.readyMs, nowMs + wish);
  return undefined;
}
