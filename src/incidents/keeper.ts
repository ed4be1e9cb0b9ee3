// Between the desk and its store: reads once, writes what differs, and keeps every trouble of the store to itself. Without
// a store it keeps nothing.

import type { Database } from "../core/database.ts";
import type { Maintenance, PublishPolicy } from "../core/incident.ts";
import { type Book, enter } from "./book.ts";
import { wake } from "./recover.ts";
import { DAY_MS, DAYS_KEPT, type RouteWatches, routeWatchOf } from "./routes.ts";
import { createIncidentStore, type IncidentStore } from "./store.ts";

export interface Kept {
  readonly book: Book;
  readonly watches: RouteWatches;
}

export interface PeopleSet {
  readonly maintenances: Maintenance[];
  readonly policySet: boolean;
}

export interface Keeper {
  /** Fills both; gives what people set. */
  load(kept: Kept, nowMs: number): PeopleSet;
  /** Writes what differs together with `tell`, all or nothing; where the store fails, `tell` is called all the same. */
  keep(kept: Kept, tell: () => void): void;
  saveSetting(name: "policy" | "maintenances", value: unknown): void;
}

export function createKeeper(database: Database | undefined, warn: (message: string) => void): Keeper {
  const store = opened(database, warn);
  let failing = false;
  const guarded = (what: string, work: (from: IncidentStore) => void): void => {
    if (store === undefined) return;
    try {
      work(store);
      failing = false;
    } catch (error) {
      // Once: it is tried again every few seconds.
      if (!failing) warn(`incidents cannot be ${what} in the store: ${reasonOf(error)}`);
      failing = true;
    }
  };
  return {
    load(kept, nowMs) {
      let set: PeopleSet = { maintenances: [], policySet: false };
      guarded("read", (from) => {
        set = read(from, kept, nowMs);
      });
      return set;
    },
    keep({ book, watches }, tell) {
      let told = false;
      const once = (): void => {
        if (told) return;
        told = true;
        tell();
      };
      guarded("kept", (into) => {
        database?.transaction(() => {
          write(into, { book, watches });
          once();
        });
        settled({ book, watches });
      });
      if (store === undefined) settled({ book, watches });
      try {
        once();
      } catch (error) {
        warn(`nobody could be told of an incident: ${reasonOf(error)}`);
      }
    },
    saveSetting: (name, value) => guarded("kept", (into) => into.saveSetting(name, value)),
  };
}

function opened(database: Database | undefined, warn: (message: string) => void): IncidentStore | undefined {
  if (database === undefined) return undefined;
  try {
    return createIncidentStore(database);
  } catch (error) {
    warn(`incidents are not kept: ${reasonOf(error)}`);
    return undefined;
  }
}

function read(from: IncidentStore, { book, watches }: Kept, nowMs: number): PeopleSet {
  const policy = from.setting("policy");
  // What this part wrote.
  if (policy !== undefined) book.policy = policy as PublishPolicy;
  for (const incident of from.incidents()) {
    wake(incident, nowMs);
    enter(book, incident);
  }
  const today = Math.floor(nowMs / DAY_MS);
  from.forgetDays(today - DAYS_KEPT);
  for (const { route, day, counts } of from.days(today - DAYS_KEPT)) {
    routeWatchOf(watches, route, nowMs)?.days.set(day, counts);
  }
  const maintenances = (from.setting("maintenances") as Maintenance[] | undefined) ?? [];
  return { maintenances, policySet: policy !== undefined };
}

function write(into: IncidentStore, { book, watches }: Kept): void {
  for (const id of book.dirty) {
    const incident = book.incidents.get(id);
    if (incident === undefined) into.removeIncident(id);
    else into.saveIncident(incident);
  }
  for (const [route, { days, dirty }] of watches) {
    for (const day of dirty) {
      const counts = days.get(day);
      if (counts !== undefined) into.saveDay({ route, day, counts });
    }
  }
}

function settled({ book, watches }: Kept): void {
  book.dirty.clear();
  for (const { dirty } of watches.values()) dirty.clear();
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
