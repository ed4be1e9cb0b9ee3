// Computes a report of impact from a ledger: one walk over the minutes, each summed by provider and by route. Pure but for
// the reading; a month of ten million calls takes a few seconds and little memory.

import { FAILURE_CLASSES } from "../core/sla.ts";
import { ATTEMPT, CALL, FIRST_AT, quantile, SECOND_AT, type Vector } from "../observe/ledger/fields.ts";
import { foldPacked, type Packed } from "../observe/ledger/pack.ts";
import type { LedgerReader, MinuteSpan } from "../observe/ledger/read.ts";
import { notesOf } from "./impact-notes.ts";
import type { CallCounts, ImpactReport, ModelImpact, Money, ProviderImpact, RouteImpact } from "./impact-report.ts";
import { createSlots } from "./slots.ts";
import { isoOfMinute } from "./span.ts";
import { callsIn, createSums, failedIn, type Sums, validIn } from "./sums.ts";

export interface ImpactWish extends MinuteSpan {
  readonly provider?: string | undefined;
}

export interface ImpactOptions {
  /** Lets others run: a gateway that reports on itself goes on serving. */
  readonly turn?: () => Promise<void>;
}

const MINUTES_A_TURN = 64;

export async function impactOf(
  ledger: LedgerReader,
  wish: ImpactWish,
  options: ImpactOptions = {},
): Promise<ImpactReport> {
  const sums = createSums(ledger.series(), wish.provider);
  const slots = createSlots(wish, sums.providers);
  const alone = new Map(sums.providers.map((provider) => [provider, { calls: 0, failed: 0, callsUnknown: 0 }]));
  let minutesWithCalls = 0;
  let seen = 0;
  let unreadable = 0;
  for (const { minute, attempts, calls } of ledger.minutes(wish)) {
    sums.begin();
    if (!readInto(sums, attempts, calls)) unreadable++;
    playAlone(sums, alone);
    if (sums.minuteAll() > 0) minutesWithCalls++;
    slots.add(minute, sums);
    sums.end();
    if (options.turn !== undefined && ++seen % MINUTES_A_TURN === 0) await options.turn();
  }
  const prices = new Map(ledger.prices().map(({ target, ...price }) => [target, price]));
  const users = ledger.users(wish, wish.provider);
  const calls = countCalls(sums.callTotal(), sums.hitTotal());
  const report: Omit<ImpactReport, "notes"> = {
    report: "impact",
    from: isoOfMinute(wish.fromMinute),
    to: isoOfMinute(wish.toMinute),
    ...(wish.provider !== undefined && { provider: wish.provider }),
    calls,
    users: {
      hit: users.hit,
      rescued: users.rescued,
      word: users.word,
      rawError: users.rawError,
      namedCalls: users.named,
    },
    ...addedOf(sums.hitTotal()),
    money: moneyOf(sums),
    providers: sums.providers
      .map((provider) => providerImpact(sums, provider, { alone: alone.get(provider), prices }))
      .sort((a, b) => b.failed - a.failed || a.provider.localeCompare(b.provider)),
    routes: sums.routes.map((route) => routeImpact(sums, route)).sort((a, b) => b.hit - a.hit || b.calls - a.calls),
    slots: slots.done(),
    minutesWithoutCalls: wish.toMinute - wish.fromMinute - minutesWithCalls,
    entriesLost: ledger.dropped,
  };
  return { ...report, notes: notesOf(report, users, unreadable) };
}

/** False: the disk has broken this minute, and only a part of it could be read. */
function readInto(sums: Sums, attempts: Packed, calls: Packed): boolean {
  try {
    foldPacked(attempts, sums.attempts);
    foldPacked(calls, sums.calls);
    return true;
  } catch {
    return false;
  }
}

function at(vector: Vector, field: number): number {
  return vector[field] ?? 0;
}

interface Alone {
  calls: number;
  failed: number;
  callsUnknown: number;
}

/**
 * What each provider would have made of this minute's calls alone. Once it is left, only probes and canaries tell of it: calls that were
 * led past it in a minute in which it did fail are taken for failed there too.
 */
function playAlone(sums: Sums, alone: ReadonlyMap<string, Alone>): void {
  for (const [provider, found] of alone) {
    const calls = sums.minuteCalls(provider);
    const { valid, failed } = sums.minuteEvidence(provider);
    if (valid === 0) found.callsUnknown += calls;
    else {
      found.calls += calls;
      if (failed > 0) found.failed += Math.min(calls, Math.max((calls * failed) / valid, sums.minuteHitBy(provider)));
    }
  }
}

/** `all` is of every call concerned, `hit` of those alone that met a failure of the providers in question. */
function countCalls(all: Vector, hit: Vector): CallCounts {
  const word = {
    stale: at(hit, CALL.stale),
    local: at(hit, CALL.local),
    canned: at(hit, CALL.canned),
    deferred: at(hit, CALL.deferred),
  };
  const words = word.stale + word.local + word.canned + word.deferred;
  const rawError = { refused: at(hit, CALL.refused), broken: at(hit, CALL.broken) };
  const rescued = at(hit, CALL.rescued);
  const leftHit = at(hit, CALL.leftHit);
  return {
    all: callsIn(all),
    hit: rescued + words + rawError.refused + rawError.broken + leftHit,
    rescued,
    word: { all: words, ...word },
    rawError: { all: rawError.refused + rawError.broken, ...rawError },
    leftHit,
    left: at(all, CALL.left) - at(all, CALL.leftHit),
    callerErrors: at(all, CALL.callerErrors),
    ours: at(all, CALL.ours),
  };
}

function addedOf(vector: Vector): Pick<ImpactReport, "added"> {
  const rescued = at(vector, CALL.rescued);
  const p50Ms = quantile(vector, SECOND_AT, 0.5);
  if (rescued === 0 || p50Ms === undefined) return {};
  const p95Ms = quantile(vector, SECOND_AT, 0.95) ?? p50Ms;
  const p99Ms = quantile(vector, SECOND_AT, 0.99) ?? p95Ms;
  return { added: { meanMs: at(vector, CALL.addedMs) / rescued, p50Ms, p95Ms, p99Ms } };
}

function moneyOf(sums: Sums): Money {
  const hit = sums.hitTotal();
  let spent = 0;
  let unpricedAttempts = 0;
  for (const provider of sums.providers) {
    spent += at(sums.attemptTotal(provider), ATTEMPT.costNano);
    unpricedAttempts += at(sums.attemptTotal(provider), ATTEMPT.unpriced);
  }
  const [extra, spared] = [at(hit, CALL.extraNano), at(hit, CALL.sparedNano)];
  const unknownCalls = at(hit, CALL.extraUnknown);
  const lostCalls = at(hit, CALL.refused) + at(hit, CALL.broken) + at(hit, CALL.canned);
  const valued = at(hit, CALL.lostValued);
  return {
    currency: "usd",
    ...((spent > 0 || unpricedAttempts === 0) && { spent: spent / 1e9 }),
    unpricedAttempts,
    ...((extra > 0 || spared > 0 || unknownCalls === 0) && {
      failoverExtra: extra / 1e9,
      failoverSpared: spared / 1e9,
    }),
    failoverUnknownCalls: unknownCalls,
    cache: savedByCache(sums),
    lost: {
      calls: lostCalls,
      unknownCalls: lostCalls - valued,
      ...(valued > 0 && { usd: at(hit, CALL.lostNano) / 1e9 }),
    },
  };
}

/** A kept answer is worth what a call of its route costs in the mean; a route without such calls has no mean. */
function savedByCache(sums: Sums): Money["cache"] {
  let calls = 0;
  let usd: number | undefined;
  for (const route of sums.routes) {
    const vector = sums.routeTotal(route);
    const cached = at(vector, CALL.cached) + at(vector, CALL.stale);
    if (cached === 0) continue;
    calls += cached;
    const paid = at(vector, CALL.answered) - at(vector, CALL.cached) + at(vector, CALL.rescued);
    const cost = at(vector, CALL.costNano);
    if (paid > 0 && cost > 0) usd = (usd ?? 0) + (cached * cost) / paid / 1e9;
  }
  return { calls, ...(usd !== undefined && { usd }) };
}

const COUNTABLE = ["error500", "error5xx"] as const;

function providerImpact(
  sums: Sums,
  provider: string,
  { alone, prices }: { readonly alone: Alone | undefined; readonly prices: Prices },
): ProviderImpact {
  const vector = sums.attemptTotal(provider);
  const by: Record<string, number> = {};
  for (const name of FAILURE_CLASSES) if (at(vector, ATTEMPT[name]) > 0) by[name] = at(vector, ATTEMPT[name]);
  const failed = failedIn(vector);
  const attempts = validIn(vector);
  const countable = COUNTABLE.reduce((sum, name) => sum + at(vector, ATTEMPT[name]), 0);
  const clients = sums.clientsOf(provider);
  const judged = alone ?? { calls: 0, failed: 0, callsUnknown: 0 };
  const cost = at(vector, ATTEMPT.costNano);
  const firstMs = quantile(vector, FIRST_AT, 0.5);
  const perS = quantile(vector, SECOND_AT, 0.5);
  return {
    provider,
    attempts,
    failed,
    by,
    ...ownOf(sums.ownTotal(provider)),
    truths: {
      ...(attempts > 0 && { slaCountable: 1 - countable / attempts }),
      ...(judged.calls > 0 && { experienced: 1 - judged.failed / judged.calls }),
      ...(clients.calls > 0 && { clientsSaw: 1 - clients.rawErrors / clients.calls }),
    },
    alone: { ...judged, ...(judged.calls > 0 && { availability: 1 - judged.failed / judged.calls }) },
    ...(firstMs !== undefined && { firstTokenMs: { p50: firstMs, p95: quantile(vector, FIRST_AT, 0.95) ?? firstMs } }),
    ...(perS !== undefined && { tokensPerS: { p50: perS, p5: quantile(vector, SECOND_AT, 0.05) ?? perS } }),
    inputTokens: at(vector, ATTEMPT.inputTokens),
    outputTokens: at(vector, ATTEMPT.outputTokens),
    ...(cost > 0 && { costUsd: cost / 1e9 }),
    models: sums
      .modelTotals(provider)
      .map(([model, total]) => modelImpact(model, total, prices.get(`${provider}/${model}`))),
  };
}

function ownOf(
  vector: Vector,
): Pick<ProviderImpact, "probes" | "probesFailed" | "canaries" | "canariesFailed" | "ownCostUsd"> {
  const cost = at(vector, ATTEMPT.costNano);
  return {
    probes: at(vector, ATTEMPT.probes),
    probesFailed: at(vector, ATTEMPT.probesFailed),
    canaries: at(vector, ATTEMPT.canaries),
    canariesFailed: at(vector, ATTEMPT.canariesFailed),
    ...(cost > 0 && { ownCostUsd: cost / 1e9 }),
  };
}

type Prices = ReadonlyMap<string, NonNullable<ModelImpact["price"]>>;

function modelImpact(model: string, vector: Vector, price: ModelImpact["price"]): ModelImpact {
  const cost = at(vector, ATTEMPT.costNano);
  return {
    model,
    attempts: validIn(vector),
    failed: failedIn(vector),
    inputTokens: at(vector, ATTEMPT.inputTokens),
    outputTokens: at(vector, ATTEMPT.outputTokens),
    unpricedAttempts: at(vector, ATTEMPT.unpriced),
    ...(cost > 0 && { costUsd: cost / 1e9 }),
    ...(price !== undefined && { price }),
  };
}

function routeImpact(sums: Sums, route: string): RouteImpact {
  const counts = countCalls(sums.routeTotal(route), sums.routeHitTotal(route));
  return {
    route,
    calls: counts.all,
    hit: counts.hit,
    rescued: counts.rescued,
    word: counts.word.all,
    rawError: counts.rawError.all,
    leftHit: counts.leftHit,
  };
}
