// Which promises may hold for a provider of a configuration: a contract of one's own, else those of the catalog. How they
// are judged is in `sla/`.

import { SLAS, type SlaEntry } from "../../catalog/slas.ts";
import type { Contract } from "../config/contract.ts";
import type { Guarantee } from "../sla/promise.ts";

/** `catalog` entries have a source; a contract is its owner's to know. */
export type PromiseTerms = SlaEntry | Contract;

export interface KnownPromise {
  readonly terms: PromiseTerms;
  /** Whether it speaks of a model; among the promises of its provider. */
  covers(model: string): boolean;
}

export interface PromisedProvider {
  /** As the configuration names it. */
  readonly name: string;
  /** Absent: only the name is known. */
  readonly url?: string | undefined;
}

/** Those that hold for everybody first, those that are sold apart last; for models that a contract is about it stands alone. */
export function promisesOf(provider: PromisedProvider, contract?: Contract): readonly KnownPromise[] {
  const catalogued = cataloguedOf(provider);
  if (contract === undefined || contract.provider !== provider.name) return catalogued;
  if (contract.models === undefined) return [{ terms: contract, covers: () => true }];
  const models = contract.models.map((pattern) => new RegExp(pattern));
  const isOurs = (model: string) => models.some((pattern) => pattern.test(model));
  const others = catalogued.map(({ terms, covers }) => ({
    terms,
    covers: (model: string) => !isOurs(model) && covers(model),
  }));
  return [{ terms: contract, covers: isOurs }, ...others];
}

function cataloguedOf(provider: PromisedProvider): readonly KnownPromise[] {
  const found = entriesOf(provider);
  const ordered = [
    ...found.filter(({ tier }) => tier === undefined),
    ...found.filter(({ tier }) => tier !== undefined),
  ];
  return ordered.map((terms) => ({ terms, covers: (model) => speaksOf(terms, found, model) }));
}

/** What stands at the url counts for more than what somebody called it. */
function entriesOf({ name, url }: PromisedProvider): readonly SlaEntry[] {
  const host = hostOf(url);
  const hosted =
    host === undefined ? [] : SLAS.filter(({ hosts = [] }) => hosts.some((pattern) => new RegExp(pattern).test(host)));
  const vendors = hosted.length > 0 ? hosted.flatMap(({ provider = [] }) => provider) : [name];
  return SLAS.filter((entry) => {
    if (hosted.includes(entry)) return true;
    return entry.provider !== undefined && vendors.includes(entry.provider);
  });
}

function hostOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname : undefined;
}

/** An entry without models is for all that no other entry of its own kind names. */
function speaksOf(entry: SlaEntry, all: readonly SlaEntry[], model: string): boolean {
  const names = ({ models = [] }: SlaEntry) => models.some((pattern) => new RegExp(pattern).test(model));
  if (entry.notModels?.some((pattern) => new RegExp(pattern).test(model))) return false;
  if (entry.models !== undefined) return names(entry);
  return !all.some((other) => other.tier === entry.tier && names(other));
}

export function isCatalogued(terms: PromiseTerms): terms is SlaEntry {
  return "source_url" in terms;
}

/** What somebody called it, and that it has to be bought. */
export function titleOf(terms: PromiseTerms): string {
  return "tier" in terms && terms.tier !== undefined ? `${terms.name} (sold apart)` : terms.name;
}

/** For an evaluator; `undefined` where nothing is promised. */
export function guaranteeOf(terms: PromiseTerms): Guarantee | undefined {
  if (terms.guarantee === undefined) return undefined;
  return {
    ...terms.guarantee,
    name: titleOf(terms),
    ...(isCatalogued(terms) && { sourceUrl: terms.source_url }),
    notes: notesOf(terms),
  };
}

const CONFIDENCE = {
  official: "the provider's own text was read",
  quoted: "others quote the provider's text",
  secondary: "others tell of it",
} as const;

/** What a person should know before relying on it. */
export function notesOf(terms: PromiseTerms): readonly string[] {
  const { definition, remedy, claiming, exclusions, timeZone } = terms;
  const sold = "tier" in terms && terms.tier !== undefined;
  return [
    ...(sold ? ["Sold apart: it holds only where you bought it."] : []),
    ...(definition === "" ? [] : [`Definition: ${definition}`]),
    ...(exclusions.length === 0 ? [] : [`Does not count: ${exclusions.join(", ")}.`]),
    ...(remedy === "" ? [] : [`Remedy: ${remedy}`]),
    ...(claiming === "" ? [] : [`Claiming: ${claiming}`]),
    ...(timeZone === "UTC" ? [] : [`The month is cut in ${timeZone}.`]),
    isCatalogued(terms)
      ? `Verified on ${terms.verified_at}; confidence: ${terms.confidence} (${CONFIDENCE[terms.confidence]}). Read the source before you rely on it; a contract of your own wins over it.`
      : "A contract of your own: Holdfast has not read it.",
  ];
}
