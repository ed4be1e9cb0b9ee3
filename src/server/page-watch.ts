// The status pages of the providers in use, watched while a gateway runs: belief is given their word, the stream of facts is
// told what changes, and a webhook's secret path makes a page be read again.

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { STATUS_PAGES } from "../../catalog/status-pages.ts";
import type { Clock } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import type { PageReading } from "../core/status-page.ts";
import type { Engine } from "../engine/engine.ts";
import type { PageSnapshots } from "../state/page-snapshots.ts";
import type { ResolveHost } from "../status/fetch-document.ts";
import { pageChange } from "../status/page-change.ts";
import { type PageSource, pageSources } from "../status/page-source.ts";
import { pageWord } from "../status/page-word.ts";
import { createPoller, type Poller } from "../status/poll.ts";

export interface PageWatch {
  /** The newest of each provider whose page is read. */
  readonly readings: readonly PageReading[];
  /** Where a page's own webhooks may be sent: a hint to read it again. */
  readonly hooks: readonly { readonly page: string; readonly path: string }[];
  /** False: no page has this secret. */
  hint(secret: string): boolean;
  /** After the engine took other settings over. */
  reload(): void;
  stop(): void;
}

export interface PageWatchOptions {
  readonly engine: Engine;
  /** For timers that keep no process alive. */
  readonly timers?: Clock;
  readonly resolveHost?: ResolveHost;
  /** Where what a page said is kept when its word changes; absent: nowhere. */
  readonly snapshots?: PageSnapshots;
}

/** Pages of providers that some route uses. */
export function usedSources({ providers, routes }: Settings): readonly PageSource[] {
  const used = new Set(routes.flatMap(({ targets }) => targets.map(({ provider }) => provider)));
  const pages = providers.filter(({ name }) => used.has(name));
  return pageSources(pages, (host) => (Object.hasOwn(STATUS_PAGES, host) ? STATUS_PAGES[host] : undefined));
}

export function createPageWatch(options: PageWatchOptions): PageWatch {
  const { engine } = options;
  const salt = saltOf(engine);
  let poller: Poller | undefined;
  let idleMs = 0;
  let hooks: readonly { readonly page: string; readonly secret: string }[] = [];
  const forget = (): void => {
    poller?.stop();
    poller = undefined;
    for (const { name } of engine.settings.providers) engine.cells.pool(name).page = undefined;
  };
  const reload = (): void => {
    const { status } = engine.settings;
    if (status === undefined || status.idleMs !== idleMs) forget();
    const sources = status === undefined ? [] : usedSources(engine.settings);
    hooks = sources.map(({ page }) => ({ page, secret: secretOf(salt, page) }));
    if (status === undefined) return;
    idleMs = status.idleMs;
    poller ??= createPoller({
      runtime: engine.runtime,
      ...(options.timers && { timers: options.timers }),
      ...(options.resolveHost && { resolveHost: options.resolveHost }),
      idleMs,
      onReading: (now, before, documents) => {
        if (heard(engine, now, before)) options.snapshots?.keep(now.provider, documents, engine.runtime.wallMs());
      },
    });
    poller.watch(sources);
    const watched = new Set(sources.flatMap(({ providers }) => providers));
    for (const { name } of engine.settings.providers) {
      if (!watched.has(name)) engine.cells.pool(name).page = undefined;
    }
  };
  reload();
  return {
    get readings() {
      return poller?.readings ?? [];
    },
    get hooks() {
      return hooks.map(({ page, secret }) => ({ page, path: `/hooks/status/${secret}` }));
    },
    hint(secret) {
      const hook = hooks.find((one) => one.secret === secret);
      if (hook !== undefined) poller?.hint(hook.page);
      return hook !== undefined;
    },
    reload,
    stop: forget,
  };
}

/** True: its word has changed. */
function heard(engine: Engine, now: PageReading, before: PageReading | undefined): boolean {
  const nowMs = engine.runtime.clock.now();
  engine.cells.pool(now.provider).page = pageWord(now, nowMs);
  const change = pageChange(before, now, engine.runtime.wallMs());
  if (change !== undefined) engine.emit({ type: "status", atMs: nowMs, call: "", ...change });
  return change !== undefined;
}

/** With an admin key the paths outlive a restart; without one the gateway is on loopback, where no page's webhook arrives. */
function saltOf({ settings, runtime }: Engine): string {
  return settings.adminKey ?? Array.from({ length: 8 }, () => runtime.random()).join();
}

/** 43 characters would do; a page that knows its own path learns nothing of the key or of another path. */
function secretOf(salt: string, page: string): string {
  return bytesToHex(hmac(sha256, utf8ToBytes(salt), utf8ToBytes(`holdfast status hook\n${page}`))).slice(0, 40);
}
