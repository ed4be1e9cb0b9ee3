// Feeds: order, what a slow follower loses, and that nobody is held up.

import { expect, test } from "bun:test";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { createEventHub, type EventFeed, eventFrame, FEEDS_MAX } from "./event-hub.ts";

const fact = (atMs: number): GatewayEvent => ({ type: "call-open", atMs, call: "c" });

function follow(hub: ReturnType<typeof createEventHub>): EventFeed {
  const feed = hub.subscribe();
  if (feed === undefined) throw new Error("no feed");
  return feed;
}

async function take(feed: EventFeed, count: number): Promise<unknown[]> {
  const items: unknown[] = [];
  for (let i = 0; i < count; i++) items.push((await feed.next()).value);
  return items;
}

test("each follower gets every fact in order, from when it began", async () => {
  const hub = createEventHub();
  hub.read(fact(0));
  const [one, two] = [follow(hub), follow(hub)];
  const waiting = two.next();
  hub.read(fact(1));
  hub.read(fact(2));
  expect(await take(one, 2)).toEqual([fact(1), fact(2)]);
  expect((await waiting).value).toEqual(fact(1));
  expect(await take(two, 1)).toEqual([fact(2)]);
});

test("a slow follower loses the oldest and is told how many, wherever its ring stands", async () => {
  const hub = createEventHub(3);
  const feed = follow(hub);
  for (let i = 0; i < 5; i++) hub.read(fact(i));
  expect(await take(feed, 4)).toEqual([{ type: "lost", count: 2 }, fact(2), fact(3), fact(4)]);
  for (let i = 5; i < 9; i++) hub.read(fact(i));
  expect(await take(feed, 4)).toEqual([{ type: "lost", count: 1 }, fact(6), fact(7), fact(8)]);
  expect(hub.lost).toBe(3);
});

test("closing ends a feed after what it holds; leaving a loop closes it", async () => {
  const hub = createEventHub();
  const feed = follow(hub);
  const pending = follow(hub);
  const waiting = pending.next();
  hub.read(fact(1));
  hub.close();
  expect((await waiting).value).toEqual(fact(1));
  const seen: unknown[] = [];
  for await (const item of feed) seen.push(item);
  expect(seen).toEqual([fact(1)]);
  expect(await feed.next()).toEqual({ done: true, value: undefined });
  const left = follow(hub);
  hub.read(fact(2));
  for await (const item of left) {
    expect(item).toEqual(fact(2));
    break;
  }
  hub.read(fact(3));
  expect(await left.next()).toEqual({ done: true, value: undefined });
});

test("there is a limit of followers, and a place is given back", () => {
  const hub = createEventHub();
  const feeds = Array.from({ length: FEEDS_MAX }, () => follow(hub));
  expect(hub.subscribe()).toBeUndefined();
  feeds[0]?.close();
  feeds[0]?.close();
  expect(hub.subscribe()).toBeDefined();
  expect(hub.subscribe()).toBeUndefined();
});

test("frames of text/event-stream", () => {
  expect(eventFrame(fact(500), 1_000)).toBe(
    'event: call-open\ndata: {"at":"1970-01-01T00:00:01.500Z","type":"call-open","atMs":500,"call":"c"}\n\n',
  );
  expect(eventFrame({ type: "lost", count: 2 }, 0)).toBe('event: lost\ndata: {"type":"lost","count":2}\n\n');
});
