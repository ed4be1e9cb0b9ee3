// A provider's month from the ledger, judged by each promise that may hold for it, in that promise's own time zone and for
// the models that it speaks of. What is shown of it is the report's business.

import type { Evaluation, MinuteCount } from "../core/sla.ts";
import type { LedgerReader, MinuteSpan } from "../observe/ledger/read.ts";
import { minuteCounts, modelsOf } from "../reports/minute-counts.ts";
import { type Deadline, type ProviderMonth, providerMonth } from "../reports/sla-report.ts";
import { evaluate } from "../sla/evaluate.ts";
import { measured } from "../sla/measured.ts";
import { monthRange } from "../sla/month.ts";
import { guaranteeOf, isCatalogued, type KnownPromise, notesOf, titleOf } from "./promises.ts";

export interface MonthWish {
  /** `2026-11`, known to be one. */
  readonly month: string;
  /** The first minute that has not come yet. */
  readonly nowMinute: number;
  readonly of: {
    readonly account: string | undefined;
    readonly region: string | undefined;
    readonly model: string | undefined;
  };
}

export interface JudgedPromise {
  readonly evaluation: Evaluation;
  /** What it was judged by. */
  readonly span: MinuteSpan;
  readonly minutes: readonly MinuteCount[];
  readonly isModel: (model: string) => boolean;
  /** Nobody said that it was bought. */
  readonly isSoldApart: boolean;
}

export interface JudgedProvider {
  readonly month: ProviderMonth;
  /** Of the month in UTC, whatever promises are about. */
  readonly minutes: readonly MinuteCount[];
  /** Never empty. */
  readonly promises: readonly [JudgedPromise, ...JudgedPromise[]];
}

/** By none: as measured. Throws when the store does. */
export function judgeProvider(
  ledger: LedgerReader,
  provider: string,
  known: readonly KnownPromise[],
  wish: MonthWish,
): JudgedProvider {
  const models = modelsOf(ledger, provider).filter((model) => (wish.of.model ?? model) === model);
  const read = createReading(ledger, provider, wish);
  const whole = spanIn(wish, "UTC");
  const all = read(whole.past, models);
  const [first = unpromised(all, whole.past, models), ...others] = known
    .map((promise) => judgePromise(promise, { read, models, wish }))
    .filter((judged) => judged !== undefined);
  const promises: JudgedProvider["promises"] = [first, ...others];
  return {
    month: providerMonth(
      provider,
      all,
      promises.map(({ evaluation }) => evaluation),
    ),
    minutes: all,
    promises,
  };
}

/** The likeliest to be claimed under: what is due first, and nothing that may not have been bought. */
export function claimable(promises: JudgedProvider["promises"]): JudgedPromise {
  const held = promises.filter(({ isSoldApart }) => !isSoldApart);
  return (
    held.find(({ evaluation }) => evaluation.credit !== undefined) ??
    held.find(({ evaluation }) => evaluation.promised !== undefined) ??
    promises[0]
  );
}

const DAY_MS = 86_400_000;

/** Of each claim that may be made and has a last day. What has to be bought is no claim yet. */
export function deadlinesOf(
  { month: { provider }, promises }: JudgedProvider,
  month: string,
  nowMs: number,
): Deadline[] {
  return promises.flatMap(({ evaluation: { name, credit, claimBy }, isSoldApart }) => {
    if (credit === undefined || claimBy === undefined || isSoldApart) return [];
    const daysLeft = Math.floor(Date.parse(claimBy) / DAY_MS) - Math.floor(nowMs / DAY_MS);
    return [{ provider, month, promise: name, claimBy, daysLeft }];
  });
}

type Reading = (span: MinuteSpan, models: readonly string[]) => readonly MinuteCount[];

/** A month is walked once for all promises that look at the same of it. */
function createReading(ledger: LedgerReader, provider: string, { of }: MonthWish): Reading {
  const done = new Map<string, readonly MinuteCount[]>();
  const { account, region } = of;
  return (span, models) => {
    const key = JSON.stringify([span, models]);
    const isModel = (model: string) => models.includes(model);
    const found = done.get(key) ?? minuteCounts(ledger, { ...span, provider, account, region, isModel });
    done.set(key, found);
    return found;
  };
}

/** `past` ends where nothing has come yet; it may be empty. */
function spanIn({ month, nowMinute }: MonthWish, timeZone: string): { whole: MinuteSpan; past: MinuteSpan } {
  const whole = monthRange(month, timeZone);
  if (whole === undefined) throw new Error(`${month} in ${timeZone} is no month`);
  const { fromMinute, toMinute } = whole;
  return { whole, past: { fromMinute, toMinute: Math.max(fromMinute, Math.min(toMinute, nowMinute)) } };
}

interface JudgingOf {
  readonly read: Reading;
  readonly models: readonly string[];
  readonly wish: MonthWish;
}

/** `undefined`: it speaks of none of the models that were asked for. */
function judgePromise({ terms, covers }: KnownPromise, { read, models, wish }: JudgingOf): JudgedPromise | undefined {
  const own = models.filter(covers);
  if (own.length === 0 && models.length > 0) return undefined;
  const { timeZone } = terms;
  const { whole, past } = spanIn(wish, timeZone);
  const minutes = read(past, own);
  const guarantee = guaranteeOf(terms);
  const evaluation =
    guarantee === undefined
      ? {
          ...measured(minutes, past),
          name: `${titleOf(terms)}: nothing is promised`,
          ...(isCatalogued(terms) && { sourceUrl: terms.source_url }),
          notes: notesOf(terms),
        }
      : inMoney(evaluate(guarantee, { minutes, month: whole, untilMinute: past.toMinute, timeZone }), minutes);
  const isSoldApart = "tier" in terms && terms.tier !== undefined;
  return { evaluation, span: past, minutes, isModel: (model) => own.includes(model), isSoldApart };
}

/** What a credit comes to at list prices; a contract may have others. */
function inMoney(evaluation: Evaluation, minutes: readonly MinuteCount[]): Evaluation {
  const { credit } = evaluation;
  const cost = minutes.reduce((sum, { costNano = 0 }) => sum + costNano, 0);
  const isKnown = cost > 0 && minutes.every(({ unpriced = 0 }) => unpriced === 0);
  if (credit === undefined || !isKnown) return evaluation;
  return { ...evaluation, credit: { ...credit, estimateUsd: (credit.share * cost) / 1e9 } };
}

function unpromised(minutes: readonly MinuteCount[], span: MinuteSpan, models: readonly string[]): JudgedPromise {
  const isModel = (model: string) => models.includes(model);
  return { evaluation: measured(minutes, span), span, minutes, isModel, isSoldApart: false };
}
