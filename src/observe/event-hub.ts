// Fans the facts out to those who follow them live: `/admin/v1/events` and the library's `events()`. A follower that is
// slower than the gateway loses the oldest facts and is told how many; it never costs memory, and never holds up a call.

import type { GatewayEvent } from "../core/gateway-event.ts";

/** So many facts were dropped just before the next one. */
export interface Lost {
  readonly type: "lost";
  readonly count: number;
}

export type FeedItem = GatewayEvent | Lost;

/** One follower's view. One reader at a time. `return` (or leaving a `for await`) ends it. */
export interface EventFeed extends AsyncIterableIterator<FeedItem> {
  /** The next fact, or `done` once the feed was closed. It never rejects. */
  next(): Promise<IteratorResult<FeedItem, undefined>>;
  /** Ends the feed; may be called at any time, any number of times. */
  close(): void;
}

export interface EventHub {
  readonly read: (event: GatewayEvent) => void;
  /** `undefined` when there are `FEEDS_MAX` feeds already. */
  subscribe(): EventFeed | undefined;
  /** Facts that slow feeds lost, in all. */
  readonly lost: number;
  close(): void;
}

/** Facts that one feed holds while its reader is busy: some 2 MB. */
export const FEED_ITEMS_MAX = 10_000;
export const FEEDS_MAX = 64;

export function createEventHub(itemsMax = FEED_ITEMS_MAX): EventHub {
  const feeds = new Set<OpenFeed>();
  const total = { lost: 0 };
  return {
    get lost() {
      return total.lost;
    },
    read(event) {
      if (feeds.size === 0) return;
      for (const feed of feeds) feed.push(event);
    },
    subscribe() {
      if (feeds.size >= FEEDS_MAX) return undefined;
      const feed = createFeed(itemsMax, total, () => feeds.delete(feed));
      feeds.add(feed);
      return feed;
    },
    close() {
      for (const feed of [...feeds]) feed.close();
    },
  };
}

interface OpenFeed extends EventFeed {
  push(event: GatewayEvent): void;
}

function createFeed(itemsMax: number, total: { lost: number }, gone: () => void): OpenFeed {
  // A ring: a full queue costs no more than an empty one.
  const ring: (GatewayEvent | undefined)[] = [];
  let first = 0;
  let held = 0;
  let lost = 0;
  let closed = false;
  let wake: (() => void) | undefined;
  const take = (): FeedItem | undefined => {
    if (lost > 0) {
      const count = lost;
      lost = 0;
      return { type: "lost", count };
    }
    if (held === 0) return undefined;
    const item = ring[first];
    ring[first] = undefined;
    first = (first + 1) % itemsMax;
    held--;
    return item;
  };
  const feed: OpenFeed = {
    push(event) {
      if (held === itemsMax) {
        first = (first + 1) % itemsMax;
        held--;
        lost++;
        total.lost++;
      }
      ring[(first + held) % itemsMax] = event;
      held++;
      wake?.();
    },
    async next() {
      for (;;) {
        const value = take();
        if (value !== undefined) return { done: false, value };
        if (closed) return { done: true, value: undefined };
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
      }
    },
    return() {
      feed.close();
      return Promise.resolve({ done: true, value: undefined });
    },
    close() {
      if (closed) return;
      closed = true;
      gone();
      wake?.();
    },
    [Symbol.asyncIterator]: () => feed,
  };
  return feed;
}

/** An item as a frame of `text/event-stream`; `offsetMs` turns `atMs` into Unix time. */
export function eventFrame(item: FeedItem, offsetMs: number): string {
  if (item.type === "lost") return `event: lost\ndata: ${JSON.stringify(item)}\n\n`;
  const at = new Date(item.atMs + offsetMs).toISOString();
  return `event: ${item.type}\ndata: ${JSON.stringify({ at, ...item })}\n\n`;
}
