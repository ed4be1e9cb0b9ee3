// Verdicts on whole replies, and the small answers of the wire half.

import { describe, expect, test } from "bun:test";
import { openaiChat } from "./dialect.ts";

const { wire } = openaiChat;
const encode = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("judge", () => {
  const call = (maxTokens?: number) => ({
    operation: "generate" as const,
    inspected: {
      model: "m",
      stream: false,
      thinks: false,
      modelSpan: { start: 0, end: 0 },
      ...(maxTokens !== undefined && { maxTokens }),
    },
  });
  const whole = (message: object, finish: unknown = "stop", more: object = {}) => ({
    choices: [{ index: 0, message, finish_reason: finish }],
    ...more,
  });

  test.each<[unknown, string | undefined]>([
    [whole({ content: "x" }), undefined],
    [whole({ content: [{ type: "text", text: "x" }] }), undefined],
    [whole({ content: null, refusal: "no" }), undefined],
    [whole({ content: null, tool_calls: [{ id: "a", function: { name: "f" } }] }), undefined],
    [whole({ content: "x", tool_calls: [{ id: "a", function: { name: "", arguments: "{}" } }] }), "malformed-reply"],
    [whole({ content: "x", tool_calls: [1] }), "malformed-reply"],
    [whole({ content: null, tool_calls: [{ id: "a", custom: { name: "f", input: "any {" } }] }), undefined],
    [whole({ content: null, function_call: { name: "f", arguments: "{" } }, "function_call"), "malformed-reply"],
    [whole({ content: "" }, "content_filter"), undefined],
    [whole({ content: "" }, "length"), "empty-reply"],
    [whole({ content: "" }, "length", { usage: { completion_tokens: 7 } }), undefined],
    [whole({ content: "" }, "length", { usage: { completion_tokens: 0 } }), "empty-reply"],
    [whole({ content: "" }), "empty-reply"],
    [whole({ content: null, tool_calls: [] }), "empty-reply"],
    [{ choices: [] }, "empty-reply"],
    [whole({ content: "x" }, null), "malformed-reply"],
    [whole({ content: "x" }, ""), "malformed-reply"],
    [whole({ content: "x" }, "error"), "server-error"],
    [{ choices: [{ finish_reason: "stop" }] }, "malformed-reply"],
    [{ object: "chat.completion" }, "malformed-reply"],
    [{ error: { code: "server_is_overloaded" } }, "overloaded"],
    [{ object: "error", type: "rate_limit_error" }, "rate-limited"],
    [[1], "malformed-reply"],
    ["<!doctype html><p>SECRET", "malformed-reply"],
    ["SECRET", "malformed-reply"],
    ["", "malformed-reply"],
  ])("%j is %s", (body, kind) => {
    const { fault } = wire.judge(encode(body), call());
    expect<unknown>(fault?.kind).toBe(kind);
    expect(fault?.message ?? "").not.toContain("SECRET");
  });

  test.each<[unknown, string, string | undefined]>([
    ['{"a":1}', "stop", undefined],
    [{ a: 1 }, "tool_calls", undefined],
    ["", "tool_calls", undefined],
    [undefined, "tool_calls", undefined],
    ['{"a":', "tool_calls", "malformed-reply"],
    ['{"a":', "stop", "malformed-reply"],
    ["[1]", "tool_calls", "malformed-reply"],
    ['{"a":1}{"a":1}', "tool_calls", "malformed-reply"],
    ['{"a":', "length", undefined],
    ['{"a":', "content_filter", undefined],
  ])("a call with arguments %j that finished with %s is %s", (args, finish, kind) => {
    const calls = [{ id: "a", function: { name: "f", arguments: args } }];
    const { fault } = wire.judge(encode(whole({ content: null, tool_calls: calls }, finish)), call());
    expect<unknown>(fault?.kind).toBe(kind);
  });

  test("a call for 0 tokens may come back empty", () => {
    expect(wire.judge(encode(whole({ content: "" })), call(0)).fault).toBeUndefined();
  });

  test("embeddings", () => {
    const embed = { ...call(), operation: "embed" as const };
    expect(wire.judge(encode({ data: [{ embedding: [1] }], usage: { prompt_tokens: 4 } }), embed)).toEqual({
      usage: { inputTokens: 4 },
    });
    expect(wire.judge(encode({ data: [] }), embed).fault?.kind).toBe("empty-reply");
    expect(wire.judge(encode({}), embed).fault?.kind).toBe("malformed-reply");
  });
});

describe("small things of the wire", () => {
  test.each([
    ['data: {"a":1}\n\n', 'data: {"holdfast":{"x":1},"a":1}\n\n'],
    [": c\n\r\nevent: e\ndata:{}\n\n", ': c\n\r\nevent: e\ndata:{"holdfast":{"x":1}}\n\n'],
    ["data: [DONE]\n\n", "data: [DONE]\n\n"],
    [": ping\n\n", ": ping\n\n"],
  ])("annotate %j", (frame, expected) => {
    expect(decode(wire.annotate(encode(frame), { x: 1 }))).toBe(expected);
  });

  test("headers that pass", () => {
    const headers = {
      "x-request-id": "r",
      "openai-version": "v",
      "x-ratelimit-limit-tokens": "1",
      "retry-after": "1",
      "x-should-retry": "true",
      "set-cookie": "c",
      "content-length": "1",
      "x-request-id-2": "n",
    };
    expect(wire.passHeaders(headers)).toEqual({
      "x-request-id": "r",
      "openai-version": "v",
      "x-ratelimit-limit-tokens": "1",
    });
  });
});
