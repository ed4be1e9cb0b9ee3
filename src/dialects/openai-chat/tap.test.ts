// The tap's classes, frame by frame, on hand-written streams: tool calls in all the ways that upstreams send them.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { rounds } from "../../../test/support/effort.ts";
import { frameOf } from "../sse.ts";
import { openTap } from "./tap.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const HEAD = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m" };

const chunk = (delta: unknown, finish: string | null = null, more: object = {}, index = 0) =>
  frameOf(JSON.stringify({ ...HEAD, choices: [{ index, delta, finish_reason: finish }], ...more }));
const text = (content: string) => chunk({ content });
const call = (index: number | undefined, id?: string, name?: string, json = "") =>
  chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: json } }] });
const usage = frameOf(JSON.stringify({ ...HEAD, choices: [], usage: { prompt_tokens: 3, completion_tokens: 2 } }));
const done = frameOf("[DONE]");

function classes(frames: readonly Uint8Array[], dropUsage = false) {
  const tap = openTap({ dropUsage });
  return { seen: frames.map((frame) => tap.see(frame)), tap };
}

describe("text", () => {
  test("role, text, finish, usage, end", () => {
    const frames = [
      chunk({ role: "assistant", content: "" }),
      text("a"),
      text("b"),
      text('c\\\n"é🪨'),
      chunk({}, "stop"),
      usage,
      done,
    ];
    const { seen, tap } = classes(frames);
    expect(seen).toEqual(["preamble", "content", "content", "content", "stop", "preamble", "terminal"]);
    expect([tap.stopped, tap.hasContent, tap.emptyIsLegal]).toEqual([true, true, false]);
    expect(tap.usage).toEqual({ inputTokens: 3, outputTokens: 2 });
    expect(classes(frames, true).seen[5]).toBe("drop");
  });

  test("a finish chunk with usage is no usage chunk", () => {
    const { seen, tap } = classes([text("a"), chunk({}, "stop", { usage: { prompt_tokens: 1 } })], true);
    expect(seen).toEqual(["content", "stop"]);
    expect(tap.usage).toEqual({ inputTokens: 1 });
  });

  test.each(["reasoning_content", "reasoning", "refusal"])("%s is content", (key) => {
    expect(classes([chunk({ [key]: "x" }), chunk({ [key]: "y" }), chunk({ [key]: "" })]).seen).toEqual([
      "content",
      "content",
      "preamble",
    ]);
  });

  test("content as parts (Mistral) is content", () => {
    expect(classes([chunk({ content: [{ type: "text", text: "x" }] }), chunk({ content: [] })]).seen).toEqual([
      "content",
      "preamble",
    ]);
  });

  test("a stop chunk that carries the text counts as content", () => {
    const { seen, tap } = classes([chunk({ content: "all" }, "stop")]);
    expect(seen).toEqual(["stop"]);
    expect(tap.hasContent).toBe(true);
  });

  test.each([
    ["stop", undefined, false],
    ["content_filter", undefined, true],
    ["length", undefined, false],
    ["length", 9, true],
    ["length", 0, false],
  ])("empty with %s and %s tokens out", (finish, tokens, legal) => {
    const { tap } = classes([
      chunk({ role: "assistant" }),
      chunk({}, finish, tokens === undefined ? {} : { usage: { completion_tokens: tokens } }),
    ]);
    expect([tap.hasContent, tap.emptyIsLegal]).toEqual([false, legal]);
  });

  test("the second finish is no stop, an empty one none at all", () => {
    expect(classes([chunk({ content: "a" }, ""), chunk({}, "stop"), chunk({}, "stop")]).seen).toEqual([
      "content",
      "stop",
      "preamble",
    ]);
  });

  test("with several choices the last to finish stops", () => {
    const frames = [
      chunk({ content: "a" }),
      chunk({ content: "b" }, null, {}, 1),
      chunk({}, "stop"),
      chunk({}, "stop", {}, 1),
    ];
    const { seen } = classes(frames);
    expect(seen).toEqual(["content", "content", "preamble", "stop"]);
  });
});

describe("tool calls", () => {
  test.each<[string, readonly Uint8Array[], readonly string[]]>([
    [
      "one after another",
      [
        call(0, "a", "f"),
        call(0, undefined, undefined, '{"x":'),
        call(0, undefined, undefined, "1}"),
        call(1, "b", "g", "{}"),
        chunk({}, "tool_calls"),
      ],
      ["tool", "tool", "tool", "tool-next", "stop"],
    ],
    [
      "index always 0, other ids",
      [call(0, "a", "f", "{}"), call(0, "b", "f", "{}"), chunk({}, "stop")],
      ["tool", "tool-next", "stop"],
    ],
    [
      "no index",
      [
        call(undefined, "a", "f", '{"x"'),
        call(undefined, undefined, undefined, ":1}"),
        call(undefined, "b", "g", "{}"),
      ],
      ["tool", "tool", "tool-next"],
    ],
    [
      "no index, no id",
      [call(undefined, undefined, "f", "{}"), call(undefined, undefined, "f", "{}")],
      ["tool", "tool-next"],
    ],
    [
      "an id that changes by fragment",
      [call(0, "a", "f", '{"x":'), call(0, "b", undefined, "1}"), chunk({}, "tool_calls")],
      ["tool", "tool", "stop"],
    ],
    [
      "interleaved: nothing goes before it is whole",
      [
        call(0, "a", "f", '{"x":'),
        call(1, "b", "g", "{"),
        call(0, undefined, undefined, "1}"),
        call(1, undefined, undefined, "}"),
        chunk({}, "tool_calls"),
      ],
      ["tool", "tool", "tool", "tool", "stop"],
    ],
    [
      "a frame that ends one call and begins the next",
      [
        call(0, "a", "f", '{"x":'),
        chunk({
          tool_calls: [
            { index: 0, function: { arguments: "1}" } },
            { index: 1, id: "b", function: { name: "g", arguments: "" } },
          ],
        }),
        chunk({}, "tool_calls"),
      ],
      ["tool", "tool", "stop"],
    ],
    ["text after a whole call", [call(0, "a", "f", "{}"), text("so"), text("on")], ["tool", "tool-end", "content"]],
    [
      "text within a call",
      [call(0, "a", "f", "{"), text("so"), call(0, undefined, undefined, "}"), chunk({}, "stop")],
      ["tool", "tool", "tool", "stop"],
    ],
    [
      "call and finish at once",
      [chunk({ tool_calls: [{ id: "a", function: { name: "f", arguments: "{}" } }] }, "tool_calls")],
      ["stop"],
    ],
    [
      "a custom tool's, whose input is any text",
      [
        chunk({ tool_calls: [{ index: 0, id: "a", type: "custom", custom: { name: "f", input: "" } }] }),
        chunk({ tool_calls: [{ index: 0, custom: { input: "SELECT {" } }] }),
        chunk({}, "tool_calls"),
      ],
      ["tool", "tool", "stop"],
    ],
    ["no arguments yet when text comes", [call(0, "a", "f"), text("so"), chunk({}, "stop")], ["tool", "tool", "stop"]],
    ["half a call", [call(0, "a", "f", '{"x":'), chunk({}, "tool_calls")], ["tool", "malformed"]],
    ["half a call at the limit", [call(0, "a", "f", '{"x":'), chunk({}, "length")], ["tool", "stop"]],
    [
      "half a call within the finish",
      [call(0, "a", "f"), chunk({ tool_calls: [{ index: 0, function: { arguments: "{" } }] }, "stop")],
      ["tool", "malformed"],
    ],
    [
      "a whole call between two finishes",
      [text("a"), chunk({}, "stop"), call(0, "a", "f", "{}"), chunk({}, "tool_calls")],
      ["content", "stop", "tool-end", "preamble"],
    ],
    [
      "half a call between two finishes",
      [text("a"), chunk({}, "stop"), call(0, "a", "f", "{")],
      ["content", "stop", "malformed"],
    ],
    [
      "the old function_call",
      [
        chunk({ function_call: { name: "f", arguments: "{" } }),
        chunk({ function_call: { arguments: "}" } }),
        chunk({}, "function_call"),
      ],
      ["tool", "tool", "stop"],
    ],
  ])("%s", (_, frames, expected) => {
    const { seen, tap } = classes(frames);
    expect(seen as readonly string[]).toEqual(expected);
    expect(tap.hasContent).toBe(true);
  });
});

describe("what is no chunk", () => {
  test.each([
    [": OPENROUTER PROCESSING\n\n", "ping"],
    ["id: 1\nretry: 5\n\n", "ping"],
    ["\n\n\n", "ping"],
    ["data:\n\n", "drop"],
    [": note\ndata: \n\n", "drop"],
    ["event: ping\n\n", "drop"],
    ["data:[DONE]\r\n\r\n", "terminal"],
    ["data: [DONE] \n\n", "malformed"],
    ["data:  [DONE]\n\n", "malformed"],
    ["data: <html>\n\n", "malformed"],
    ['data: {"choices":[\n\n', "malformed"],
    ["data: 1\n\n", "malformed"],
    ["data: []\n\n", "malformed"],
    ["data: {}\n\n", "malformed"],
    ['data: {"choices":null}\n\n', "malformed"],
    ['data: {"choices":[1]}\n\n', "malformed"],
    ['data: {"choices":[{"delta":{"tool_calls":[1]}}]}\n\n', "malformed"],
    ["event: other\ndata: {}\n\n", "drop"],
    ["event: other\ndata: {\n\n", "malformed"],
    ["event: message\ndata: {}\n\n", "malformed"],
    ['event: other\ndata: {"choices":[{"delta":{"content":"x"}}]}\n\n', "content"],
    ['data: {"error":{"message":"x"},"choices":[]}\n\n', "error"],
    ['data: {"error":"x"}\n\n', "error"],
    ['event: error\ndata: {"message":"x"}\n\n', "error"],
    ['event: error\ndata: {"error":{"code":"server_is_overloaded"}}\n\n', "error"],
    ['data: {"choices":[{"index":0,"delta":{},"finish_reason":"error"}]}\n\n', "error"],
    ['data: {"choices":[],"prompt_filter_results":[]}\n\n', "preamble"],
    ['data: {"choices":[{}]}\n\n', "preamble"],
    ['event: message\ndata: {"choices":[{"delta":{"content":"x"}}]}\n\n', "content"],
  ])("%j is %s", (frame, expected) => {
    const tap = openTap({ dropUsage: false });
    expect<string>(tap.see(encode(frame))).toBe(expected);
    expect(tap.fault !== undefined).toBe(expected === "error" || expected === "malformed");
  });
});

describe("the learnt form", () => {
  const learnt = () => {
    const tap = openTap({ dropUsage: false });
    tap.see(chunk({ content: "a" }, null, { usage: null, obfuscation: "xx" }));
    tap.see(chunk({ content: "b" }, null, { usage: null, obfuscation: "y" }));
    return tap;
  };
  const raw = (content: string, filler = '"z"') =>
    encode(
      `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":${content}},"finish_reason":null}],"usage":null,"obfuscation":${filler}}\n\n`,
    );

  test.each([
    ['"x"', "content"],
    ['"\\u00e9\\n\\"\\\\"', "content"],
    ['""', "preamble"],
    ['"a\nb"', "malformed"],
    ['"a\tb"', "malformed"],
    ['"\\x"', "malformed"],
    ['"\\u12g4"', "malformed"],
    ['"x', "malformed"],
    ['"x"},"finish_reason":"stop"}],"y":[{"z":{"w":"v"', "stop"],
    ['"x","refusal":"r"', "content"],
    ["null", "preamble"],
    ['"x"}', "malformed"],
  ])("content %s is %s", (content, expected) => {
    expect<string>(learnt().see(raw(content))).toBe(expected);
  });

  test("says what a parse says, for any text", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", minLength: 1 })), (texts) => {
        const tap = learnt();
        for (const content of texts)
          expect(tap.see(raw(JSON.stringify(content), JSON.stringify(content)))).toBe("content");
      }),
    );
  });

  test("never differs from a tap without a past", () => {
    const pieces = fc.constantFrom(
      '"',
      "\\",
      "}",
      "{",
      ",",
      ":",
      "a",
      '"content":"',
      "null",
      '"},"finish_reason":"stop',
      "\n",
      "u0041",
      "[DONE]",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const frame = raw(`"${parts.join("")}"`);
        expect(learnt().see(frame)).toBe(openTap({ dropUsage: false }).see(frame));
      }),
      { numRuns: rounds(3000) },
    );
  });
});

test("arbitrary bytes never throw", () => {
  const json = fc.jsonValue().map((value) => encode(`data: ${JSON.stringify({ choices: value })}\n\n`));
  const delta = fc
    .jsonValue()
    .map((value) =>
      encode(`data: ${JSON.stringify({ choices: [{ delta: value, finish_reason: value }], usage: value })}\n\n`),
    );
  const tools = fc
    .jsonValue()
    .map((value) =>
      encode(`data: ${JSON.stringify({ choices: [{ delta: { tool_calls: [value, { function: value }] } }] })}\n\n`),
    );
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), json, delta, tools)), (frames) => {
      const tap = openTap({ dropUsage: true });
      for (const frame of frames) tap.see(frame);
    }),
    { numRuns: rounds(500) },
  );
});

describe("where a stream could be gone on with", () => {
  const seamOf = (frames: readonly Uint8Array[], toolOpen: boolean) => {
    const tap = openTap({ dropUsage: false, follow: true });
    for (const frame of frames) tap.see(frame);
    return tap.seam(toolOpen);
  };

  test("all text in order, recognised or read", () => {
    const pieces = ["a", " b", '\\\n"é🪨', " c", " c", "d"];
    expect(seamOf([chunk({ role: "assistant", content: "" }), ...pieces.map(text)], false)).toMatchObject({
      text: pieces.join(""),
      native: false,
      toolCalls: 0,
    });
  });

  test("text that waits beside an open call was not shown: nobody goes on from it", () => {
    const open = [text("a"), call(0, "1", "f", '{"a"')];
    expect(seamOf(open, true)).toMatchObject({ text: "a", native: false, toolCalls: 0 });
    expect(seamOf([...open, text("b")], true)).toMatchObject({ native: true });
    const closed = [...open, text("b"), call(0, undefined, undefined, ":1}"), chunk({}, "tool_calls")];
    expect(seamOf(closed, false)).toMatchObject({ native: false, toolCalls: 1 });
  });
});
