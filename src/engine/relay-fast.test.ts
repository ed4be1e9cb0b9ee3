// The short way of the native lane says and releases the same as the long one, wherever a stream is cut.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { anthropicMessages } from "../dialects/anthropic-messages/dialect.ts";
import { openaiChat } from "../dialects/openai-chat/dialect.ts";
import { FrameCutter } from "../dialects/sse.ts";
import { Relay } from "./relay.ts";

const CHAT = (text: string) =>
  `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta: { content: text }, finish_reason: null }] })}\n\n`;
const MESSAGES = (text: string) =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })}\n\n`;
const HEADS = {
  chat: `data: {"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n`,
  messages:
    `event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"x","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}\n\n` +
    `event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n`,
};
const encoder = new TextEncoder();

function released(dialect: "chat" | "messages", chunks: readonly Uint8Array[]): string {
  const wire = dialect === "chat" ? openaiChat.wire : anthropicMessages.wire;
  const relay = new Relay(wire, { dropUsage: false, choices: 1, emptyAllowed: false });
  const out = chunks.flatMap((chunk) => {
    const bytes = relay.feed(chunk);
    return bytes === undefined ? [] : [new TextDecoder().decode(bytes)];
  });
  return `${out.join("")}|${relay.fault?.kind}|${relay.committed}`;
}

test.each(["chat", "messages"] as const)("%s: any cut gives what frame by frame gives", (dialect) => {
  const piece = dialect === "chat" ? CHAT : MESSAGES;
  const words = fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(words, fc.array(fc.nat(600), { maxLength: 8 }), (texts, cuts) => {
      const bytes = encoder.encode(HEADS[dialect] + texts.map(piece).join(""));
      const frames = new FrameCutter(1e6).push(bytes);
      const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b);
      const chunks = places.slice(1).map((end, i) => bytes.slice(places[i], end));
      expect(released(dialect, chunks)).toBe(released(dialect, [bytes]));
      expect(released(dialect, frames)).toBe(released(dialect, [bytes]));
    }),
    { numRuns: 300 },
  );
});

test("a frame that lacks its blank line is not taken for a whole one", () => {
  const whole = encoder.encode(HEADS.messages + MESSAGES("a"));
  const cut = encoder.encode(MESSAGES("b").slice(0, -1));
  expect(released("messages", [whole, cut])).toBe(released("messages", [whole]));
});
