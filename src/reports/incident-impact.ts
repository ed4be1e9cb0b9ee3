// What the ledger has of one incident: the calls that its provider failed in those minutes, by route, their end users, and
// money. The same counts as in a report of impact for that provider and time; one walk over the minutes.

import type { ImpactCounts, LedgerImpact } from "../core/incident.ts";
import { CALL, createVector, quantile, SECOND_AT, type Vector } from "../observe/ledger/fields.ts";
import { foldPacked } from "../observe/ledger/pack.ts";
import type { LedgerReader } from "../observe/ledger/read.ts";

export interface IncidentSpan {
  readonly provider: string;
  /** Milliseconds since the Unix epoch; whole minutes are counted. */
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
const MINUTES_A_TURN = 64;

/** `turn` lets others run. Throws where the ledger cannot be read. */
export async function incidentImpact(
  ledger: LedgerReader,
  { provider, fromMs, toMs }: IncidentSpan,
  turn: () => Promise<void>,
): Promise<LedgerImpact> {
  const span = { fromMinute: Math.floor(fromMs / MINUTE_MS), toMinute: Math.floor(toMs / MINUTE_MS) + 1 };
  const total = createVector();
  const byRoute = new Map<string, Vector>();
  const vectors = new Map<number, Vector>();
  for (const [id, name] of ledger.series()) {
    if (name.kind !== "calls" || name.provider !== provider) continue;
    const vector = byRoute.get(name.route) ?? createVector();
    byRoute.set(name.route, vector);
    vectors.set(id, vector);
  }
  let seen = 0;
  for (const { calls } of ledger.minutes(span)) {
    try {
      foldPacked(calls, (series) => vectors.get(series));
    } catch {
      // The disk has broken this minute: what could be read of it is counted.
    }
    if (++seen % MINUTES_A_TURN === 0) await turn();
  }
  for (const vector of byRoute.values()) {
    for (let field = 0; field < vector.length; field++) total[field] = at(total, field) + at(vector, field);
  }
  const hits = [...byRoute].map(([route, vector]) => [route, countsOf(vector)] as const);
  const { hit, rawError, named } = ledger.users(span, provider);
  return {
    counts: countsOf(total),
    byRoute: Object.fromEntries(hits.filter(([, { calls }]) => calls > 0)),
    left: at(total, CALL.leftHit),
    users: { hit, failed: rawError, namedCalls: named },
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
