import { describe, expect, test } from "bun:test";
import type { FrameClass, Tap } from "../dialect.ts";
import { frameOf } from "../sse.ts";
import { messagesTap } from "./tap.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const event = (value: { type: string; [key: string]: unknown }): Uint8Array =>
  frameOf(JSON.stringify(value), value.type);
const start = (id = "msg_1") =>
  event({ type: "message_start", message: { id, usage: { input_tokens: 3, output_tokens: 1 } } });
const open = (index: number, content_block: object) => event({ type: "content_block_start", index, content_block });
const delta = (index: number, value: object) => event({ type: "content_block_delta", index, delta: value });
const close = (index: number) => event({ type: "content_block_stop", index });
const stop = (stop_reason: string | null, usage: object = {}) =>
  event({ type: "message_delta", delta: { stop_reason }, usage });
const text = { type: "text", text: "" };
const tool = { type: "tool_use", id: "toolu_1", name: "f", input: {} };
const hi = { type: "text_delta", text: "hi" };
const end = event({ type: "message_stop" });

function seen(frames: readonly Uint8Array[], tap: Tap = messagesTap({ dropUsage: false })): readonly FrameClass[] {
  return frames.map((frame) => tap.see(frame));
}

/** The class of one frame inside an open text block of index 0. */
function inText(frame: Uint8Array): FrameClass {
  return seen([start(), open(0, text), frame]).at(-1)!;
}

describe("a delta's bytes", () => {
  const head =
    'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"';
  const rows: readonly (readonly [name: string, tail: string, expected: FrameClass])[] = [
    ["plain", 'hi"}}\n\n', "content"],
    ["UTF-8", 'ü→🙂"}}\n\n', "content"],
    ["empty", '"}}\n\n', "preamble"],
    ["escapes", '\\n\\"\\\\\\/\\u00e9\\ud83d\\ude42"}}\n\n', "content"],
    ["padded with spaces", 'hi"}    }   \n\n', "content"],
    ["CRLF at the end", 'hi"}}\r\n\r\n', "content"],
    ["an extra key", 'hi"},"holdfast":{}}\n\n', "content"],
    ["a key inside the delta", 'hi","x":1}}\n\n', "content"],
    ["a second data line that ends the JSON", 'hi"\ndata: }}\n\n', "content"],
    ["a raw control byte", 'h\u0001i"}}\n\n', "malformed"],
    ["an unknown escape", 'h\\xi"}}\n\n', "malformed"],
    ["a cut unicode escape", 'h\\u12"}}\n\n', "malformed"],
    ["a missing brace", 'hi"}\n\n', "malformed"],
    ["one brace too many", 'hi"}}}\n\n', "malformed"],
    ["a cut string", "hi\n\n", "malformed"],
    ["something behind", 'hi"}}x\n\n', "malformed"],
    ["a second data line behind", 'hi"}}\ndata: x\n\n', "malformed"],
  ];
  for (const [name, tail, expected] of rows) test(name, () => expect(inText(bytes(head + tail))).toBe(expected));

  test("of another form are parsed", () => {
    const data = '{"index":0,"delta":{"text":"hi","type":"text_delta"},"type":"content_block_delta"}';
    expect(inText(frameOf(data, "content_block_delta"))).toBe("content");
    expect(inText(bytes(`: note\ndata:${data}\nevent:content_block_delta\n\n`))).toBe("content");
    expect(inText(bytes(`event: content_block_delta\r\ndata: ${data}\r\n\r\n`))).toBe("content");
  });

  test("under no name, or another, would be passed over by SDKs", () => {
    const data = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}';
    for (const name of [undefined, "message", "delta"]) expect(inText(frameOf(data, name))).toBe("malformed");
    for (const type of ["ping", "new_event"]) expect(inText(frameOf(`{"type":"${type}"}`))).not.toBe("malformed");
  });

  test("every cut of a content frame is malformed or a frame without data, never content", () => {
    const whole = `${head}h\\u00e9i"}}`;
    for (let at = 0; at < whole.length; at++)
      expect(["malformed", "ping"]).toContain(inText(bytes(`${whole.slice(0, at)}\n\n`)));
  });
});

describe("classes", () => {
  test("text, tools and the end", () => {
    const tap = messagesTap({ dropUsage: false });
    const json = (partial_json: string) => delta(1, { type: "input_json_delta", partial_json });
    const frames = [
      ...[start(), event({ type: "ping" }), open(0, text), delta(0, hi), close(0)],
      ...[open(1, tool), json(""), event({ type: "ping" }), json("{}"), close(1)],
      ...[stop(null), stop("tool_use", { output_tokens: 9, cache_read_input_tokens: 4 }), end],
    ];
    expect(seen(frames, tap)).toEqual([
      ...(["preamble", "ping", "preamble", "content", "preamble"] as const),
      ...(["tool", "tool", "ping", "tool", "tool-end"] as const),
      ...(["preamble", "stop", "terminal"] as const),
    ]);
    expect(tap.usage).toEqual({ inputTokens: 7, outputTokens: 9, cacheReadTokens: 4 });
    expect([tap.stopped, tap.hasContent, tap.emptyIsLegal]).toEqual([true, true, false]);
  });

  test("thinking is content, its signature and what is hidden are not", () => {
    const frames = [
      ...[start(), open(0, { type: "thinking", thinking: "", signature: "" })],
      ...[delta(0, { type: "thinking_delta", thinking: "hm" }), delta(0, { type: "thinking_delta", thinking: "" })],
      ...[delta(0, { type: "signature_delta", signature: "x" }), close(0)],
      ...[open(1, { type: "redacted_thinking", data: "x" }), close(1)],
    ];
    expect(seen(frames).slice(2)).toEqual(["content", "preamble", "preamble", "preamble", "preamble", "preamble"]);
  });

  test("blocks that only this dialect has are content; unknown events and deltas pass", () => {
    const frames = [
      ...[start(), open(0, { type: "server_tool_use", id: "s", name: "web_search", input: {} })],
      ...[delta(0, { type: "input_json_delta", partial_json: "{" }), close(0)],
      ...[open(1, { type: "something_new" }), close(1), open(2, { type: "text", text: "at once" })],
      ...[delta(2, { type: "citations_delta", citation: {} }), delta(2, { type: "new_delta" })],
      ...[event({ type: "something_else" }), bytes(": comment\n\n"), bytes("event: ping\n\n")],
    ];
    expect(seen(frames).slice(1)).toEqual([
      ...(["content", "content", "preamble", "content", "preamble", "content"] as const),
      ...(["content", "preamble", "preamble", "ping", "ping"] as const),
    ]);
  });

  test("the end of a tool call that is not whole is held until a stop reason explains it", () => {
    const half = [start(), open(0, tool), delta(0, { type: "input_json_delta", partial_json: '{"a' }), close(0)];
    expect(seen([...half, event({ type: "ping" }), stop("max_tokens"), end])).toEqual([
      ...(["preamble", "tool", "tool", "tool", "ping", "stop", "terminal"] as const),
    ]);
    const tap = messagesTap({ dropUsage: false });
    expect(seen([...half, stop("tool_use")], tap).at(-1)).toBe("malformed");
    expect([tap.stopped, tap.fault?.message]).toEqual([
      ...[false, "the provider's stream had a tool call whose input is not a JSON object"],
    ]);
  });

  test("what may be empty", () => {
    const legal = (frames: readonly Uint8Array[]): readonly boolean[] => {
      const tap = messagesTap({ dropUsage: false });
      seen([start(), ...frames], tap);
      return [tap.hasContent, tap.emptyIsLegal];
    };
    const hidden = [open(0, { type: "thinking", thinking: "" }), close(0)];
    expect(legal([stop("refusal")])).toEqual([false, true]);
    expect(legal([stop("pause_turn")])).toEqual([false, true]);
    expect(legal([stop("end_turn")])).toEqual([false, false]);
    expect(legal([stop("max_tokens")])).toEqual([false, false]);
    expect(legal([...hidden, stop("max_tokens")])).toEqual([false, true]);
    expect(legal([...hidden, stop("end_turn")])).toEqual([false, false]);
  });

  test("a message that is whole in its message_start", () => {
    const whole = (message: object): readonly unknown[] => {
      const tap = messagesTap({ dropUsage: false });
      return [tap.see(event({ type: "message_start", message: { id: "m", ...message } })), tap.hasContent, tap.stopped];
    };
    expect(whole({ content: [tool], stop_reason: "tool_use" })).toEqual(["stop", true, true]);
    expect(whole({ content: [tool], stop_reason: null })).toEqual(["tool-end", true, false]);
    expect(whole({ content: [{ type: "text", text: "hi" }] })).toEqual(["content", true, false]);
    expect(whole({ content: [text], stop_reason: null })).toEqual(["preamble", false, false]);
  });

  test("a message_start that repeats itself before any block is harmless", () => {
    expect(seen([start(), start()])).toEqual(["preamble", "preamble"]);
  });
});

describe("malformed", () => {
  const rows: readonly (readonly [name: string, frames: readonly Uint8Array[]])[] = [
    ["another message_start", [start(), start("msg_2")]],
    ["message_start after a block began", [start(), open(0, text), start()]],
    ["a message_start without a message", [event({ type: "message_start" })]],
    ["a block before message_start", [open(0, text)]],
    ["a stop reason before message_start", [stop("end_turn")]],
    ["an index that is not the next", [start(), open(1, text)]],
    ["a block inside a block", [start(), open(0, text), open(1, text)]],
    ["a block after the stop reason", [start(), stop("end_turn"), open(0, text)]],
    ["a stop reason inside a text", [start(), open(0, text), delta(0, hi), stop("end_turn")]],
    ["a stop reason inside a tool call", [start(), open(0, tool), stop("tool_use")]],
    [
      "a message_start with half a tool call",
      [event({ type: "message_start", message: { content: [{ ...tool, input: "{" }] } })],
    ],
    ["a delta without its block", [start(), delta(0, hi)]],
    ["a delta of another block", [start(), open(0, text), delta(1, hi)]],
    ["a delta after its block", [start(), open(0, text), close(0), delta(0, hi)]],
    ["text in a tool's block", [start(), open(0, tool), delta(0, hi)]],
    ["tool input in a text block", [start(), open(0, text), delta(0, { type: "input_json_delta", partial_json: "" })]],
    ["a text_delta without text", [start(), open(0, text), delta(0, { type: "text_delta" })]],
    ["a tool without a name", [start(), open(0, { type: "tool_use", id: "x" })]],
    ["an end without its block", [start(), close(0)]],
    ["message_stop without a stop reason", [start(), end]],
    ["no JSON", [frameOf("{oops")]],
    ["JSON without a type", [frameOf("[1]")]],
    ["the marker of another dialect", [frameOf("[DONE]")]],
  ];
  for (const [name, frames] of rows)
    test(name, () => {
      const tap = messagesTap({ dropUsage: false });
      expect(seen(frames, tap).at(-1)).toBe("malformed");
      expect(tap.fault?.kind).toBe("malformed-reply");
    });
});

test("errors, with and without their event line", () => {
  const data = JSON.stringify({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } });
  for (const frame of [frameOf(data, "error"), frameOf(data), frameOf("not JSON", "error")]) {
    const tap = messagesTap({ dropUsage: false });
    expect(seen([start(), frame], tap).at(-1)).toBe("error");
    expect(["overloaded", "server-error"]).toContain(String(tap.fault?.kind));
  }
});
