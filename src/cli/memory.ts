// What a running gateway remembers, and who watches it: its store, the ledger, objectives, incidents, logs, metrics and traces. None of it
// is ever a reason not to serve, but a store that was asked for.

import type { Database } from "../core/database.ts";
import type { FactReader } from "../core/fact-readers.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Clock, Runtime } from "../core/runtime.ts";
import type { Settings } from "../core/settings.ts";
import { resolveHost } from "../runtime/resolve-host.ts";
import { sendMail } from "../runtime/smtp.ts";
import { createDeferral } from "../server/deferral.ts";
import { createDeferralAway } from "../server/deferral-away.ts";
import type { ServerOptions } from "../server/http.ts";
import { createIncidentRoom } from "../server/incident-room.ts";
import { createPageSnapshots } from "../state/page-snapshots.ts";
import { startAccounts } from "./accounts.ts";
import { startObjectives } from "./objectives.ts";
import { startObserving } from "./observing.ts";
import type { Plan } from "./plan.ts";
import { openStore } from "./storing.ts";

export interface Memory {
  /** For the server. */
  readonly parts: Pick<
    ServerOptions,
    "observers" | "readers" | "room" | "answersIn" | "deferral" | "trouble" | "snapshots"
  >;
  takeOver(settings: Settings): void;
  /** Where facts that are found here go, once somebody listens. */
  tellBy(emit: (event: GatewayEvent) => void): void;
  /** Writes what waits and closes the store. */
  end(): Promise<void>;
}

export function openMemory(plan: Plan, runtime: Runtime): Memory | { readonly problem: string } {
  const { settings, view, cleanMs } = plan;
  const storing = openStore(settings.store, plan.follow !== undefined, runtime.wallMs());
  if ("problem" in storing) return storing;
  if (storing.note !== undefined) warn(storing.note);
  const { database } = storing;
  const accounts = startAccounts({ runtime, database, settings });
  const room = createIncidentRoom({ runtime, settings, database, sendMail, warn, cleanMs, ledger: accounts.ledger });
  const objectives = startObjectives({ runtime, database, settings, warn });
  const keepers = [accounts, objectives];
  const observing = startObserving(runtime, {
    hasView: view !== undefined,
    callReaders: [room.readCall],
    ledger: accounts.ledger,
    slos: objectives.readings,
    pastSlos: objectives.past,
  });
  if ("problem" in observing) {
    database?.close();
    return observing;
  }
  const { observers } = observing;
  const trouble = told(runtime.clock);
  // Of objectives only the ends of calls tell, and where those began.
  const counted: FactReader = { "call-start": objectives.read, "call-end": objectives.read };
  const readers = [...observing.readers, counted, ...(view === undefined ? [] : [view])];
  return {
    parts: {
      observers,
      readers,
      room,
      trouble,
      ...answersIn(settings, database),
      ...snapshotsIn(database),
      // Without a note no store was asked for.
      ...(database === undefined && storing.note !== undefined
        ? { deferral: createDeferralAway() }
        : deferralIn(database, runtime, trouble)),
    },
    takeOver(now) {
      for (const part of keepers) part.takeOver(now);
    },
    tellBy(emit) {
      for (const part of keepers) part.tellBy(emit);
    },
    async end() {
      await observing.end();
      for (const part of keepers) part.end();
      database?.close();
    },
  };
}

function warn(message: string): void {
  console.error(`holdfast: ${message}`);
}

/** What was said to whom is written to a disk only where the configuration names the place. */
function answersIn({ store }: Settings, database: Database | undefined): { readonly answersIn?: Database } {
  return typeof store === "object" && database !== undefined ? { answersIn: database } : {};
}

function snapshotsIn(database: Database | undefined): Pick<ServerOptions, "snapshots"> {
  if (database === undefined) return {};
  try {
    return { snapshots: createPageSnapshots(database, warn) };
  } catch (error) {
    warn(`no copy of a status page is kept: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
}

/** A store that fails costs no more than this: calls are not deferred, and are told so. */
function deferralIn(
  database: Database | undefined,
  runtime: Runtime,
  trouble: (message: string) => void,
): Pick<ServerOptions, "deferral"> {
  if (database === undefined) return {};
  try {
    return { deferral: createDeferral({ database, runtime, trouble, resolveHost }) };
  } catch (error) {
    warn(`no call is deferred: ${error instanceof Error ? error.message : String(error)}`);
    return { deferral: createDeferralAway() };
  }
}

/** The same trouble again within a minute is not told again. */
const TOLD_AGAIN_MS = 60_000;

function told(clock: Clock): (message: string) => void {
  let untilMs = Number.NEGATIVE_INFINITY;
  return (message) => {
    if (clock.now() < untilMs) return;
    untilMs = clock.now() + TOLD_AGAIN_MS;
    console.error(`holdfast: ${message}`);
  };
}
