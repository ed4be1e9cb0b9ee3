import { expect, test } from "bun:test";
import { mergedUsage } from "./merged-usage.ts";

const PARTS = { first: undefined, last: undefined, beforeTokens: 40, shownTokens: 20, againTokens: 0 };

test.each([
  ["nobody told: the words that the client has", {}, { outputTokens: 60 }],
  ["the last told", { last: { inputTokens: 9, outputTokens: 22 } }, { inputTokens: 9, outputTokens: 62 }],
  [
    "the prompt is counted once, by the first, and its cache with it",
    {
      first: { inputTokens: 9, cacheReadTokens: 4, outputTokens: 1 },
      last: { inputTokens: 70, cacheReadTokens: 60, cacheWriteTokens: 5, outputTokens: 22, reasoningTokens: 2 },
    },
    { inputTokens: 9, cacheReadTokens: 4, reasoningTokens: 2, outputTokens: 62 },
  ],
  [
    "a first that told only of its words tells nothing of the prompt",
    { first: { cacheReadTokens: 4, outputTokens: 1 }, last: { inputTokens: 70, outputTokens: 22 } },
    { inputTokens: 70, outputTokens: 62 },
  ],
  [
    "what was said once more is not the answer's",
    { last: { outputTokens: 65 }, againTokens: 40 },
    { outputTokens: 65 },
  ],
  ["no less than was shown", { last: { outputTokens: 3 }, againTokens: 40 }, { outputTokens: 60 }],
] as const)("%s", (_, parts, wanted) => expect(mergedUsage({ ...PARTS, ...parts })).toEqual({ ...wanted }));
