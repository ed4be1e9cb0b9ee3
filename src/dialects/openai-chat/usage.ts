// Token counts as Chat tells them, to and from `Usage`. Chat counts cached input and reasoning within its totals, as `Usage`
// does.

import type { Usage } from "../../core/usage.ts";
import { countOf, type JsonObject, objectOf } from "../json-object.ts";

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
  const read: { -readonly [Key in keyof Usage]: Usage[Key] } = {};
  if (inputTokens !== undefined) read.inputTokens = inputTokens;
  if (outputTokens !== undefined) read.outputTokens = outputTokens;
  if (cacheReadTokens !== undefined) read.cacheReadTokens = cacheReadTokens;
  if (cacheWriteTokens !== undefined) read.cacheWriteTokens = cacheWriteTokens;
  if (reasoningTokens !== undefined) read.reasoningTokens = reasoningTokens;
  return read;
}

/**
 * The same as Chat writes it; what is unknown is left out, never an invented 0. `undefined` where that would be one of the
 * three counts that clients take for granted: they know answers without usage, but none with half of it.
 */
export function usageJson(usage: Usage | undefined): JsonObject | undefined {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = usage ?? {};
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const prompt = {
    ...(cacheReadTokens !== undefined && { cached_tokens: cacheReadTokens }),
    ...(cacheWriteTokens !== undefined && { cache_write_tokens: cacheWriteTokens }),
  };
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    ...(Object.keys(prompt).length > 0 && { prompt_tokens_details: prompt }),
    ...(reasoningTokens !== undefined && { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  };
}
