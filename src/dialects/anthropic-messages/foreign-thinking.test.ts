import { describe, expect, test } from "bun:test";
import { foreignSignature, HALF_SIGNATURE, isForeignThinking, withoutForeignThinking } from "./foreign-thinking.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const ours = (thinking: string) => ({ type: "thinking", thinking, signature: foreignSignature(thinking) });
const THEIRS = { type: "thinking", thinking: "hm", signature: "EqQBCgYIAxgCIkD" };
const SAID = { type: "text", text: "so ~hf1.x" };
const stripped = (body: string) => decoder.decode(withoutForeignThinking(encoder.encode(body)));

/** A request in the bytes of one who indents. */
const asked = (...content: readonly object[]) =>
  JSON.stringify(
    {
      model: "m",
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content },
      ],
      x: 1.0,
    },
    null,
    1,
  );

describe("withoutForeignThinking", () => {
  test.each([
    ["first", [ours("a"), SAID], [SAID]],
    ["last", [SAID, ours("a")], [SAID]],
    ["between", [THEIRS, ours("a"), SAID], [THEIRS, SAID]],
    ["the only one", [ours("a")], []],
    ["two at the end", [SAID, ours("a"), ours("b")], [SAID]],
    ["two at the beginning", [ours("a"), ours("b"), SAID], [SAID]],
    ["half of another's", [{ ...THEIRS, signature: HALF_SIGNATURE }, SAID], [SAID]],
    ["nothing else", [ours("a"), ours("b"), ours("c")], []],
    ["apart", [ours("a"), SAID, ours("b"), THEIRS, ours('ü"\\')], [SAID, THEIRS]],
  ] as const)("%s", (_, content, expected) => {
    expect(JSON.parse(stripped(asked(...content))).messages[1].content).toEqual([...expected]);
    expect(JSON.parse(stripped(JSON.stringify(JSON.parse(asked(...content))))).messages[1].content).toEqual([
      ...expected,
    ]);
  });

  test.each([
    ["a block of Anthropic's", [THEIRS]],
    ["a mark that does not belong to its text", [{ ...ours("a"), thinking: "b" }]],
    ["the mark in a text", [{ type: "text", text: foreignSignature("a") }]],
    ["a block of ours inside a tool's result", [{ type: "tool_result", tool_use_id: "t", content: [ours("a")] }]],
    ["a block of ours inside a tool's input", [{ type: "tool_use", id: "t", name: "f", input: ours("a") }]],
  ])("%s stays, byte for byte", (_, content) => {
    const body = encoder.encode(asked(...content));
    expect(withoutForeignThinking(body)).toBe(body);
  });

  test("every other byte stays", () => {
    const body =
      '{ "messages":[ {"role":"assistant", "content" : [  1.0 ,  @ ,{"type":"text","text":"\\u00e9"} ] } ] , "n": 1e0}';
    expect(stripped(body.replace("@", JSON.stringify(ours("x"))))).toBe(body.replace("@ ,", ""));
  });

  test("a body that is no request is left as it is", () => {
    for (const text of ["", '"~hf1.', '{"messages":"~hf1."}', '{"messages":[["~hf1."]]}', '["~hf"]'])
      expect(stripped(text)).toBe(text);
  });
});

test("a block is ours by its text, its kind and its mark", () => {
  expect(isForeignThinking(ours("a"))).toBe(true);
  expect(isForeignThinking({ ...ours("a"), type: "text" })).toBe(false);
  expect(isForeignThinking({ type: "thinking", thinking: "a" })).toBe(false);
});
