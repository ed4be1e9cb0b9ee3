// What the ledger has of one incident: the calls that its provider failed in those minutes, by route, their end users, and
// money. The same counts as in a report of impact for that provider and time. It is asked again and again by a gateway that
// serves: minutes that are over and records that were read are not read again, and others run in between.

import type { ImpactCounts, LedgerImpact } from "../core/incident.ts";
import { CALL, createVector, quantile, SECOND_AT, type Vector } from "../observe/ledger/fields.ts";
import { foldPacked } from "../observe/ledger/pack.ts";
import type { LedgerReader } from "../observe/ledger/read.ts";

export interface IncidentTally {
  /** As of `toMs`, in whole minutes; `turn` lets others run. Rejects where the ledger cannot be read. */
  read(toMs: number, turn: () => Promise<void>): Promise<LedgerImpact>;
}

const MINUTE_MS = 60_000;
const MINUTES_A_TURN = 4;
const RECORDS_A_TURN = 500;
/** What was gathered in a minute is written a second later, or some seconds where the store is slow. */
const SETTLED_AFTER_MINUTES = 3;
/** More of them are not told apart: some 6 MB. */
const USERS_MAX = 50_000;

type Routes = Map<string, Vector>;

/** `fromMs`: milliseconds since the Unix epoch. */
export function createIncidentTally(ledger: LedgerReader, provider: string, fromMs: number): IncidentTally {
  const settled: Routes = new Map();
  let fromMinute = Math.floor(fromMs / MINUTE_MS);
  const sinceMs = fromMinute * MINUTE_MS;
  const users = createUsers(ledger, provider, sinceMs);
  return {
    async read(toMs, turn) {
      const lastMinute = Math.floor(toMs / MINUTE_MS);
      const doneMinute = lastMinute - SETTLED_AFTER_MINUTES;
      const routes = routesOf(ledger, provider);
      const walk = { ledger, routes, turn };
      if (doneMinute >= fromMinute) {
        await fold(walk, { fromMinute, toMinute: doneMinute + 1 }, settled);
        fromMinute = doneMinute + 1;
      }
      const byRoute: Routes = new Map([...settled].map(([route, vector]) => [route, vector.slice()]));
      await fold(walk, { fromMinute, toMinute: lastMinute + 1 }, byRoute);
      await users.read((lastMinute + 1) * MINUTE_MS, turn);
      return impactOf(byRoute, users.counts());
    },
  };
}

/** Of each series of calls that this provider failed: its route. */
function routesOf(ledger: LedgerReader, provider: string): ReadonlyMap<number, string> {
  const routes = new Map<number, string>();
  for (const [id, name] of ledger.series()) {
    if (name.kind === "calls" && name.provider === provider) routes.set(id, name.route);
  }
  return routes;
}

interface Walk {
  readonly ledger: LedgerReader;
  readonly routes: ReadonlyMap<number, string>;
  readonly turn: () => Promise<void>;
}

async function fold(
  { ledger, routes, turn }: Walk,
  span: { readonly fromMinute: number; readonly toMinute: number },
  into: Routes,
): Promise<void> {
  const vectorOf = (series: number): Vector | undefined => {
    const route = routes.get(series);
    if (route === undefined) return undefined;
    const vector = into.get(route) ?? createVector();
    into.set(route, vector);
    return vector;
  };
  let seen = 0;
  for (const { calls } of ledger.minutes(span)) {
    try {
      foldPacked(calls, vectorOf);
    } catch {
      // The disk has broken this minute: what could be read of it is counted.
    }
    if (++seen % MINUTES_A_TURN === 0) await turn();
  }
}

function createUsers(ledger: LedgerReader, provider: string, sinceMs: number) {
  const hit = new Set<string>();
  const failed = new Set<string>();
  let namedCalls = 0;
  let lastId: number | undefined;
  return {
    async read(untilMs: number, turn: () => Promise<void>): Promise<void> {
      lastId ??= ledger.callBefore(sinceMs);
      for (;;) {
        const rows = ledger.callsAfter(lastId, RECORDS_A_TURN);
        for (const { id, atMs, provider: whose, outcome, user } of rows) {
          lastId = id;
          if (whose !== provider || user === "" || atMs < sinceMs || atMs >= untilMs) continue;
          if (outcome === "answered" || outcome === "ours") continue;
          namedCalls++;
          if (hit.size < USERS_MAX) hit.add(user);
          if ((outcome === "refused" || outcome === "broken") && failed.size < USERS_MAX) failed.add(user);
        }
        if (rows.length < RECORDS_A_TURN) return;
        await turn();
      }
    },
    counts: () => ({ hit: hit.size, failed: failed.size, namedCalls }),
  };
}

function impactOf(byRoute: Routes, users: LedgerImpact["users"]): LedgerImpact {
  const total = createVector();
  for (const vector of byRoute.values()) {
    for (let field = 0; field < vector.length; field++) total[field] = at(total, field) + at(vector, field);
  }
  const hits = [...byRoute].map(([route, vector]) => [route, countsOf(vector)] as const);
  return {
    counts: countsOf(total),
    byRoute: Object.fromEntries(hits.filter(([, { calls }]) => calls > 0)),
    left: at(total, CALL.leftHit),
    users,
    ...addedOf(total),
    money: moneyOf(total),
  };
}

function at(vector: Vector, field: number): number {
  return vector[field] ?? 0;
}

function countsOf(vector: Vector): ImpactCounts {
  const rescued = at(vector, CALL.rescued);
  const honest = at(vector, CALL.stale) + at(vector, CALL.local) + at(vector, CALL.canned) + at(vector, CALL.deferred);
  const failed = at(vector, CALL.refused) + at(vector, CALL.broken);
  return { calls: rescued + honest + failed, rescued, honest, failed };
}

function addedOf(vector: Vector): Pick<LedgerImpact, "addedP50Ms"> {
  const p50Ms = quantile(vector, SECOND_AT, 0.5);
  return at(vector, CALL.rescued) === 0 || p50Ms === undefined ? {} : { addedP50Ms: Math.round(p50Ms) };
}

/** Where not one price is known there is no sum; nor where no route says what its calls are worth. */
function moneyOf(vector: Vector): LedgerImpact["money"] {
  const unknownCalls = at(vector, CALL.extraUnknown);
  const known = at(vector, CALL.rescued) > unknownCalls;
  const valued = at(vector, CALL.lostValued);
  return {
    ...(known && { extraUsd: (at(vector, CALL.extraNano) - at(vector, CALL.sparedNano)) / 1e9 }),
    unknownCalls,
    ...(valued > 0 && { lostUsd: at(vector, CALL.lostNano) / 1e9 }),
  };
}
