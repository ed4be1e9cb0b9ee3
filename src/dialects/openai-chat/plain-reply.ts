// The verdict on a whole reply that is one text, as most are: one pass over its bytes, so that such a call costs little. What is
// anything else is left to the parser, which would say the same of this one.

import type { Call } from "../../core/call.ts";
import type { Verdict } from "../dialect.ts";
import {
  countAt,
  isNothing,
  isNothingIn,
  isString,
  isWritten,
  type MemberOf,
  type Places,
  readShape,
  shapeOf,
} from "../json-shape.ts";
import { wordsAt } from "../unread-words.ts";
import { type Counts, usageBy } from "./usage.ts";

const SLOTS = { object: 0, error: 1, model: 2, choices: 3, message: 4, finish: 5, text: 6, usage: 7 } as const;
const COUNTS = {
  input: 8,
  output: 9,
  total: 10,
  hit: 11,
  prompt: 12,
  cached: 13,
  written: 14,
  completion: 15,
} as const;
const REASONING = 16;
/** In a choice: vLLM and SGLang tell by them that a stop string was reached. */
const STOPS = { stop_reason: 17, matched_stop: 18 } as const;
/** In a message: what would be more than its words. */
const MORE = { refusal: 19, tool_calls: 20, function_call: 21, audio: 22, images: 23, annotations: 24 } as const;
const MORE_SLOTS = [...Object.values(STOPS), ...Object.values(MORE)];

const membersOf = (slots: Readonly<Record<string, number>>): readonly MemberOf[] => Object.entries(slots);
const MESSAGE_SHAPE = shapeOf([["content", SLOTS.text], ...membersOf(MORE)]);
const CHOICE_SHAPE = shapeOf([
  ["message", SLOTS.message, { object: MESSAGE_SHAPE }],
  ["finish_reason", SLOTS.finish],
  ...membersOf(STOPS),
]);
const USAGE_SHAPE = shapeOf([
  ["prompt_tokens", COUNTS.input],
  ["completion_tokens", COUNTS.output],
  ["total_tokens", COUNTS.total],
  ["prompt_cache_hit_tokens", COUNTS.hit],
  [
    "prompt_tokens_details",
    COUNTS.prompt,
    {
      object: shapeOf([
        ["cached_tokens", COUNTS.cached],
        ["cache_write_tokens", COUNTS.written],
      ]),
    },
  ],
  ["completion_tokens_details", COUNTS.completion, { object: shapeOf([["reasoning_tokens", REASONING]]) }],
]);
const SHAPE = shapeOf([
  ["object", SLOTS.object],
  ["error", SLOTS.error],
  ["model", SLOTS.model],
  ["choices", SLOTS.choices, { only: CHOICE_SHAPE }],
  ["usage", SLOTS.usage, { object: USAGE_SHAPE }],
]);
/** Of the reply that is being read; nothing is in it between two. */
const places: Places = new Int32Array(2 * (MORE.annotations + 1));

const OPEN_BRACE = 0x7b;
const encoder = new TextEncoder();
const COMPLETION = encoder.encode('"chat.completion"');
const STOP = encoder.encode('"stop"');
const LENGTH = encoder.encode('"length"');

/** `undefined`: there is more in it, or something is wrong with it. */
export function plainVerdict(body: Uint8Array, { operation }: Pick<Call, "operation">): Verdict | undefined {
  if (operation !== "generate" || !readShape(body, SHAPE, places)) return undefined;
  if (!isWritten(body, places, SLOTS.object, COMPLETION) || !isNothing(body, places, SLOTS.error)) return undefined;
  if (!isString(body, places, SLOTS.text, 1)) return undefined;
  const stopped = isWritten(body, places, SLOTS.finish, STOP);
  if (!stopped && !isWritten(body, places, SLOTS.finish, LENGTH)) return undefined;
  if (!isString(body, places, SLOTS.model) && !isNothing(body, places, SLOTS.model)) return undefined;
  for (const slot of MORE_SLOTS) if (!isNothingIn(body, places, slot)) return undefined;
  const hasUsage = body[places[SLOTS.usage * 2] ?? 0] === OPEN_BRACE && (places[SLOTS.usage * 2] ?? 0) > 0;
  const counts = hasUsage ? countsAt(body) : undefined;
  if (counts === "odd") return undefined;
  const verdict = wordsAt(body, places, SLOTS, stopped);
  if (counts !== undefined) verdict.usage = usageBy(counts);
  return verdict;
}

function countsAt(body: Uint8Array): Counts | "odd" {
  const input = countAt(body, places, COUNTS.input);
  const output = countAt(body, places, COUNTS.output);
  const total = countAt(body, places, COUNTS.total);
  const cacheHit = countAt(body, places, COUNTS.hit);
  const cached = countAt(body, places, COUNTS.cached);
  const written = countAt(body, places, COUNTS.written);
  const reasoning = countAt(body, places, REASONING);
  if (input === -1 || output === -1 || total === -1 || cacheHit === -1) return "odd";
  if (cached === -1 || written === -1 || reasoning === -1) return "odd";
  return { input, output, total, cacheRead: cached ?? cacheHit, cacheWrite: written, reasoning };
}
