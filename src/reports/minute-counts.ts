// What one provider did, minute by minute, as promises are judged by: from the ledger, of one key, region or model where a
// contract is about those.

import { FAILURE_CLASSES, type FailureClass, type MinuteCount, type OwnCount } from "../core/sla.ts";
import { ATTEMPT, createVector, type Vector } from "../observe/ledger/fields.ts";
import { foldPacked } from "../observe/ledger/pack.ts";
import type { LedgerReader, MinuteSpan } from "../observe/ledger/read.ts";
import { isOwn } from "../observe/ledger/series.ts";
import { failedIn, validIn } from "./sums.ts";

export interface EvidenceWish extends MinuteSpan {
  readonly provider: string;
  /** A fingerprint of a key. */
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly isModel?: ((model: string) => boolean) | undefined;
}

/** All that were ever asked. */
export function providersOf(ledger: LedgerReader): readonly string[] {
  const known = new Set<string>();
  for (const name of ledger.series().values()) if (name.kind === "attempts") known.add(name.provider);
  return [...known].sort();
}

/** All that a provider was ever asked for. */
export function modelsOf(ledger: LedgerReader, provider: string): readonly string[] {
  const known = new Set<string>();
  for (const name of ledger.series().values()) {
    if (name.kind === "attempts" && name.provider === provider) known.add(name.model);
  }
  return [...known].sort();
}

/** A sentence where the ledger has never heard of a provider: an empty report would look like a good month. */
export function unknownProvider(ledger: LedgerReader, provider: string): string | undefined {
  const known = providersOf(ledger);
  if (known.includes(provider)) return undefined;
  return `the ledger knows no provider "${provider}"; it knows: ${known.join(", ") || "none"}`;
}

/** In the order of time; minutes in which nothing was asked are left out. */
export function minuteCounts(ledger: LedgerReader, wish: EvidenceWish): readonly MinuteCount[] {
  const { provider, account, region, isModel } = wish;
  const traffic = createVector();
  const asked = createVector();
  const wanted = new Map<number, Vector>();
  for (const [id, name] of ledger.series()) {
    const isMeant =
      name.kind === "attempts" &&
      name.provider === provider &&
      (account === undefined || name.account === account) &&
      (region === undefined || name.region === region) &&
      (isModel === undefined || isModel(name.model));
    if (isMeant) wanted.set(id, isOwn(name) ? asked : traffic);
  }
  const counts: MinuteCount[] = [];
  for (const { minute, attempts } of ledger.minutes(wish)) {
    let any = false;
    foldPacked(attempts, (series) => {
      const into = wanted.get(series);
      if (into !== undefined) any = true;
      return into;
    });
    if (!any) continue;
    const own = ownOf(asked);
    const spend = (field: number) => (traffic[field] ?? 0) + (asked[field] ?? 0);
    const money = { costNano: spend(ATTEMPT.costNano), unpriced: spend(ATTEMPT.unpriced) };
    const count = { minute, valid: validIn(traffic), failed: failedIn(traffic), by: byClass(traffic), ...money };
    if (own !== undefined) counts.push({ ...count, own });
    else if (count.valid > 0) counts.push(count);
    traffic.fill(0);
    asked.fill(0);
  }
  return counts;
}

function byClass(vector: Vector): MinuteCount["by"] {
  const by: Partial<Record<FailureClass, number>> = {};
  for (const name of FAILURE_CLASSES) {
    const count = vector[ATTEMPT[name]] ?? 0;
    if (count > 0) by[name] = count;
  }
  return by;
}

function ownOf(vector: Vector): OwnCount | undefined {
  const count = (field: number) => vector[field] ?? 0;
  const [probes, canaries] = [count(ATTEMPT.probes), count(ATTEMPT.canaries)];
  if (probes + canaries === 0) return undefined;
  return {
    valid: validIn(vector),
    by: byClass(vector),
    probes,
    probesFailed: count(ATTEMPT.probesFailed),
    canaries,
    canariesFailed: count(ATTEMPT.canariesFailed),
  };
}
