// What a catalog entry of a model is. Facts only, each with where it was read and when; an unknown fact is left out.

/** Models of one class stand in for each other: `frontier` the strongest, `balanced` for most work, `fast` the cheapest. */
export const MODEL_CLASSES = ["frontier", "balanced", "fast"] as const;
export type ModelClass = (typeof MODEL_CLASSES)[number];

export interface Price {
  /** Of a million tokens, in `currency`. Where a price changes with the hour, the highest. */
  readonly inputPerMillion: number;
  readonly outputPerMillion: number;
  readonly currency: "usd";
  /** It holds for prompts of at most this many tokens; absent: for all. A longer prompt costs more. */
  readonly promptTokensMax?: number;
  /** The last day of it, where one is announced. */
  readonly until?: string;
  readonly source: string;
  readonly verified: string;
}

export interface CatalogModel {
  /** The name without its date: `claude-opus-4-1` stands for `claude-opus-4-1-20250805` and `…-latest` too. */
  readonly name: string;
  /** A name of `PROVIDERS`. */
  readonly provider: string;
  /** The first of a class is what stands in for another provider's model. Absent: no longer one to choose. */
  readonly class?: ModelClass;
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
  readonly price?: Price;
  readonly source: string;
  readonly verified: string;
}

/** The day on which the entries were last checked against their sources. */
export const VERIFIED = "2026-11-23";

/** Dollars for a million tokens of input and of output. */
export function usd(inputPerMillion: number, outputPerMillion: number, source: string, more: PriceTerms = {}): Price {
  return { inputPerMillion, outputPerMillion, currency: "usd", ...more, source, verified: VERIFIED };
}

type PriceTerms = Pick<Price, "promptTokensMax" | "until">;
