// Answers that a provider of either dialect gives, whole or streamed, from the few words that matter; and all that a client
// was delivered, as text.

import type { DialectId } from "../../src/core/call.ts";
import type { Delivery } from "../../src/engine/deliver.ts";
import { ANTHROPIC, CHAT } from "./virtual.ts";

export type Block = { readonly text: string } | { readonly name: string; readonly input: unknown };

export const whole: Readonly<Record<DialectId, (block: Block, stop?: string) => string>> = {
  [ANTHROPIC]: (block, stop) =>
    JSON.stringify({
      ...{ id: "msg_1", type: "message", role: "assistant", model: "m", usage: { input_tokens: 1, output_tokens: 1 } },
      content: ["text" in block ? { type: "text", ...block } : { type: "tool_use", id: "t", ...block }],
      stop_reason: stop ?? ("text" in block ? "end_turn" : "tool_use"),
    }),
  [CHAT]: (block, stop) => {
    const call = "text" in block ? undefined : { name: block.name, arguments: JSON.stringify(block.input) };
    const message =
      "text" in block
        ? { role: "assistant", content: block.text }
        : { role: "assistant", content: null, tool_calls: [{ id: "t", type: "function", function: call }] };
    const finish_reason = stop ?? ("text" in block ? "stop" : "tool_calls");
    return JSON.stringify({
      id: "c",
      object: "chat.completion",
      created: 1,
      model: "m",
      choices: [{ index: 0, message, finish_reason }],
    });
  },
};

/** The same as a stream: each block in one delta. */
export const streamed: Readonly<Record<DialectId, (...blocks: readonly Block[]) => string>> = {
  [ANTHROPIC]: (...blocks) => {
    const events: object[] = [
      {
        type: "message_start",
        message: {
          id: "m",
          type: "message",
          role: "assistant",
          model: "m",
          content: [],
          stop_reason: null,
          usage: { input_tokens: 1, output_tokens: 1 },
        },
      },
    ];
    blocks.forEach((block, index) => {
      const isText = "text" in block;
      const content_block = isText
        ? { type: "text", text: "" }
        : { type: "tool_use", id: `t${index}`, name: block.name, input: {} };
      const delta = isText
        ? { type: "text_delta", text: block.text }
        : { type: "input_json_delta", partial_json: JSON.stringify(block.input) };
      events.push(
        { type: "content_block_start", index, content_block },
        { type: "content_block_delta", index, delta },
        { type: "content_block_stop", index },
      );
    });
    const stop_reason = blocks.some((block) => "name" in block) ? "tool_use" : "end_turn";
    events.push(
      { type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 9 } },
      { type: "message_stop" },
    );
    return events
      .map((event) => `event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join("");
  },
  [CHAT]: (...blocks) => {
    const chunk = (delta: object, finish_reason: string | null = null) =>
      `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    const deltas = blocks.map((block, index) =>
      "text" in block
        ? { content: block.text }
        : {
            tool_calls: [
              {
                index,
                id: `t${index}`,
                type: "function",
                function: { name: block.name, arguments: JSON.stringify(block.input) },
              },
            ],
          },
    );
    const finish = blocks.some((block) => "name" in block) ? "tool_calls" : "stop";
    return [
      chunk({ role: "assistant", content: "" }),
      ...deltas.map((delta) => chunk(delta)),
      chunk({}, finish),
      "data: [DONE]\n\n",
    ].join("");
  },
};

export async function delivered({ body }: Delivery): Promise<string> {
  const decoder = new TextDecoder();
  if (body instanceof Uint8Array) return decoder.decode(body);
  let text = "";
  for (let bytes = await body.read(); bytes !== undefined; bytes = await body.read()) text += decoder.decode(bytes);
  return text + decoder.decode(await body.tail());
}
