// The verdict on a whole reply that is one text, as most are: one pass over its bytes, so that such a call costs little. What is
// anything else is left to the parser, which would say the same of this one.

import type { Call } from "../../core/call.ts";
import type { Verdict } from "../dialect.ts";
import { countAt, isNothing, isString, isWritten, type Places, readShape, shapeOf } from "../json-shape.ts";
import { wordsAt } from "../unread-words.ts";
import { usageOf } from "./usage.ts";

const SLOTS = { type: 0, model: 1, stop: 2, content: 3, block: 4, text: 5, citations: 6, usage: 7 } as const;
const COUNTS = { input: 8, cacheRead: 9, cacheWrite: 10, output: 11, details: 12, thinking: 13 } as const;

const SHAPE = shapeOf([
  ["type", SLOTS.type],
  ["model", SLOTS.model],
  ["stop_reason", SLOTS.stop],
  [
    "content",
    SLOTS.content,
    {
      only: shapeOf([
        ["type", SLOTS.block],
        ["text", SLOTS.text],
        ["citations", SLOTS.citations],
      ]),
    },
  ],
  [
    "usage",
    SLOTS.usage,
    {
      object: shapeOf([
        ["input_tokens", COUNTS.input],
        ["cache_read_input_tokens", COUNTS.cacheRead],
        ["cache_creation_input_tokens", COUNTS.cacheWrite],
        ["output_tokens", COUNTS.output],
        ["output_tokens_details", COUNTS.details, { object: shapeOf([["thinking_tokens", COUNTS.thinking]]) }],
      ]),
    },
  ],
]);
/** Of the reply that is being read; nothing is in it between two. */
const places: Places = new Int32Array(2 * (COUNTS.thinking + 1));

const encoder = new TextEncoder();
const MESSAGE = encoder.encode('"message"');
const TEXT = encoder.encode('"text"');
const END_TURN = encoder.encode('"end_turn"');

/** `undefined`: there is more in it, or something is wrong with it. */
export function plainVerdict(body: Uint8Array, { operation }: Pick<Call, "operation">): Verdict | undefined {
  if (operation !== "generate" || !readShape(body, SHAPE, places)) return undefined;
  if (!isWritten(body, places, SLOTS.type, MESSAGE) || !isWritten(body, places, SLOTS.block, TEXT)) return undefined;
  if (!isString(body, places, SLOTS.stop) || !isString(body, places, SLOTS.text, 1)) return undefined;
  if (!isNothing(body, places, SLOTS.citations)) return undefined;
  if (!isString(body, places, SLOTS.model) && !isNothing(body, places, SLOTS.model)) return undefined;
  const input = countAt(body, places, COUNTS.input);
  const cacheRead = countAt(body, places, COUNTS.cacheRead);
  const cacheWrite = countAt(body, places, COUNTS.cacheWrite);
  const output = countAt(body, places, COUNTS.output);
  const thinking = countAt(body, places, COUNTS.thinking);
  if (input === -1 || cacheRead === -1 || cacheWrite === -1 || output === -1 || thinking === -1) return undefined;
  const verdict = wordsAt(body, places, SLOTS, isWritten(body, places, SLOTS.stop, END_TURN));
  const usage = usageOf({ input, output, cacheRead, cacheWrite, thinking });
  if (usage !== undefined) verdict.usage = usage;
  return verdict;
}
