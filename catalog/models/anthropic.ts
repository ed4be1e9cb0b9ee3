// Models of the Anthropic API. The largest output is needed on the data path: a request must name a limit, and a client of
// another dialect need not.

import { type CatalogModel, type ModelClass, type Price, usd, VERIFIED } from "../model.ts";

const OVERVIEW = "https://platform.claude.com/docs/en/models/overview";
const FABLE = "https://platform.claude.com/docs/en/models/fable-5/overview";
const OPUS = "https://platform.claude.com/docs/en/models/opus-5/overview";
const HAIKU = "https://platform.claude.com/docs/en/models/haiku-5-5/overview";
const EARLIER = "https://github.com/labring/fastgpt-plugin/pull/242";
const EARLIER_PRICES = "https://docs.anthropic.com/en/docs/about-claude/pricing";
const RELEASE = "https://github.com/Effect-TS/effect/releases/tag/@effect/ai-anthropic@4.0.0-beta.106";

interface Known {
  readonly class?: ModelClass;
  readonly contextTokens?: number;
  readonly price?: Price;
  readonly source?: string;
}

function model(name: string, maxOutputTokens: number, { source = OVERVIEW, ...known }: Known = {}): CatalogModel {
  return { name, provider: "anthropic", maxOutputTokens, ...known, source, verified: VERIFIED };
}

const overviewOf = (name: string) => `https://platform.claude.com/docs/en/models/${name}/overview`;

export const ANTHROPIC_MODELS: readonly CatalogModel[] = [
  model("claude-opus-5-5", 128_000, {
    class: "frontier",
    contextTokens: 1_000_000,
    price: usd(4, 20, HAIKU),
    source: HAIKU,
  }),
  model("claude-fable-5-2", 128_000, { class: "frontier" }),
  model("claude-fable-5-1", 128_000, {
    class: "frontier",
    contextTokens: 1_000_000,
    price: usd(10, 50, HAIKU),
    source: HAIKU,
  }),
  model("claude-fable-5", 128_000, {
    class: "frontier",
    contextTokens: 1_000_000,
    price: usd(10, 50, FABLE),
    source: FABLE,
  }),
  model("claude-opus-5", 128_000, {
    class: "frontier",
    contextTokens: 1_000_000,
    price: usd(5, 25, OPUS),
    source: OPUS,
  }),
  model("claude-sonnet-5-5", 128_000, {
    class: "balanced",
    contextTokens: 1_000_000,
    price: usd(2, 10, HAIKU),
    source: HAIKU,
  }),
  model("claude-sonnet-5", 128_000, {
    class: "balanced",
    contextTokens: 1_000_000,
    price: usd(2, 10, OPUS),
    source: OPUS,
  }),
  model("claude-haiku-5-5", 128_000, {
    class: "fast",
    contextTokens: 1_000_000,
    price: usd(0.1, 0.5, HAIKU, { promptTokensMax: 100_000 }),
    source: HAIKU,
  }),
  model("claude-opus-4-8", 128_000, { class: "frontier", source: RELEASE }),
  model("claude-opus-4-7", 128_000, { class: "frontier", source: RELEASE }),
  model("claude-opus-4-6", 128_000, { class: "frontier", source: overviewOf("opus-4-6") }),
  model("claude-sonnet-4-6", 128_000, { class: "balanced", source: overviewOf("sonnet-4-6") }),
  model("claude-opus-4-5", 64_000, { class: "frontier", source: overviewOf("opus-4-5") }),
  model("claude-sonnet-4-5", 64_000, { class: "balanced", source: overviewOf("sonnet-4-5") }),
  model("claude-haiku-4-5", 64_000, {
    class: "fast",
    contextTokens: 200_000,
    price: usd(1, 5, OPUS),
    source: overviewOf("haiku-4-5"),
  }),
  model("claude-opus-4-1", 32_000, { price: usd(15, 75, EARLIER_PRICES), source: EARLIER }),
  model("claude-opus-4", 32_000, { price: usd(15, 75, EARLIER_PRICES), source: EARLIER }),
  model("claude-sonnet-4", 64_000, {
    price: usd(3, 15, EARLIER_PRICES, { promptTokensMax: 200_000 }),
    source: EARLIER,
  }),
  model("claude-3-7-sonnet", 64_000, {
    price: usd(3, 15, EARLIER_PRICES),
    source: "https://docs.rs/mixtape-core/latest/src/mixtape_core/models/claude.rs.html",
  }),
];
