// What clients of Holdfast got on the routes that ask each provider: the third truth, beside what a contract counts and what
// was experienced of the provider.

import { CALL, createVector, type Vector } from "../observe/ledger/fields.ts";
import { foldPacked } from "../observe/ledger/pack.ts";
import type { LedgerReader, MinuteSpan } from "../observe/ledger/read.ts";
import { owedIn } from "./sums.ts";

/** By provider, 0..1: calls that got an answer or an honest word, of those that were owed one. No entry: there was none. */
export function clientsSaw(ledger: LedgerReader, span: MinuteSpan): ReadonlyMap<string, number> {
  const byRoute = new Map<string, Vector>();
  const into: (Vector | undefined)[] = [];
  const routes = new Map<string, Set<string>>();
  for (const [id, { kind, provider, route }] of ledger.series()) {
    if (provider !== "" && route !== "") routes.set(provider, (routes.get(provider) ?? new Set()).add(route));
    if (kind !== "calls") continue;
    const vector = byRoute.get(route) ?? createVector();
    byRoute.set(route, vector);
    into[id] = vector;
  }
  for (const { calls } of ledger.minutes(span)) foldPacked(calls, (series) => into[series]);
  const found = new Map<string, number>();
  for (const [provider, of] of routes) {
    let [owed, raw] = [0, 0];
    for (const route of of) {
      const vector = byRoute.get(route);
      if (vector === undefined) continue;
      owed += owedIn(vector);
      raw += (vector[CALL.refused] ?? 0) + (vector[CALL.broken] ?? 0);
    }
    if (owed > 0) found.set(provider, 1 - raw / owed);
  }
  return found;
}
