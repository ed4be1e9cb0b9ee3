// Models of the OpenAI API.

import { type CatalogModel, usd, VERIFIED } from "../model.ts";

/** Above it the whole request costs more. */
const LONG_PROMPT_TOKENS = 272_000;
const ASTRA = "https://github.com/BerriAI/litellm/discussions/39633";
const SOL_AND_LUNA = "https://github.com/Pasta-Devs/Marinara-Engine/issues/6546";
const PRICES = "https://github.com/TheKrush/PromptFuel/releases/tag/v1.0.21";
const EARLIER_PRICES = "https://github.com/TheKrush/PromptFuel/releases/tag/v1.0.19";
const EARLIER = "https://github.com/infiniflow/ragflow/pull/19856";

const base = {
  provider: "openai",
  contextTokens: 1_050_000,
  maxOutputTokens: 128_000,
  verified: VERIFIED,
} as const;

export const OPENAI_MODELS: readonly CatalogModel[] = [
  {
    ...base,
    name: "gpt-6-astra",
    class: "frontier",
    price: usd(10, 50, ASTRA, { promptTokensMax: LONG_PROMPT_TOKENS }),
    source: ASTRA,
  },
  {
    ...base,
    name: "gpt-6-sol",
    class: "balanced",
    price: usd(2, 10, PRICES, { promptTokensMax: LONG_PROMPT_TOKENS }),
    source: SOL_AND_LUNA,
  },
  {
    ...base,
    name: "gpt-6-luna",
    class: "fast",
    price: usd(0.1, 0.5, PRICES, { promptTokensMax: LONG_PROMPT_TOKENS }),
    source: SOL_AND_LUNA,
  },
  // Its price was a promotion that may have ended on 2026-11-21.
  { ...base, name: "gpt-5.6-sol", class: "frontier", source: EARLIER },
  {
    name: "gpt-5.6-terra",
    provider: "openai",
    class: "balanced",
    price: usd(2, 12, EARLIER_PRICES, { promptTokensMax: LONG_PROMPT_TOKENS }),
    source: "https://github.com/The-PR-Agent/pr-agent/pull/2517",
    verified: VERIFIED,
  },
  {
    name: "gpt-5.6-luna",
    provider: "openai",
    class: "fast",
    maxOutputTokens: 128_000,
    price: usd(0.2, 1.2, EARLIER_PRICES, { promptTokensMax: LONG_PROMPT_TOKENS }),
    source: "https://developer.box.com/ja/guides/box-ai/ai-models/openai-gpt-5-6-luna-model-card.md",
    verified: VERIFIED,
  },
];
