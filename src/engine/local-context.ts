// How much a model of one's own machine can hold, as its server tells: llama.cpp, Ollama and vLLM each in its own place. Pure:
// where to ask and how to read it; asking is the keeper's.

import { isObject, type JsonObject, listOf, objectOf, parseJson } from "../dialects/json-object.ts";

const TOKENS_MIN = 256;
const TOKENS_MAX = 100_000_000;

/** In this order; `url` is the provider's, as an SDK takes it. */
export function contextUrls(url: string): readonly string[] {
  const { origin } = new URL(url);
  return [`${origin}/props`, `${origin}/api/ps`, `${url}/models`];
}

/** What one of them says of a model, in tokens; `undefined`: nothing. */
export function contextIn(body: Uint8Array, model: string): number | undefined {
  const told = parseJson(new TextDecoder().decode(body));
  if (!isObject(told)) return undefined;
  const slot = objectOf(told.default_generation_settings)?.n_ctx;
  return tokens(slot) ?? listed(told, model);
}

function listed(told: JsonObject, model: string): number | undefined {
  const entries = (listOf(told.data) ?? listOf(told.models) ?? []).flatMap((entry): JsonObject[] =>
    isObject(entry) ? [entry] : [],
  );
  const named = entries.find(({ id, name, model: known }) => [id, name, known].includes(model));
  // Ollama takes a name without its tag as the latest.
  const entry = named ?? entries.find(({ name }) => name === `${model}:latest`);
  return tokens(entry?.max_model_len) ?? tokens(entry?.context_length) ?? tokens(objectOf(entry?.meta)?.n_ctx);
}

function tokens(value: unknown): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= TOKENS_MIN && value <= TOKENS_MAX
    ? value
    : undefined;
}
