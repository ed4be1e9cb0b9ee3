// The short way is the long one: whatever verdict it gives, the parser would have come to the same; and what most providers send
// it does take. A byte order mark in front sends a reply the long way, and means nothing.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Call, DialectId } from "../core/call.ts";
import type { Words } from "../core/reply.ts";
import type { Verdict } from "./dialect.ts";
import { DIALECTS } from "./registry.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const BOM = encode("\ufeff");

const CALL = { operation: "generate", inspected: { maxTokens: 9 } } as unknown as Pick<Call, "operation" | "inspected">;

type Read = Omit<Verdict, "words"> & { readonly words?: Words };

function judged(id: DialectId, body: Uint8Array): Read & { readonly short: boolean } {
  const { words, ...verdict } = DIALECTS[id].wire.judge(body, CALL);
  if (words === undefined) return { ...verdict, short: false };
  return { ...verdict, words: "read" in words ? words.read() : words, short: "read" in words };
}

function bothWays(id: DialectId, body: Uint8Array): readonly [Read, Read, boolean] {
  const { short, ...quick } = judged(id, body);
  const { short: _, ...slow } = judged(id, Uint8Array.from([...BOM, ...body]));
  return [quick, slow, short];
}

/** A JSON text with the odd gap, escape, twin and bad byte in it. */
const odd = fc.constantFrom(null, true, 0, -1, 1.5, 1e21, 12, "", "x", "end_turn", [], {}, [{}], { type: "text" });
const mostly = <T>(value: fc.Arbitrary<T>, weight = 40) =>
  fc.oneof({ weight, arbitrary: value as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: odd });
const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom("", "a\nb", 'say "hold"', "\ufeffx", "\ud800", "naïve 海藻 🪨", "back\\slash"),
  fc.string({ minLength: 1, maxLength: 9 }).map((unit) => unit.repeat(100)),
);
const count = mostly(fc.oneof({ weight: 9, arbitrary: fc.nat(9_999_999) }, fc.nat(1_000_000_009)));
const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<unknown> }) =>
  fc.record(model as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] });

const REPLIES: Readonly<Record<DialectId, fc.Arbitrary<unknown>>> = {
  "anthropic-messages": fc.record(
    {
      id: text,
      type: mostly(fc.constant("message"), 30),
      model: mostly(text),
      role: fc.constant("assistant"),
      content: mostly(
        fc.array(fc.record({ type: mostly(fc.constant("text")), text: mostly(text) }), { minLength: 1, maxLength: 2 }),
      ),
      stop_reason: mostly(fc.constantFrom("end_turn", "end_turn", "max_tokens", "refusal", "new")),
      stop_sequence: odd,
      usage: mostly(
        optional({
          input_tokens: count,
          cache_read_input_tokens: count,
          cache_creation_input_tokens: count,
          cache_creation: odd,
          output_tokens: count,
          output_tokens_details: mostly(optional({ thinking_tokens: count })),
        }),
      ),
      error: odd,
    },
    { requiredKeys: ["type", "content", "stop_reason"] },
  ),
  "openai-chat": fc.record(
    {
      id: text,
      object: mostly(fc.constant("chat.completion"), 30),
      model: mostly(text),
      error: mostly(fc.constantFrom(null, null, null, null, false)),
      choices: mostly(
        fc.array(
          fc.record(
            {
              index: count,
              message: mostly(
                fc.record(
                  {
                    role: fc.constant("assistant"),
                    content: mostly(text),
                    refusal: mostly(fc.constant(null)),
                    annotations: mostly(fc.constant([])),
                    tool_calls: mostly(fc.constantFrom(null, [])),
                    function_call: mostly(fc.constant(null)),
                    audio: mostly(fc.constant(null)),
                    images: mostly(fc.constant([])),
                    reasoning: odd,
                  },
                  { requiredKeys: ["content"] },
                ),
              ),
              finish_reason: mostly(fc.constantFrom("stop", "stop", "length", "content_filter", "error")),
              stop_reason: mostly(fc.constant(null)),
              matched_stop: mostly(fc.constant(null)),
              logprobs: odd,
            },
            { requiredKeys: ["message", "finish_reason"] },
          ),
          { minLength: 1, maxLength: 2 },
        ),
        30,
      ),
      usage: mostly(
        optional({
          prompt_tokens: count,
          completion_tokens: count,
          total_tokens: count,
          prompt_cache_hit_tokens: count,
          prompt_tokens_details: mostly(optional({ cached_tokens: count, cache_write_tokens: count })),
          completion_tokens_details: mostly(optional({ reasoning_tokens: count })),
        }),
      ),
    },
    { requiredKeys: ["object", "choices"] },
  ),
};

type Mutation = (body: Uint8Array, at: number) => Uint8Array;
const PIECES = ['"type":"error",', '"content":"x",', '"usage":null,', '"model":1,', '"error":1,', ",", "\\", "0", "\n"];
const replaced = (body: Uint8Array, at: number, length: number, by: Iterable<number>) =>
  Uint8Array.from([...body.subarray(0, at), ...by, ...body.subarray(at + length)]);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Mutation>((body) => body) },
  fc.constant<Mutation>((body, at) => body.subarray(0, at)),
  fc.constant<Mutation>((body, at) => replaced(body, at, 1, [])),
  fc.nat(255).map(
    (byte): Mutation =>
      (body, at) =>
        replaced(body, at, 1, [byte]),
  ),
  fc.nat(255).map(
    (byte): Mutation =>
      (body) =>
        replaced(body, body.length, 0, [byte]),
  ),
  // Where a member may begin.
  fc.constantFrom(...PIECES).map(
    (piece): Mutation =>
      (body, at) =>
        replaced(body, body.indexOf(0x22, at) & 0xffff, 0, encode(piece)),
  ),
  // A name with an escape in it, that a parser takes for the same.
  fc.constantFrom("type", "content", "usage", "model", "text", "message").map((name): Mutation => {
    const disguised = `\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}`;
    return (body) => encode(new TextDecoder().decode(body).replace(`"${name}"`, `"${disguised}"`));
  }),
);
const space = fc.constantFrom(undefined, undefined, 1, "\t");

test.each(["anthropic-messages", "openai-chat"] as const)("%s", (id) => {
  let short = 0;
  fc.assert(
    fc.property(REPLIES[id], space, mutation, fc.nat(), (reply, gaps, change, where) => {
      const whole = encode(JSON.stringify(reply, null, gaps));
      const body = change(whole, where % whole.length);
      if (body[0] === BOM[0]) return;
      const [quick, slow, isShort] = bothWays(id, body);
      if (isShort) short++;
      expect(quick).toEqual(slow);
    }),
    { numRuns: 6_000 },
  );
  // Else it would have shown nothing.
  expect(short).toBeGreaterThan(200);
});

const TEXT = 'naïve "hold fast"\n海藻 🪨';
const MESSAGE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude-x",
  content: [{ type: "text", text: TEXT, citations: null }],
  stop_reason: "end_turn",
  stop_sequence: null,
  stop_details: null,
  container: null,
  usage: {
    input_tokens: 20,
    cache_creation_input_tokens: 3,
    cache_read_input_tokens: 4,
    cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 0 },
    output_tokens: 7,
    service_tier: "standard",
    inference_geo: "not_available",
  },
};
const COMPLETION = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_780_000_000,
  model: "gpt-x",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: TEXT, refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: "stop",
    },
  ],
  usage: {
    prompt_tokens: 20,
    completion_tokens: 7,
    total_tokens: 27,
    prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 0, accepted_prediction_tokens: 0 },
  },
  service_tier: "default",
  system_fingerprint: "fp_1",
};

test.each<[DialectId, { readonly model: string }, object]>([
  ["anthropic-messages", MESSAGE, { inputTokens: 27, outputTokens: 7, cacheReadTokens: 4, cacheWriteTokens: 3 }],
  ["openai-chat", COMPLETION, { inputTokens: 20, outputTokens: 7, cacheReadTokens: 4, reasoningTokens: 2 }],
])(
  "what a provider of %s sends is taken, compact or not, and after it was read another does not change it",
  (id, reply, usage) => {
    const { wire } = DIALECTS[id];
    for (const gaps of [undefined, 2]) {
      const { words, ...verdict } = wire.judge(encode(JSON.stringify(reply, null, gaps)), CALL);
      expect(verdict).toEqual({ usage });
      wire.judge(encode(JSON.stringify({ ...reply, model: "another-model" })), CALL);
      const read = words !== undefined && "read" in words ? words.read() : undefined;
      expect(read).toEqual({ text: TEXT, model: reply.model });
    }
  },
);

test("a long text has its end looked at, a short one has not", () => {
  const of = (content: string) =>
    judged("anthropic-messages", encode(JSON.stringify({ ...MESSAGE, content: [{ type: "text", text: content }] })));
  expect([of("x".repeat(599)).tail, of("ä".repeat(300)).tail]).toEqual([undefined, undefined]);
  expect(of(`${"x".repeat(5_000)}\nend`)).toMatchObject({ tail: `${"x".repeat(4_092)}\nend`, short: true });
});
