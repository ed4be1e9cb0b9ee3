// A count of tokens that there cannot be is an unknown one: sums of such would end in Infinity. By its bytes and by the parser,
// which gets what has a byte order mark, alike.

import { expect, test } from "bun:test";
import type { Call } from "../core/call.ts";
import { DIALECTS } from "./registry.ts";

const CALL = { operation: "generate", inspected: {} } as unknown as Pick<Call, "operation" | "inspected">;

const chat = (count: string): string =>
  `{"object":"chat.completion","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],` +
  `"usage":{"prompt_tokens":${count},"completion_tokens":2}}`;
const messages = (count: string): string =>
  `{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn",` +
  `"usage":{"input_tokens":${count},"output_tokens":2}}`;

for (const [count, tokens] of [
  ["0", 0],
  ["999999999", 999_999_999],
  ["1000000000", undefined],
  ["999999999999999", undefined],
  ["1e9", undefined],
  ["1e308", undefined],
  ["1e400", undefined],
  ["-1", undefined],
] as const) {
  for (const [id, reply] of [
    ["openai-chat", chat(count)],
    ["anthropic-messages", messages(count)],
  ] as const) {
    test(`${id}: ${count}`, () => {
      for (const text of [reply, `\ufeff${reply}`]) {
        const { usage } = DIALECTS[id].wire.judge(new TextEncoder().encode(text), CALL);
        expect(usage).toEqual({ outputTokens: 2, ...(tokens !== undefined && { inputTokens: tokens }) });
      }
    });
  }
}
