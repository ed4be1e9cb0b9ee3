// Models of the providers that speak OpenAI Chat beside OpenAI itself.

import { type CatalogModel, usd, VERIFIED } from "../model.ts";

const GEMINI_PRICES = "https://ai.google.dev/gemini-api/docs/pricing";
const DEEPSEEK = "https://api-docs.deepseek.com/quick_start/pricing";
const GROQ = "https://console.groq.com/docs/models";
const verified = VERIFIED;

const GEMINI: readonly CatalogModel[] = [
  {
    name: "gemini-3.1-pro-preview",
    provider: "gemini",
    class: "frontier",
    price: usd(2, 12, GEMINI_PRICES, { promptTokensMax: 200_000 }),
    source: GEMINI_PRICES,
    verified,
  },
  {
    name: "gemini-3.8-flash",
    provider: "gemini",
    class: "balanced",
    contextTokens: 1_048_576,
    maxOutputTokens: 65_536,
    price: usd(0.75, 3.75, GEMINI_PRICES, { until: "2026-12-31" }),
    source: "https://github.com/iBUHub/AIStudioToAPI/pull/257",
    verified,
  },
  {
    name: "gemini-3.5-flash",
    provider: "gemini",
    class: "balanced",
    price: usd(1.5, 9, GEMINI_PRICES),
    source: GEMINI_PRICES,
    verified,
  },
  { name: "gemini-2.5-flash-lite", provider: "gemini", class: "fast", source: GEMINI_PRICES, verified },
];

/** "384K" in the source; rounded down, for a limit above the true one is refused. */
const DEEPSEEK_LIMITS = { contextTokens: 1_000_000, maxOutputTokens: 384_000 } as const;

const DEEPSEEK_MODELS: readonly CatalogModel[] = [
  { name: "deepseek-v4-pro", provider: "deepseek", class: "frontier", ...DEEPSEEK_LIMITS, source: DEEPSEEK, verified },
  {
    name: "deepseek-flash",
    provider: "deepseek",
    class: "fast",
    ...DEEPSEEK_LIMITS,
    price: usd(0.3, 1.2, DEEPSEEK),
    source: DEEPSEEK,
    verified,
  },
];

// Names with `-latest` move to other models, so they have no price here.
const MISTRAL: readonly CatalogModel[] = [
  {
    name: "mistral-large-latest",
    provider: "mistral",
    class: "frontier",
    source: "https://github.com/simonw/llm-prices/pull/63",
    verified,
  },
  {
    name: "mistral-medium-3-5",
    provider: "mistral",
    class: "balanced",
    contextTokens: 262_144,
    price: usd(1.5, 7.5, "https://github.com/simonw/llm-prices/pull/63"),
    source: "https://github.com/BerriAI/litellm/pull/29303",
    verified,
  },
  {
    name: "mistral-small-latest",
    provider: "mistral",
    class: "fast",
    source: "https://github.com/simonw/llm-prices/pull/63",
    verified,
  },
];

const GROQ_MODELS: readonly CatalogModel[] = [
  {
    name: "openai/gpt-oss-120b",
    provider: "groq",
    class: "balanced",
    contextTokens: 131_072,
    maxOutputTokens: 65_536,
    price: usd(0.15, 0.6, GROQ),
    source: GROQ,
    verified,
  },
  {
    name: "openai/gpt-oss-20b",
    provider: "groq",
    class: "fast",
    contextTokens: 131_072,
    maxOutputTokens: 65_536,
    price: usd(0.075, 0.3, GROQ),
    source: GROQ,
    verified,
  },
  {
    name: "llama-3.3-70b-versatile",
    provider: "groq",
    class: "balanced",
    contextTokens: 131_072,
    maxOutputTokens: 32_768,
    price: usd(0.59, 0.79, GROQ),
    source: GROQ,
    verified,
  },
];

// It lists hundreds of models, whose prices follow those of whoever serves them.
const OPENROUTER: readonly CatalogModel[] = [
  {
    name: "google/gemini-3.8-flash",
    provider: "openrouter",
    class: "balanced",
    source: "https://github.com/langgenius/dify-official-plugins/issues/3894",
    verified,
  },
  {
    name: "deepseek/deepseek-v4-flash",
    provider: "openrouter",
    class: "fast",
    contextTokens: 1_048_576,
    source: "https://www.getmaxim.ai/bifrost/model-library/compare/openrouter/deepseek-v4-flash",
    verified,
  },
];

export const OTHER_MODELS: readonly CatalogModel[] = [
  ...GEMINI,
  ...DEEPSEEK_MODELS,
  ...MISTRAL,
  ...GROQ_MODELS,
  ...OPENROUTER,
];
