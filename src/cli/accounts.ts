// The ledger of a running gateway: in its store where there is one, else in memory for as long as it runs. Never a reason
// not to serve.

import { priceOf } from "../../catalog/models.ts";
import type { Database } from "../core/database.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { createLedger, type Ledger, type LedgerOptions } from "../observe/ledger/ledger.ts";
import { KEPT_IN_MEMORY, KEPT_ON_DISK } from "../observe/ledger/store.ts";
import { secretBytes } from "../runtime/entropy.ts";
import { openMemoryDatabase } from "../runtime/sqlite.ts";

export interface Accounts {
  readonly ledger: Ledger;
  /** Routes and providers are others from now on. */
  takeOver(settings: Settings): void;
  /** Where the ledger's own facts go, once somebody listens. */
  tellBy(emit: (event: GatewayEvent) => void): void;
  /** Writes what waits. The store stays open. */
  end(): void;
}

export interface AccountsOptions {
  readonly runtime: Runtime;
  readonly database: Database | undefined;
  readonly settings: Settings;
}

const USER_KEY_BYTES = 16;

export function startAccounts({ runtime, database, settings }: AccountsOptions): Accounts {
  let current = settings;
  let emit: (event: GatewayEvent) => void = () => {};
  const warn = (message: string) => console.error(`holdfast: ${message}`);
  const shared = {
    settings: () => current,
    priceOf,
    clock: runtime.clock,
    wallMs: runtime.wallMs,
    random: runtime.random,
    newKey: () => secretBytes(USER_KEY_BYTES),
    warn,
    emit: (event: GatewayEvent) => emit(event),
  };
  const ledger = openLedger(shared, database, warn);
  return {
    ledger,
    takeOver(now) {
      current = now;
    },
    tellBy(now) {
      emit = now;
    },
    end: () => ledger.close(),
  };
}

type Shared = Omit<LedgerOptions, "database" | "keeping">;

function openLedger(shared: Shared, database: Database | undefined, warn: (message: string) => void): Ledger {
  if (database !== undefined) {
    try {
      return createLedger({ ...shared, database, keeping: KEPT_ON_DISK });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      warn(`the ledger cannot use the store (${reason}); it is kept in memory until this gateway ends`);
    }
  }
  return createLedger({ ...shared, database: openMemoryDatabase(), keeping: KEPT_IN_MEMORY });
}
