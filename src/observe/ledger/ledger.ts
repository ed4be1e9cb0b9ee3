// The ledger of a gateway: gathers what calls came to and writes it once a second, in one transaction, behind the data path.
// A store that fails costs no call: what waits is bounded, what does not fit is counted and said.

import type { Database } from "../../core/database.ts";
import type { GatewayEvent } from "../../core/gateway-event.ts";
import type { Clock } from "../../core/runtime.ts";
import type { Settings } from "../../core/settings.ts";
import type { CallReader } from "../follow-calls.ts";
import { createUserHash } from "./end-user.ts";
import { createFacts, type PriceOf, type UsedPrice } from "./facts.ts";
import { createGathering } from "./gather.ts";
import { type LedgerReader, readLedger } from "./read.ts";
import { createSpendAlarm, type SpendWarning } from "./spend-alarm.ts";
import { createLedgerStore, type Keeping, type LedgerStore } from "./store.ts";

export interface Ledger {
  /** For the follower of calls. */
  readonly read: CallReader;
  /** For the stream of facts. */
  readonly see: (event: GatewayEvent) => void;
  /** A keyed hash of the name of an end user. */
  endUser(name: string): string;
  /** Counts and records that were given up for want of room. */
  readonly dropped: number;
  /** Writes what waits. Never throws. */
  flush(): void;
  /** What is written so far, for reports. */
  readonly reader: LedgerReader;
  /** `flush`, and no timer is left. The database is its owner's. */
  close(): void;
}

export interface LedgerOptions {
  readonly database: Database;
  readonly keeping: Keeping;
  /** As they are now. */
  settings(): Settings;
  readonly priceOf: PriceOf;
  readonly clock: Clock;
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** 16 secret bytes. */
  newKey(): Uint8Array;
  /** Takes a sentence for whoever runs the gateway. */
  warn(message: string): void;
  /** Takes the ledger's own facts. */
  emit(event: GatewayEvent): void;
}

const FLUSH_MS = 1_000;
/** A store that fails is tried again less often, up to this. */
const RETRY_MAX_MS = 30_000;
const TRIM_MS = 60_000;

/** Throws when the database cannot hold a ledger. */
export function createLedger(options: LedgerOptions): Ledger {
  const { clock, wallMs, warn, emit } = options;
  const store = createLedgerStore(options.database, options.keeping);
  const endUser = createUserHash(store.userKey(options.newKey));
  const reader = readLedger(options.database);
  if (reader === undefined) throw new Error("the ledger has no tables");
  const alarm = createSpendAlarm();
  let disarm: (() => void) | undefined;
  const arm = (delayMs: number): void => {
    disarm ??= clock.after(delayMs, () => {
      disarm = undefined;
      flush();
    });
  };
  const facts = createFacts(options.settings, options.priceOf);
  const gathering = createGathering({
    facts,
    wallMs,
    random: options.random,
    changed: () => {
      if (disarm === undefined) arm(FLUSH_MS);
    },
  });
  const writing = createWriting(store, { ...gathering, prices: facts.used }, warn);
  const trimming = createTrimming(store, clock);
  const flush = (): void => {
    const waitMs = writing.write((deltas) => {
      for (const warning of alarm.note(deltas)) emit(budgetWarning(warning, clock.now()));
    });
    if (waitMs > 0) arm(waitMs);
    else trimming(wallMs());
  };
  return {
    read: gathering.read,
    see: gathering.see,
    endUser,
    get dropped() {
      return gathering.series.dropped + gathering.records.dropped;
    },
    flush,
    reader,
    close() {
      flush();
      disarm?.();
      disarm = undefined;
    },
  };
}

function budgetWarning({ route, spentUsd, withoutFailoverUsd, overMs }: SpendWarning, atMs: number): GatewayEvent {
  return { type: "budget-warning", atMs, call: "", route, spentUsd, withoutFailoverUsd, overMs };
}

type Gathered = Pick<ReturnType<typeof createGathering>, "series" | "records"> & { readonly prices: UsedPrice[] };
type Deltas = ReturnType<Gathered["series"]["take"]>;

/** `write` gives how long to wait before the next try; 0: all is written. `counted` sees each count once, stored or not. */
function createWriting(store: LedgerStore, { series, records, prices }: Gathered, warn: (message: string) => void) {
  let failures = 0;
  let told = 0;
  return {
    write(counted: (deltas: Deltas) => void): number {
      const deltas = series.take();
      const taken = records.take();
      if (failures === 0) counted(deltas);
      const dropped = series.dropped + records.dropped;
      try {
        store.write({ deltas, ...taken, prices, dropped: dropped - told });
      } catch (error) {
        for (const delta of deltas) delta.series.id = undefined;
        series.giveBack(deltas);
        records.giveBack(taken);
        if (failures++ === 0) warn(`the ledger cannot be written (${reasonOf(error)}); calls go on, it is tried again`);
        return Math.min(RETRY_MAX_MS, FLUSH_MS * 2 ** Math.min(failures, 10));
      }
      series.done(deltas);
      prices.length = 0;
      if (failures > 0) warn(`the ledger is written again; ${dropped - told} of its entries were lost meanwhile`);
      failures = 0;
      told = dropped;
      return 0;
    },
  };
}

/** Once a minute at most. */
function createTrimming(store: LedgerStore, clock: Clock): (wallMs: number) => void {
  let nextMs = clock.now() + TRIM_MS;
  return (wallMs) => {
    if (clock.now() < nextMs) return;
    nextMs = clock.now() + TRIM_MS;
    try {
      store.trim(wallMs);
    } catch {
      // What could not be taken away now can be later; a store that fails for good is told of by the writer.
    }
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
