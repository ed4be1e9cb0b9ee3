// What is known of models, and the few questions that are asked of it. A model that is not here is unknown, never guessed.

import { type CatalogModel, MODEL_CLASSES, type ModelClass, type Price } from "./model.ts";
import { ANTHROPIC_MODELS } from "./models/anthropic.ts";
import { OPENAI_MODELS } from "./models/openai.ts";
import { OTHER_MODELS } from "./models/others.ts";
import { type NamedProvider, vendorOf } from "./providers.ts";

/** Those of one provider stand together, the first of a class before its likes. */
export const MODELS: readonly CatalogModel[] = [...ANTHROPIC_MODELS, ...OPENAI_MODELS, ...OTHER_MODELS];

/** Names of a provider that the catalog need not know one by one. */
export interface ModelFamily {
  /** Every name that begins so is the provider's. */
  readonly prefix: string;
  readonly provider: string;
  /** What stands in for it elsewhere; absent: nothing can. */
  readonly class?: ModelClass;
}

// A vector of one embedding model means nothing to another: those have no class.
export const FAMILIES: readonly ModelFamily[] = [
  { prefix: "claude-fable-", provider: "anthropic", class: "frontier" },
  { prefix: "claude-opus-", provider: "anthropic", class: "frontier" },
  { prefix: "claude-haiku-", provider: "anthropic", class: "fast" },
  { prefix: "claude-", provider: "anthropic", class: "balanced" },
  { prefix: "gpt-", provider: "openai", class: "balanced" },
  { prefix: "chatgpt-", provider: "openai", class: "balanced" },
  { prefix: "o3", provider: "openai", class: "frontier" },
  { prefix: "o4", provider: "openai", class: "balanced" },
  { prefix: "text-embedding-", provider: "openai" },
  { prefix: "gemini-embedding-", provider: "gemini" },
  { prefix: "gemini-", provider: "gemini", class: "balanced" },
  { prefix: "deepseek-", provider: "deepseek", class: "fast" },
  { prefix: "mistral-embed", provider: "mistral" },
  { prefix: "mistral-", provider: "mistral", class: "balanced" },
  { prefix: "ministral-", provider: "mistral", class: "fast" },
  { prefix: "codestral-", provider: "mistral", class: "balanced" },
  { prefix: "llama-", provider: "groq", class: "balanced" },
];

// An alias of the undated name is `claude-opus-4-0`; Google Cloud writes the date after an `@`.
const VERSION_SUFFIX = /(?:[-@](?:latest|default|\d{8}|\d{4}-\d{2}-\d{2})|-0)$/;

const BY_NAME = new Map(MODELS.map((model) => [model.name, model]));

/** The entry of a model's name, dated or not; `undefined` when it is not known. */
export function catalogModel(name: string): CatalogModel | undefined {
  return BY_NAME.get(name) ?? BY_NAME.get(name.replace(VERSION_SUFFIX, ""));
}

/** The model's largest output in tokens; `undefined` when it is not known. */
export function maxOutputTokens(model: string): number | undefined {
  return catalogModel(model)?.maxOutputTokens;
}

/** What the model can hold, prompt and answer, in tokens; `undefined` when it is not known. */
export function contextTokens(model: string): number | undefined {
  return catalogModel(model)?.contextTokens;
}

/** What a provider's model costs in dollars a million tokens; `undefined` when it is not known. */
export function tokenPrice(
  provider: NamedProvider,
  model: string,
): { readonly inputPerMillionUsd: number; readonly outputPerMillionUsd: number } | undefined {
  const price = priceOf(provider, model);
  return price && { inputPerMillionUsd: price.inputPerMillion, outputPerMillionUsd: price.outputPerMillion };
}

export function modelsOf(provider: string): readonly CatalogModel[] {
  return MODELS.filter((model) => model.provider === provider);
}

/** What stands in for a model of `wanted` at `provider`: its class, else the nearest, and of two the cheaper. */
export function standIn(provider: string, wanted: ModelClass): CatalogModel | undefined {
  const distance = (of: ModelClass) => {
    const steps = MODEL_CLASSES.indexOf(of) - MODEL_CLASSES.indexOf(wanted);
    return steps >= 0 ? steps : 0.5 - steps;
  };
  let best: CatalogModel | undefined;
  for (const model of modelsOf(provider)) {
    if (model.class === undefined) continue;
    if (best?.class === undefined || distance(model.class) < distance(best.class)) best = model;
  }
  return best;
}

/**
 * The list price of a provider's model, dated and with its source; `undefined` when it is not known: none is guessed. A model
 * that runs elsewhere than at its vendor has not its vendor's price.
 */
export function priceOf(provider: NamedProvider, model: string): Price | undefined {
  const known = catalogModel(model);
  return known !== undefined && known.provider === vendorOf(provider) ? known.price : undefined;
}
