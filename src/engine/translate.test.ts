// The translated lane on hand-written frames: what an ending is, and what is no content for this client.

import { describe, expect, test } from "bun:test";
import { anthropicMessages } from "../dialects/anthropic-messages/dialect.ts";
import type { Decoder } from "../dialects/dialect.ts";
import { openaiChat } from "../dialects/openai-chat/dialect.ts";
import { Translation } from "./translate.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) => (bytes === undefined ? "" : new TextDecoder().decode(bytes));

const inspected = { model: "m", stream: true, thinks: false, modelSpan: { start: 0, end: 0 } };
const context = { call: { id: "c", inspected }, createdS: 0 };
const chunk = (delta: unknown, finish: string | null = null, more: object = {}) =>
  `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;
const DONE = "data: [DONE]\n\n";

const toAnthropic = (emptyAllowed = false, decoder: Decoder = openaiChat.codec.decoder()) =>
  new Translation(decoder, anthropicMessages.codec.encoder(context), { emptyAllowed, follow: false });

function feed(lane: Translation, frames: readonly string[]): string {
  return frames.map((frame) => decode(lane.feed(encode(frame)))).join("");
}

test("nothing goes out before content, then everything that belongs before it", () => {
  const lane = toAnthropic();
  expect(feed(lane, [chunk({ role: "assistant", content: "" }), chunk({ reasoning_content: "hm" })])).toBe("");
  // Thinking was received, though this client does not get it.
  expect([lane.received, lane.committed, lane.progress]).toEqual([true, false, 1]);
  const out = feed(lane, [chunk({ content: "a" })]);
  expect(out).toStartWith("event: message_start\n");
  expect(lane.committed).toBe(true);
});

test("a call goes out whole, or not at all", () => {
  const lane = toAnthropic();
  const call = (json: string) =>
    chunk({ tool_calls: [{ index: 0, id: "t", function: { name: "f", arguments: json } }] });
  expect(feed(lane, [call('{"a"'), chunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] })])).toBe("");
  expect(lane.received).toBe(true);
  expect(lane.end()).toBeUndefined();
  expect([lane.committed, lane.fault?.kind]).toEqual([false, "stream-broken"]);
});

test("the end is told when only the marker is missing, and an error after the finish changes nothing", () => {
  for (const last of ["", 'data: {"error":{"message":"late"}}\n\n', "data: nonsense\n\n"]) {
    const lane = toAnthropic();
    const out = feed(lane, [chunk({ content: "a" }), chunk({}, "stop"), last].filter(Boolean));
    const all = out + decode(lane.finished ? undefined : lane.end());
    expect([last, lane.finished, lane.fault?.kind]).toEqual([last, true, undefined]);
    expect(all).toEndWith('event: message_stop\ndata: {"type":"message_stop"}\n\n');
  }
});

test("usage is the provider's own", () => {
  const lane = toAnthropic();
  const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
  feed(lane, [chunk({ content: "a" }), chunk({}, "stop", { usage }), DONE]);
  expect(lane.usage).toEqual({ inputTokens: 5, outputTokens: 2 });
});

describe("an answer without content", () => {
  const used = (completion_tokens: number) => ({ usage: { prompt_tokens: 5, completion_tokens } });

  test.each<[string, readonly string[], boolean, string | undefined]>([
    ["stopped", [chunk({}, "stop")], false, "empty-reply"],
    ["stopped after thinking alone", [chunk({ reasoning_content: "x" }), chunk({}, "stop")], false, "empty-reply"],
    ["asked for so", [chunk({}, "stop")], true, undefined],
    ["refused", [chunk({}, "content_filter")], false, undefined],
    ["cut by the limit while it thought", [chunk({}, "length", used(9))], false, undefined],
    ["cut by the limit without a token", [chunk({}, "length", used(0))], false, "empty-reply"],
  ])("%s", (_, frames, asked, kind) => {
    const lane = toAnthropic(asked);
    const out = feed(lane, [...frames, DONE]);
    expect(lane.fault?.kind as string | undefined).toBe(kind);
    expect([lane.finished, lane.committed, out !== ""]).toEqual([!kind, !kind, !kind]);
  });
});

test("arguments over the limit are malformed", () => {
  const delta = { type: "tool-delta", block: 0, json: "x".repeat(1 << 20) } as const;
  const endless: Decoder = { stopped: false, more: () => undefined, decode: () => [delta], end: () => [] };
  const lane = toAnthropic(false, endless);
  for (let i = 0; i < 20 && lane.fault === undefined; i++) lane.feed(encode("data: x\n\n"));
  expect(lane.fault?.kind).toBe("malformed-reply");
});
