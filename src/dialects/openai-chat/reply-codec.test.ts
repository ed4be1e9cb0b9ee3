// Answers that no recording has, through decoder and encoder.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { StreamEvent } from "../../core/stream-event.ts";
import { frameOf } from "../sse.ts";
import { openaiChat } from "./dialect.ts";

const { codec } = openaiChat;
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("replies", () => {
  const HEAD = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m" };
  const chunk = (delta: unknown, finish: string | null = null, choice: object = {}) =>
    frameOf(JSON.stringify({ ...HEAD, choices: [{ index: 0, delta, finish_reason: finish, ...choice }] }));
  const tool = (fields: object) => ({ tool_calls: [fields] });
  const run = (frames: readonly Uint8Array[]) => {
    const decoder = codec.decoder();
    return [...frames.flatMap((frame) => [...decoder.decode(frame)]), ...decoder.end()];
  };
  const context = {
    call: { id: "c1", inspected: { model: "asked", stream: true, thinks: false, modelSpan: { start: 0, end: 0 } } },
    createdS: 7,
  };
  const write = (events: readonly StreamEvent[]) => {
    const encoder = codec.encoder(context);
    return events
      .map((event) => encoder.encode(event))
      .map((out) => out && { text: decode(out.bytes), content: out.content });
  };

  test.each<[string, Uint8Array]>([
    ["not JSON", chunk(tool({ index: 0, id: "a", function: { name: "f", arguments: "{" } }))],
    ["doubled", chunk(tool({ index: 0, id: "a", function: { name: "f", arguments: "{}{}" } }))],
    ["no object", chunk(tool({ index: 0, id: "a", function: { name: "f", arguments: "[1]" } }))],
    ["no name", chunk(tool({ index: 0, id: "a", function: { arguments: "{}" } }))],
  ])("a finished call whose arguments are %s is malformed", (_, frame) => {
    const events = run([frame, chunk({}, "tool_calls"), frameOf("[DONE]")]);
    expect(events.at(-1)).toMatchObject({ type: "error", fault: { kind: "malformed-reply" } });
    expect(events.some((event) => event.type === "message-end")).toBe(false);
  });

  test("a call cut by the limit is left out, and the reason stays", () => {
    const events = run([
      chunk(tool({ index: 0, id: "a", function: { name: "f", arguments: '{"x' } })),
      chunk({}, "length"),
    ]);
    expect(events.map((event) => event.type)).toEqual(["message-start", "tool-start", "tool-delta", "message-end"]);
    const text = write(events)
      .map((out) => out?.text ?? "")
      .join("");
    expect(text).toContain('"finish_reason":"length"');
    expect(text).not.toContain("tool_calls");
  });

  test.each<[string, object, object, string, string]>([
    ["stop", {}, {}, "end", "stop"],
    ["stop", { refusal: "no" }, {}, "refusal", "stop"],
    ["content_filter", {}, {}, "refusal", "content_filter"],
    ["tool_calls", {}, {}, "end", "stop"],
    ["stop", { tool_calls: [{ id: "a", function: { name: "f", arguments: "" } }] }, {}, "tool-use", "tool_calls"],
    ["stop", {}, { stop_reason: "END" }, "stop-sequence", "stop"],
    ["stop", {}, { matched_stop: "END" }, "stop-sequence", "stop"],
    ["stop", {}, { matched_stop: 128009 }, "end", "stop"],
    ["eos", {}, {}, "end", "stop"],
  ])("%s with %j %j is %s, and %s again", (finish, delta, choice, stop, again) => {
    const events = run([chunk(delta, finish, choice)]);
    expect(events.at(-1)).toMatchObject({
      type: "message-end",
      stop,
      ...(stop === "stop-sequence" && { stopSequence: "END" }),
    });
    expect(write(events).at(-1)?.text).toContain(`"finish_reason":"${again}"`);
  });

  test("the encoder: role first, one finish, usage for those who asked, the end once", () => {
    const end: StreamEvent = {
      type: "message-end",
      stop: "end",
      usage: { inputTokens: 2, outputTokens: 3, cacheReadTokens: 1 },
    };
    const events: readonly StreamEvent[] = [
      { type: "message-start", id: "msg_1", model: "real" },
      { type: "reasoning-delta", block: 0, text: "hm" },
      { type: "text-delta", block: 1, text: "so" },
      { type: "native", what: "x" },
      end,
      end,
    ];
    const out = write(events);
    expect(out.map((step) => step?.content)).toEqual([false, true, true, undefined, false, undefined]);
    const head = '"id":"msg_1","object":"chat.completion.chunk","created":7,"model":"real"';
    expect(out[0]?.text).toBe(
      `data: {${head},"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n`,
    );
    expect(out[1]?.text).toContain('"delta":{"reasoning_content":"hm"}');
    expect(out[4]?.text).toBe(
      `data: {${head},"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`,
    );
    const inspected = {
      ...context.call.inspected,
      streamOptions: { span: { start: 0, end: 0 }, includeUsage: true },
    };
    const asked = (event: StreamEvent) =>
      codec.encoder({ ...context, call: { ...context.call, inspected } }).encode(event)?.bytes ?? new Uint8Array();
    // Half of it is none: clients take all three counts for granted.
    const half: StreamEvent = { type: "message-end", stop: "end", usage: { outputTokens: 27 } };
    expect(decode(asked(half))).not.toContain("usage");
    expect(decode(codec.encodeReply([half], context))).not.toContain("usage");
    expect(decode(asked(end))).toContain(
      '"choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}}\n\ndata: [DONE]\n\n',
    );
  });

  test("arbitrary frames never throw, and nothing follows an error", () => {
    const frame = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.jsonValue().map((delta) => chunk(delta)),
      fc
        .jsonValue()
        .map((value) =>
          chunk({ tool_calls: [{ index: 0, function: { name: value, arguments: value } }], content: value }, "stop"),
        ),
    );
    fc.assert(
      fc.property(fc.array(frame), (frames) => {
        const events = run(frames);
        const error = events.findIndex((event) => event.type === "error");
        expect(error === -1 || error === events.length - 1).toBe(true);
        write(events);
      }),
    );
  });
});
