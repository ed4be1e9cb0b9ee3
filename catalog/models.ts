// What is known of models: the largest output of each Claude model, for a request to an Anthropic provider must name a
// limit and a client of another dialect need not. A model that is not here is unknown, never guessed.

export interface CatalogModel {
  /** The name without its date: `claude-opus-4-1` stands for `claude-opus-4-1-20250805` and `…-latest` too. */
  readonly name: string;
  readonly maxOutputTokens: number;
  readonly source: string;
  readonly verified: string;
}

const OVERVIEW = "https://platform.claude.com/docs/en/models/overview";
const EARLIER = "https://github.com/labring/fastgpt-plugin/pull/242";
const VERIFIED = "2026-11-23";

function page(name: string, maxOutputTokens: number, source = OVERVIEW): CatalogModel {
  return { name, maxOutputTokens, source, verified: VERIFIED };
}

export const MODELS: readonly CatalogModel[] = [
  page("claude-fable-5-2", 128_000),
  page("claude-fable-5-1", 128_000),
  page("claude-fable-5", 128_000),
  page("claude-opus-5-5", 128_000),
  page("claude-opus-5", 128_000),
  page("claude-sonnet-5-5", 128_000),
  page("claude-sonnet-5", 128_000),
  page("claude-haiku-5-5", 128_000),
  page(
    "claude-opus-4-8",
    128_000,
    "https://github.com/Effect-TS/effect/releases/tag/@effect/ai-anthropic@4.0.0-beta.106",
  ),
  page(
    "claude-opus-4-7",
    128_000,
    "https://github.com/Effect-TS/effect/releases/tag/@effect/ai-anthropic@4.0.0-beta.106",
  ),
  page("claude-opus-4-6", 128_000, "https://platform.claude.com/docs/en/models/opus-4-6/overview"),
  page("claude-sonnet-4-6", 128_000, "https://platform.claude.com/docs/en/models/sonnet-4-6/overview"),
  page("claude-opus-4-5", 64_000, "https://platform.claude.com/docs/en/models/opus-4-5/overview"),
  page("claude-sonnet-4-5", 64_000, "https://platform.claude.com/docs/en/models/sonnet-4-5/overview"),
  page("claude-haiku-4-5", 64_000, "https://platform.claude.com/docs/en/models/haiku-4-5/overview"),
  page("claude-opus-4-1", 32_000, EARLIER),
  page("claude-opus-4", 32_000, EARLIER),
  page("claude-sonnet-4", 64_000, EARLIER),
  page("claude-3-7-sonnet", 64_000, "https://docs.rs/mixtape-core/latest/src/mixtape_core/models/claude.rs.html"),
];

const BY_NAME = new Map(MODELS.map((model) => [model.name, model]));
// `claude-opus-4-0` is an alias of the undated name; Google Cloud writes the date after an `@`.
const VERSION_SUFFIX = /(?:[-@](?:latest|default|\d{8})|-0)$/;

/** The model's largest output in tokens; `undefined` when it is not known. */
export function maxOutputTokens(model: string): number | undefined {
  return (BY_NAME.get(model) ?? BY_NAME.get(model.replace(VERSION_SUFFIX, "")))?.maxOutputTokens;
}
