// Reads JSON whose shape nobody has checked: each reader gives the value, or `undefined` when it is something else.
// It knows the usage object of Chat, because every other file here needs it. It judges nothing.

import type { Usage } from "../../core/reply.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder();

/** The parsed bytes or text; `undefined` when they are not JSON. */
export function parseJson(source: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof source === "string" ? source : decoder.decode(source));
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

export function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** A string that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** True where a JSON text stands for an object, as the arguments of a complete tool call do. */
export function isObjectText(text: string): boolean {
  return isObject(parseJson(text));
}

/** Chat's `usage`; `undefined` when there is none. */
export function usageOf(value: unknown): Usage | undefined {
  const usage = objectOf(value);
  if (usage === undefined) return undefined;
  const prompt = objectOf(usage.prompt_tokens_details);
  const reasoningTokens = countOf(objectOf(usage.completion_tokens_details)?.reasoning_tokens);
  const inputTokens = countOf(usage.prompt_tokens);
  let outputTokens = countOf(usage.completion_tokens);
  const totalTokens = countOf(usage.total_tokens);
  // xAI leaves reasoning out of `completion_tokens`; only its total tells.
  if (inputTokens !== undefined && outputTokens !== undefined && reasoningTokens !== undefined) {
    if (totalTokens === inputTokens + outputTokens + reasoningTokens) outputTokens += reasoningTokens;
  }
  const cacheReadTokens = countOf(prompt?.cached_tokens) ?? countOf(usage.prompt_cache_hit_tokens);
  const cacheWriteTokens = countOf(prompt?.cache_write_tokens);
  return {
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(cacheReadTokens !== undefined && { cacheReadTokens }),
    ...(cacheWriteTokens !== undefined && { cacheWriteTokens }),
    ...(reasoningTokens !== undefined && { reasoningTokens }),
  };
}

/** The same as Chat writes it; what is unknown is left out, never an invented 0. */
export function usageJson(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage;
  const prompt = {
    ...(cacheReadTokens !== undefined && { cached_tokens: cacheReadTokens }),
    ...(cacheWriteTokens !== undefined && { cache_write_tokens: cacheWriteTokens }),
  };
  return {
    ...(inputTokens !== undefined && { prompt_tokens: inputTokens }),
    ...(outputTokens !== undefined && { completion_tokens: outputTokens }),
    ...(inputTokens !== undefined && outputTokens !== undefined && { total_tokens: inputTokens + outputTokens }),
    ...(Object.keys(prompt).length > 0 && { prompt_tokens_details: prompt }),
    ...(reasoningTokens !== undefined && { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  };
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
