// The official SDKs as judges of what the encoder and the error writer send.

import { describe, expect, test } from "bun:test";
import OpenAI6 from "openai-6";
import OpenAI7 from "openai-7";
import { concat } from "../../core/bytes.ts";
import { fault } from "../../core/fault.ts";
import type { StreamEvent } from "../../core/stream-event.ts";
import { openaiChat } from "./dialect.ts";

const { wire, codec } = openaiChat;
const context = {
  call: {
    id: "c1",
    inspected: {
      model: "m",
      stream: true,
      thinks: false,
      modelSpan: { start: 0, end: 0 },
      streamOptions: { span: { start: 0, end: 0 }, includeUsage: true },
    },
  },
  createdS: 7,
};
const EVENTS: readonly StreamEvent[] = [
  { type: "message-start", id: "msg_1", model: "real" },
  { type: "reasoning-delta", block: 0, text: "hm" },
  { type: "block-end", block: 0 },
  { type: "text-delta", block: 1, text: "so " },
  { type: "tool-start", block: 2, id: "toolu_a", name: "f" },
  { type: "tool-start", block: 3, id: "toolu_b", name: "g" },
  { type: "tool-delta", block: 3, json: '{"y":2}' },
  { type: "tool-delta", block: 2, json: '{"x":' },
  { type: "tool-delta", block: 2, json: "1}" },
  { type: "text-delta", block: 1, text: "on" },
  { type: "block-end", block: 3 },
  { type: "block-end", block: 2 },
  { type: "block-end", block: 1 },
  { type: "message-end", stop: "end", usage: { inputTokens: 2, outputTokens: 3 } },
];
const ERROR = { call: "c1", trail: [] };
const REQUEST = { model: "m", messages: [{ role: "user" as const, content: "hi" }] };

// Their overloads do not unite; what is called here has one shape in both.
const CLIENTS: readonly (readonly [string, typeof OpenAI6])[] = [
  ["openai 6", OpenAI6],
  ["openai 7", OpenAI7 as unknown as typeof OpenAI6],
];

describe.each(CLIENTS)("%s", (_, OpenAI) => {
  const client = (status: number, body: Uint8Array, headers: Record<string, string>) => {
    let requests = 0;
    const fetch = async () => {
      requests++;
      return new Response(new Uint8Array(body), { status, headers });
    };
    return { sdk: new OpenAI({ apiKey: "k", baseURL: "http://localhost/v1", fetch }), requests: () => requests };
  };
  const stream = (frames: readonly Uint8Array[]) =>
    client(200, concat(frames), { "content-type": "text/event-stream" }).sdk;

  test("the streaming helper takes a translated answer", async () => {
    const encoder = codec.encoder(context);
    const frames = EVENTS.map((event) => encoder.encode(event)?.bytes ?? new Uint8Array());
    const done = await stream([wire.pingFrame, ...frames])
      .chat.completions.stream(REQUEST)
      .finalChatCompletion();
    const [choice] = done.choices;
    expect([done.id, done.model, choice?.finish_reason, choice?.message.content]).toEqual([
      "msg_1",
      "real",
      "tool_calls",
      "so on",
    ]);
    expect(
      choice?.message.tool_calls?.map(
        (call) => call.type === "function" && [call.id, call.function.name, call.function.arguments],
      ),
    ).toEqual([
      ["toolu_b", "g", '{"y":2}'],
      ["toolu_a", "f", '{"x":1}'],
    ]);
    expect(done.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 });
  });

  test("a whole translated answer", async () => {
    const { sdk } = client(200, codec.encodeReply(EVENTS, context), { "content-type": "application/json" });
    const done = await sdk.chat.completions.create(REQUEST);
    expect(done.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { role: "assistant", content: "so on" },
    });
    expect(done.choices[0]?.message.tool_calls).toHaveLength(2);
  });

  test("an error inside a stream throws, annotated frames pass", async () => {
    const encoder = codec.encoder(context);
    const frames = EVENTS.slice(0, 4).map((event) => encoder.encode(event)?.bytes ?? new Uint8Array());
    const [first = new Uint8Array(), ...rest] = frames;
    const annotated = wire.annotate(first, { served: "target" });
    const failing = stream([annotated, ...rest, wire.errorFrame(fault("stream-broken", "cut"), ERROR)]);
    const texts: string[] = [];
    const run = async () => {
      for await (const chunk of await failing.chat.completions.create({ ...REQUEST, stream: true })) {
        texts.push(chunk.choices[0]?.delta.content ?? "");
      }
    };
    await expect(run()).rejects.toThrow("cut");
    expect(texts.join("")).toBe("so ");
  });

  test("a final error is not asked for again", async () => {
    const { status, headers, body } = wire.faultTo(fault("overloaded", "busy"), ERROR);
    const { sdk, requests } = client(status, body, { ...headers });
    const run = async () => await sdk.chat.completions.create(REQUEST);
    await expect(run()).rejects.toMatchObject({
      status: 503,
      code: "server_is_overloaded",
    });
    expect(requests()).toBe(1);
  });
});
