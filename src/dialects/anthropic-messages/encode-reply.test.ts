import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fault } from "../../core/fault.ts";
import type { StreamEvent } from "../../core/stream-event.ts";
import type { EncodeContext } from "../dialect.ts";
import { FrameCutter, frameFields, frameOf } from "../sse.ts";
import { messagesDecoder } from "./decode-reply.ts";
import { encodeReply, messagesEncoder } from "./encode-reply.ts";
import { messagesTap } from "./tap.ts";

const inspected = { model: "asked", stream: true, thinks: false, modelSpan: { start: 0, end: 0 } };
const context: EncodeContext = { call: { id: "c1", inspected }, createdS: 0 };
const start: StreamEvent = {
  type: "message-start",
  id: "x",
  model: "real",
  usage: { inputTokens: 9, cacheReadTokens: 4 },
};
const text = (block: number, words: string): StreamEvent => ({ type: "text-delta", block, text: words });
const tool = (block: number, id = `t${block}`): StreamEvent => ({ type: "tool-start", block, id, name: "f" });
const json = (block: number, part: string): StreamEvent => ({ type: "tool-delta", block, json: part });
const close = (block: number): StreamEvent => ({ type: "block-end", block });
type Stop = Extract<StreamEvent, { type: "message-end" }>["stop"];
const end = (stop: Stop): StreamEvent => ({ type: "message-end", stop, usage: { outputTokens: 5 } });

function frames(events: readonly StreamEvent[]): readonly Uint8Array[] {
  const encoder = messagesEncoder(context);
  const cutter = new FrameCutter(1 << 20);
  return events.flatMap((event) => [...cutter.push(encoder.encode(event)?.bytes ?? new Uint8Array())]);
}

function whole(events: readonly StreamEvent[]): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(encodeReply(events, context)));
}

/** Type, index and what it carries, of each frame. */
function told(events: readonly StreamEvent[]): readonly unknown[] {
  return frames(events).map((frame) => {
    const { event, data } = frameFields(frame);
    const value = JSON.parse(data ?? "");
    expect(event).toBe(value.type);
    const carried =
      value.content_block?.id ?? value.delta?.text ?? value.delta?.partial_json ?? value.delta?.stop_reason;
    return [value.type.replace("content_block_", ""), value.index, carried]
      .filter((part) => part !== undefined)
      .join(" ");
  });
}

describe("the stream", () => {
  test("one open block, contiguous indices, tools whole", () => {
    const events = [start, text(0, "a"), tool(1), json(1, '{"x":'), text(0, "b"), json(1, "1}"), close(0), close(1)];
    expect(told([...events, end("end")])).toEqual([
      ...["message_start", "start 0", "delta 0 a", "delta 0 b", "stop 0"],
      ...["start 1 t1", 'delta 1 {"x":1}', "stop 1", "message_delta tool_use", "message_stop"],
    ]);
  });

  test("calls that interleave come one after the other; text that goes on after a call is a new block", () => {
    const events = [
      start,
      text(0, "a"),
      tool(1),
      tool(2),
      json(2, "{}"),
      close(2),
      text(0, "b"),
      close(1),
      end("tool-use"),
    ];
    expect(told(events)).toEqual([
      ...["message_start", "start 0", "delta 0 a", "stop 0", "start 1 t2", "delta 1 {}", "stop 1"],
      ...[
        "start 2",
        "delta 2 b",
        "stop 2",
        "start 3 t1",
        "delta 3 {}",
        "stop 3",
        "message_delta tool_use",
        "message_stop",
      ],
    ]);
  });

  test("nothing after the end, no second start, nothing for what is not this client's", () => {
    const encoder = messagesEncoder(context);
    expect(encoder.encode(start)?.content).toBe(false);
    expect(encoder.encode(start)).toBeUndefined();
    expect(encoder.encode({ type: "reasoning-delta", block: 0, text: "hm" })).toBeUndefined();
    expect(encoder.encode({ type: "native", what: "x" })).toBeUndefined();
    expect(encoder.encode({ type: "error", fault: fault("overloaded", "x") })).toBeUndefined();
    expect(encoder.encode(text(1, "a"))?.content).toBe(true);
    expect(encoder.encode(end("end"))?.content).toBe(false);
    for (const event of [end("end"), text(1, "b"), start]) expect(encoder.encode(event)).toBeUndefined();
  });

  test("usage: uncached input apart, the last word at the end; the id is the call's, the model the answerer's", () => {
    const all = frames([start, text(0, "a"), end("end")]).map((frame) => JSON.parse(frameFields(frame).data ?? ""));
    expect(all[0].message).toMatchObject({ id: "msg_c1", model: "real", usage: { input_tokens: 5, output_tokens: 0 } });
    expect(all.at(-2).usage).toMatchObject({ input_tokens: 5, cache_read_input_tokens: 4, output_tokens: 5 });
  });

  test("usage: a guess where no count came, never less than was told before", () => {
    const noCount: StreamEvent = { type: "message-end", stop: "tool-use" };
    const long = text(0, "words ".repeat(20));
    const begun = (outputTokens?: number): StreamEvent => ({
      type: "message-start",
      id: "",
      model: "m",
      ...(outputTokens !== undefined && { usage: { inputTokens: 9, outputTokens } }),
    });
    const streamed = (events: readonly StreamEvent[]) =>
      frames(events)
        .map((frame) => JSON.parse(frameFields(frame).data ?? ""))
        .at(-2).usage.output_tokens;
    for (const [events, expected] of [
      [[begun(), long, noCount], 30],
      [[begun(1), long, close(0), tool(1), json(1, `{"a":"${"b".repeat(32)}"}`), close(1), noCount], 41],
      [[begun(50), long, noCount], 50],
      [[begun(50), long, end("end")], 50],
      [[begun(1), long, end("end")], 5],
    ] as const) {
      expect(streamed(events)).toBe(expected);
      expect(whole(events).usage).toMatchObject({ output_tokens: expected });
    }
  });

  test("ids of calls are valid and differ", () => {
    const events = [start, tool(0, "a:0"), close(0), tool(1, "same"), close(1), tool(2, "same"), close(2), end("end")];
    const ids = told(events).filter((frame) => String(frame).startsWith("start"));
    expect(ids[0]).toMatch(/^start 0 call_\w{24}$/);
    expect(ids.slice(1)).toEqual(["start 1 same", "start 2 same_2"]);
  });
});

describe("stop reasons follow what was delivered", () => {
  const call = [tool(0), json(0, "{}"), close(0)];
  const cut = [tool(1), json(1, '{"a":')];
  const rows: readonly (readonly [name: string, events: readonly StreamEvent[], expected: string])[] = [
    ["a call, told as an end", [...call, end("end")], "tool_use"],
    ["a call, told as length", [...call, end("length")], "tool_use"],
    ["a cut call", [...cut, end("length")], "max_tokens"],
    ["a cut call with its end", [...cut, close(1), end("length")], "max_tokens"],
    ["a call and a cut one", [...call, ...cut, end("length")], "max_tokens"],
    ["no call, told as one", [text(0, "a"), end("tool-use")], "end_turn"],
    ["a refusal", [text(0, "a"), end("refusal")], "refusal"],
    ["a pause", [end("pause")], "pause_turn"],
    ["a full context", [end("context-full")], "model_context_window_exceeded"],
  ];
  for (const [name, events, expected] of rows)
    test(name, () => {
      expect(told([start, ...events]).at(-2)).toBe(`message_delta ${expected}`);
      expect(whole([start, ...events]).stop_reason).toBe(expected);
    });
});

test("any order of events gives a stream without fault, and the same answer whole", () => {
  const block = fc.nat(3);
  const event: fc.Arbitrary<StreamEvent> = fc.oneof(
    fc.tuple(block, fc.string()).map(([at, words]) => text(at, words)),
    block.map((at) => tool(at + 4)),
    fc.tuple(block, fc.constantFrom("{", "}", '"a":1', "{}")).map(([at, part]) => json(at + 4, part)),
    fc.nat(7).map(close),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (events) => {
      const all = [start, ...events, end("end")];
      const tap = messagesTap({ dropUsage: false });
      const classes = frames(all).map((frame) => tap.see(frame));
      expect([tap.fault, classes.at(-1)]).toEqual([undefined, "terminal"]);
      const decoder = messagesDecoder();
      const again = frames(all).flatMap((frame) => [...decoder.decode(frame)]);
      expect(again.filter(({ type }) => type === "error")).toEqual([]);
      const { content, stop_reason } = whole(again);
      expect({ content, stop_reason }).toEqual({ content: whole(all).content, stop_reason: whole(all).stop_reason });
    }),
    { numRuns: 300 },
  );
});

describe("the decoder", () => {
  const event = (value: { type: string; [key: string]: unknown }) => frameOf(JSON.stringify(value), value.type);
  const begin = event({ type: "message_start", message: { id: "m", model: "x" } });
  const stop = (stop_reason: string) => event({ type: "message_delta", delta: { stop_reason }, usage: {} });
  const callOf = (json: string) => [
    event({
      type: "content_block_start",
      index: 0,
      content_block: { type: "tool_use", id: "t", name: "f", input: {} },
    }),
    event({ type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json: json } }),
    event({ type: "content_block_stop", index: 0 }),
  ];
  const types = (all: readonly Uint8Array[]): readonly string[] => {
    const decoder = messagesDecoder();
    return [...all.flatMap((frame) => [...decoder.decode(frame)]), ...decoder.end()].map(({ type }) => type);
  };

  test("a call whose input is cut is a fault, unless the stop reason explains it", () => {
    const cut = ["message-start", "tool-start", "tool-delta"];
    expect(types([begin, ...callOf('{"a"'), stop("tool_use")])).toEqual([...cut, "error"]);
    expect(types([begin, ...callOf('{"a":1}{"a":1}'), stop("tool_use")])).toEqual([...cut, "error"]);
    expect(types([begin, ...callOf("[1]"), stop("end_turn")])).toEqual([...cut, "error"]);
    expect(types([begin, ...callOf('{"a"'), stop("max_tokens")])).toEqual([...cut, "message-end"]);
    expect(types([begin, ...callOf('{"a":1}'), stop("tool_use")])).toEqual([...cut, "block-end", "message-end"]);
  });

  test("input that comes with the block's start is the call's", () => {
    const start = { type: "tool_use", id: "t", name: "f", input: { a: 1 } };
    const all = [
      event({ type: "content_block_start", index: 0, content_block: start }),
      event({ type: "content_block_stop", index: 0 }),
    ];
    expect(types([begin, ...all])).toEqual(["message-start", "tool-start", "tool-delta", "block-end"]);
  });

  test("never invents an end, and says nothing after an error", () => {
    const error = event({ type: "error", error: { type: "overloaded_error", message: "x" } });
    expect(types([begin])).toEqual(["message-start"]);
    expect(types([begin, error, error, stop("end_turn")])).toEqual(["message-start", "error"]);
  });
});
