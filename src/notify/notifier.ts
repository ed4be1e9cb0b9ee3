// Sends what is to be told: takes notices, keeps them in the outbox until they have arrived, one at a time to each channel.
// It waits for nobody and nobody waits for it; a receiver that hangs holds up its own channel alone.

import type { Database } from "../core/database.ts";
import type { ChannelSettings, Notice, SendMail } from "../core/notice.ts";
import type { Runtime } from "../core/runtime.ts";
import { GAP_MS, gatheringOf, send } from "./channel.ts";
import {
  type Changed,
  createOutbox,
  dueMs,
  type Entry,
  GIVE_UP_MS,
  type Outbox,
  type Outcome,
  put,
  settle,
} from "./outbox.ts";
import { isMeant } from "./routing.ts";
import { createOutboxStore, type OutboxStore } from "./store.ts";

export interface NotifierOptions {
  readonly runtime: Runtime;
  readonly channels: readonly ChannelSettings[];
  readonly sendMail: SendMail;
  /** Absent: what waits ends with the process. */
  readonly database?: Database | undefined;
  /** A sentence for whoever runs the gateway. */
  readonly warn: (message: string) => void;
}

export interface ChannelView {
  readonly name: string;
  readonly type: string;
  readonly state: "ok" | "retrying" | "gone";
  readonly waiting: number;
  readonly sent: number;
  /** Given up. */
  readonly dropped: number;
  readonly lastProblem?: string;
}

export interface Notifier {
  /** Keeps them at once and sends them as soon as may be. Never throws. Within a transaction of the store it is part of it. */
  accept(notices: readonly Notice[]): void;
  takeOver(channels: readonly ChannelSettings[]): void;
  /** Somebody asked for events of this kind: `incident`, `target`, `slo`, `budget`. */
  wants(kind: string): boolean;
  view(): readonly ChannelView[];
  /** Settles when nothing is on its way just now. */
  idle(): Promise<void>;
  stop(): void;
}

interface Channel {
  settings: ChannelSettings;
  readonly box: Outbox;
  gone: string | undefined;
  sent: number;
  dropped: number;
  lastProblem: string | undefined;
  disarm: (() => void) | undefined;
  underWay: Promise<void> | undefined;
}

interface Post extends NotifierOptions {
  readonly all: Map<string, Channel>;
  readonly store: OutboxStore | undefined;
  stopped: boolean;
  /** The store has failed, and that was said. */
  failing: boolean;
}

const WAIT_MAX_MS = 3_600_000;
/** Messages to channels that are no longer configured are kept for whoever puts them back, until this many. */
const ORPHANS_MAX = 1_000;

export function createNotifier(options: NotifierOptions): Notifier {
  const post: Post = { ...options, all: new Map(), store: openStore(options), stopped: false, failing: false };
  takeOver(post, options.channels);
  return {
    accept(notices) {
      for (const channel of post.all.values()) {
        if (channel.gone === undefined && !post.stopped) take(post, channel, notices);
      }
    },
    takeOver: (channels) => takeOver(post, channels),
    wants: (kind) =>
      [...post.all.values()].some(({ settings }) => settings.on.some((type) => type.startsWith(`${kind}.`))),
    view: () => [...post.all.values()].map(viewOf),
    async idle() {
      for (let round = 0; round < 1_000; round++) {
        const busy = [...post.all.values()].flatMap(({ underWay }) => underWay ?? []);
        if (busy.length === 0) return;
        await Promise.all(busy);
      }
    },
    stop() {
      post.stopped = true;
      for (const { disarm } of post.all.values()) disarm?.();
    },
  };
}

function openStore({ database, warn }: NotifierOptions): OutboxStore | undefined {
  if (database === undefined) return undefined;
  try {
    return createOutboxStore(database);
  } catch (error) {
    warn(`notify: messages are not kept: ${reasonOf(error)}`);
    return undefined;
  }
}

function takeOver(post: Post, channels: readonly ChannelSettings[]): void {
  const { all } = post;
  const made: string[] = [];
  for (const [name, { disarm }] of all) {
    if (channels.some((one) => one.name === name)) continue;
    disarm?.();
    all.delete(name);
  }
  for (const settings of channels) {
    const known = all.get(settings.name);
    if (known === undefined) {
      all.set(settings.name, createChannel(settings));
      made.push(settings.name);
    } else {
      // Whoever changes where it leads has looked after it.
      if (JSON.stringify(known.settings.target) !== JSON.stringify(settings.target)) known.gone = undefined;
      known.settings = settings;
    }
  }
  if (made.length > 0) load(post, made);
  for (const channel of all.values()) soon(post, channel);
}

function createChannel(settings: ChannelSettings): Channel {
  const counts = { gone: undefined, sent: 0, dropped: 0, lastProblem: undefined };
  return { settings, box: createOutbox(), ...counts, disarm: undefined, underWay: undefined };
}

/** What waits in the store for channels that are new here. */
function load({ all, store, warn, runtime }: Post, made: readonly string[]): void {
  if (store === undefined) return;
  try {
    let orphans = 0;
    for (const { channel: name, entry } of store.load()) {
      const channel = all.get(name);
      if (channel !== undefined && !made.includes(name)) continue;
      if (channel !== undefined) {
        channel.box.entries.push(entry);
        for (const { id } of entry.notices) channel.box.seen.add(id);
      } else if (++orphans > ORPHANS_MAX || runtime.wallMs() - entry.bornMs > GIVE_UP_MS) store.remove(name, entry.id);
    }
  } catch (error) {
    warn(`notify: what waited in the store cannot be read: ${reasonOf(error)}`);
  }
}

function take(post: Post, channel: Channel, notices: readonly Notice[]): void {
  const { settings, box } = channel;
  const nowMs = post.runtime.wallMs();
  for (const notice of notices) {
    if (isMeant(settings, notice)) keep(post, channel, put(box, notice, gatheringOf(settings), nowMs));
  }
  soon(post, channel);
}

/** Not within whatever is under way: a message must be kept before it is sent. */
function soon(post: Post, channel: Channel): void {
  channel.disarm?.();
  channel.disarm = post.runtime.clock.after(0, () => pump(post, channel));
}

function keep(post: Post, { settings: { name } }: Channel, { added, removed }: Changed): void {
  const { store, warn } = post;
  if (store === undefined || added.length + removed.length === 0) return;
  try {
    // A digest and what it stands for change places at once.
    store.transaction(() => {
      for (const id of removed) store.remove(name, id);
      for (const entry of added) store.save(name, entry);
    });
    post.failing = false;
  } catch (error) {
    if (!post.failing) warn(`notify: a message to ${name} is not kept: ${reasonOf(error)}`);
    post.failing = true;
  }
}

/** Sends the first message when its time has come, else looks again then. */
function pump(post: Post, channel: Channel): void {
  channel.disarm?.();
  channel.disarm = undefined;
  const { box } = channel;
  const atMs = post.stopped || channel.gone !== undefined ? undefined : dueMs(box);
  const [entry] = box.entries;
  if (atMs === undefined || entry === undefined) return;
  // The wall's clock may be set back.
  const waitMs = Math.min(WAIT_MAX_MS, atMs - post.runtime.wallMs());
  if (waitMs > 0) {
    channel.disarm = post.runtime.clock.after(waitMs, () => pump(post, channel));
    return;
  }
  box.sending = true;
  entry.attempts++;
  channel.underWay = deliver(post, channel, entry);
}

async function deliver(post: Post, channel: Channel, entry: Entry): Promise<void> {
  const outcome = await send(channel.settings, entry, post).catch(
    (error: unknown): Outcome => ({ kind: "never", why: `a bug: ${reasonOf(error)}` }),
  );
  channel.underWay = undefined;
  // What was not confirmed before the end is sent again by whoever comes after.
  if (post.stopped) return;
  settled(post, channel, entry, outcome);
  pump(post, channel);
}

function settled(post: Post, channel: Channel, entry: Entry, outcome: Outcome): void {
  const { settings, box } = channel;
  const { runtime, warn } = post;
  const gapMs = GAP_MS[settings.target.type];
  const out = settle(box, outcome, { gapMs, nowMs: runtime.wallMs(), random: runtime.random() });
  channel.lastProblem = outcome.kind === "sent" ? undefined : outcome.why;
  if (outcome.kind === "sent") channel.sent++;
  else if (outcome.kind === "gone") {
    channel.gone = outcome.why;
    channel.dropped += box.entries.length + 1;
    warn(`notify: ${settings.name} is dropped: ${outcome.why}; change its address or take it out of the configuration`);
    keep(post, channel, { added: [], removed: box.entries.splice(0).map(({ id }) => id) });
  } else if (out !== undefined) {
    channel.dropped++;
    warn(`notify: a message to ${settings.name} was given up: ${outcome.why}`);
  } else if (entry.attempts === 1)
    warn(`notify: ${settings.name} could not be told (${outcome.why}); it is tried again`);
  keep(post, channel, out === undefined ? { added: [entry], removed: [] } : { added: [], removed: [out] });
}

function viewOf({ settings, box, gone, sent, dropped, lastProblem }: Channel): ChannelView {
  const state = gone !== undefined ? "gone" : (box.entries[0]?.attempts ?? 0) > 0 && !box.sending ? "retrying" : "ok";
  const problem = gone ?? lastProblem;
  return {
    name: settings.name,
    type: settings.target.type,
    state,
    waiting: box.entries.reduce((sum, { count }) => sum + count, 0),
    sent,
    dropped,
    ...(problem !== undefined && { lastProblem: problem }),
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
