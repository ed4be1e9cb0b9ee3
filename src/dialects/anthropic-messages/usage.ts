// Token counts as the Messages API tells them, to and from `Usage`. Anthropic counts uncached input apart; `Usage` counts
// the whole of it.

import type { Usage } from "../../core/usage.ts";
import { isObject, isTokens, type JsonObject } from "../json-object.ts";

/** The last word of a stream on each count. */
export interface RawUsage {
  input?: number | undefined;
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
  output?: number | undefined;
  thinking?: number | undefined;
}

/** Counts of a stream are cumulative: what is there and not null replaces, nothing is added. */
export function mergeUsage(into: RawUsage, raw: unknown): void {
  if (!isObject(raw)) return;
  if (isTokens(raw.input_tokens)) into.input = raw.input_tokens;
  if (isTokens(raw.cache_read_input_tokens)) into.cacheRead = raw.cache_read_input_tokens;
  if (isTokens(raw.cache_creation_input_tokens)) into.cacheWrite = raw.cache_creation_input_tokens;
  if (isTokens(raw.output_tokens)) into.output = raw.output_tokens;
  const details = raw.output_tokens_details;
  if (isObject(details) && isTokens(details.thinking_tokens)) into.thinking = details.thinking_tokens;
}

/** `undefined` when nothing is known. */
export function usageOf({ input, output, cacheRead, cacheWrite, thinking }: RawUsage): Usage | undefined {
  if ((input ?? output ?? cacheRead ?? cacheWrite ?? thinking) === undefined) return undefined;
  const usage: { -readonly [Key in keyof Usage]: Usage[Key] } = {};
  if (input !== undefined) usage.inputTokens = input + (cacheRead ?? 0) + (cacheWrite ?? 0);
  if (output !== undefined) usage.outputTokens = output;
  if (cacheRead !== undefined) usage.cacheReadTokens = cacheRead;
  if (cacheWrite !== undefined) usage.cacheWriteTokens = cacheWrite;
  if (thinking !== undefined) usage.reasoningTokens = thinking;
  return usage;
}

/** The `usage` object of a message. Clients need numbers in it, so that here, and only here, unknown is 0;
 * of the output whoever writes the message makes a guess before. */
export function usageJson(usage: Usage | undefined): JsonObject {
  const cacheRead = usage?.cacheReadTokens ?? 0;
  const cacheWrite = usage?.cacheWriteTokens ?? 0;
  const details = usage?.reasoningTokens;
  return {
    input_tokens: Math.max(0, (usage?.inputTokens ?? 0) - cacheRead - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    output_tokens: usage?.outputTokens ?? 0,
    ...(details === undefined ? undefined : { output_tokens_details: { thinking_tokens: details } }),
  };
}
