// The facts as `text/event-stream`, one stream a follower: written at the follower's pace, kept alive by comments. What a
// slow one misses, the feed itself tells.

import type { Clock } from "../core/runtime.ts";
import { LazyDeadline } from "../core/timing.ts";
import type { EventFeed } from "../observe/event-hub.ts";
import type { Observers } from "../observe/observers.ts";
import { type AdminFault, adminFault } from "./admin-fault.ts";

const HEARTBEAT_MS = 15_000;
const encoder = new TextEncoder();
const HEARTBEAT = encoder.encode(":\n\n");

export interface Feeds {
  open(): Response | AdminFault;
  /** Ends all of them; new ones are refused. */
  close(): void;
}

export function createFeeds(clock: Clock, observers: Observers | undefined): Feeds {
  const open = new Set<EventFeed>();
  let closed = false;
  return {
    open() {
      if (observers === undefined) return adminFault(404, "not-found", "This gateway tells no events.");
      const feed = closed ? undefined : observers.follow();
      if (feed === undefined) return adminFault(503, "busy", "Too many follow the events already.");
      open.add(feed);
      const body = streamOf(feed, { clock, frame: observers.frame, done: () => open.delete(feed) });
      return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
    },
    close() {
      closed = true;
      for (const feed of open) feed.close();
    },
  };
}

interface FeedOptions {
  readonly clock: Clock;
  readonly frame: Observers["frame"];
  readonly done: () => void;
}

function streamOf(feed: EventFeed, { clock, frame, done }: FeedOptions): ReadableStream<Uint8Array> {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let over = false;
  const timer = new LazyDeadline(clock, () => {
    if ((controller?.desiredSize ?? 0) > 0) controller?.enqueue(HEARTBEAT);
    timer.move(HEARTBEAT_MS);
  });
  const finish = (): void => {
    if (over) return;
    over = true;
    timer.stop();
    feed.close();
    done();
  };
  return new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
      // Headers leave with the first bytes: a follower knows at once that it follows.
      given.enqueue(HEARTBEAT);
      timer.move(HEARTBEAT_MS);
    },
    async pull(given) {
      const { done: ended, value } = await feed.next();
      if (over) return;
      if (ended || value === undefined) {
        finish();
        given.close();
        return;
      }
      given.enqueue(encoder.encode(frame(value)));
      timer.move(HEARTBEAT_MS);
    },
    cancel: finish,
  });
}
