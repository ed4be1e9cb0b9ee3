// What an answer cost, in tokens.

/** Tokens as providers bill them; absent means unknown, never 0. `inputTokens` is the total, cache included. */
export interface Usage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly reasoningTokens?: number;
}
