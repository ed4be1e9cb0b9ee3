// What an answer of several models cost, as its client is told it: the client's own prompt once, and all the words that it
// has. What each model took for its part is the trail's. Pure.

import type { Usage } from "../core/usage.ts";

export interface Parts {
  /** Of whoever was the first to tell what the prompt cost. */
  readonly first: Usage | undefined;
  /** Of the one that finished; `undefined` where it told nothing. */
  readonly last: Usage | undefined;
  /** Of what the client had before it, in tokens. */
  readonly beforeTokens: number;
  /** Of what it said to the client. */
  readonly shownTokens: number;
  /** Of what it said once more, and nobody was shown. */
  readonly againTokens: number;
}

export function mergedUsage({ first, last, beforeTokens, shownTokens, againTokens }: Parts): Usage {
  const own = Math.max(shownTokens, (last?.outputTokens ?? 0) - againTokens);
  const told = first?.inputTokens === undefined ? last : first;
  const { inputTokens, cacheReadTokens, cacheWriteTokens } = told ?? {};
  return {
    // Counts of different prompts must not be mixed.
    ...(inputTokens !== undefined && { inputTokens }),
    ...(cacheReadTokens !== undefined && { cacheReadTokens }),
    ...(cacheWriteTokens !== undefined && { cacheWriteTokens }),
    ...(last?.reasoningTokens !== undefined && { reasoningTokens: last.reasoningTokens }),
    outputTokens: beforeTokens + own,
  };
}
