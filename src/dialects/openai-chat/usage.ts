// Token counts as Chat tells them, to and from `Usage`. Chat counts cached input and reasoning within its totals, as `Usage`
// does.

import type { Usage } from "../../core/usage.ts";
import { type JsonObject, objectOf, tokensOf } from "../json-object.ts";

/** Chat's `usage`; `undefined` when there is none. */
export function usageOf(value: unknown): Usage | undefined {
  const usage = objectOf(value);
  if (usage === undefined) return undefined;
  const prompt = objectOf(usage.prompt_tokens_details);
  return usageBy({
    input: tokensOf(usage.prompt_tokens),
    output: tokensOf(usage.completion_tokens),
    total: tokensOf(usage.total_tokens),
    cacheRead: tokensOf(prompt?.cached_tokens) ?? tokensOf(usage.prompt_cache_hit_tokens),
    cacheWrite: tokensOf(prompt?.cache_write_tokens),
    reasoning: tokensOf(objectOf(usage.completion_tokens_details)?.reasoning_tokens),
  });
}

/** Chat's counts, read. */
export interface Counts {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly total: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly reasoning: number | undefined;
}

export function usageBy({ input, output, total, cacheRead, cacheWrite, reasoning }: Counts): Usage {
  const read: { -readonly [Key in keyof Usage]: Usage[Key] } = {};
  if (input !== undefined) read.inputTokens = input;
  if (output !== undefined) {
    // xAI leaves reasoning out of `completion_tokens`; only its total tells.
    const hasMore = input !== undefined && reasoning !== undefined && total === input + output + reasoning;
    read.outputTokens = hasMore ? output + reasoning : output;
  }
  if (cacheRead !== undefined) read.cacheReadTokens = cacheRead;
  if (cacheWrite !== undefined) read.cacheWriteTokens = cacheWrite;
  if (reasoning !== undefined) read.reasoningTokens = reasoning;
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
