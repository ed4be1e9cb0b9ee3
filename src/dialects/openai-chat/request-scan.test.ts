// What the scan of a Chat request finds and refuses, and that a patch changes nothing else.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Inspected } from "../../core/call.ts";
import { isFault } from "../../core/fault.ts";
import { inspect, patch } from "./request-scan.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const MESSAGES = '"messages":[{"role":"user","content":"hi"}]';

function good(text: string): Inspected {
  const got = inspect(encode(text), "generate");
  if (isFault(got)) throw new Error(got.message);
  return got;
}

describe("inspect", () => {
  test("reads what the path needs", () => {
    const text = `{"model":"m",${MESSAGES},"stream":true,"max_tokens":5,"stream_options":{"include_usage":true},"reasoning_effort":"low"}`;
    const got = good(text);
    expect(got).toMatchObject({ model: "m", stream: true, maxTokens: 5, thinks: true });
    expect(got.streamOptions?.includeUsage).toBe(true);
    expect(text.slice(got.modelSpan.start, got.modelSpan.end)).toBe('"m"');
  });

  test.each([
    [`"stream":null`, { stream: false, thinks: false }],
    [`"max_tokens":1,"max_completion_tokens":2`, { maxTokens: 2 }],
    [`"max_tokens":0`, { maxTokens: 0 }],
    [`"max_tokens":7,"max_completion_tokens":null`, { maxTokens: 7 }],
    [`"reasoning_effort":"none"`, { thinks: false }],
    [`"reasoning_effort":null`, { thinks: false }],
    [`"n":2`, { choices: 2 }],
    [`"n":null`, { stream: false }],
  ])("%s", (more, expected) => {
    expect(good(`{"model":"m",${MESSAGES},${more}}`)).toMatchObject(expected);
  });

  test.each([
    ["{}", "model", "Missing required parameter: 'model'."],
    ['{"model":1}', "model", "non-empty string"],
    ['{"model":""}', "model", "non-empty string"],
    [`{"model":"${"m".repeat(257)}",${MESSAGES}}`, "model", "at most 256 characters"],
    [`{"model":'m',${MESSAGES}}`, undefined, "a value is expected"],
    [`{"model":m,${MESSAGES}}`, "model", "not JSON"],
    ...["stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "reasoning_effort"].map(
      (key) => [`{"model":"m",${MESSAGES},"${key}":True}`, key, "not JSON"] as const,
    ),
    [`{"model":"m",${MESSAGES},"stream_options":{"include_usage":True}}`, "stream_options", "not JSON"],
    ['{"model":"m"}', "messages", "Missing required parameter: 'messages'."],
    ['{"model":"m","messages":[ \n]}', "messages", "non-empty array"],
    ['{"model":"m","messages":"hi"}', "messages", "non-empty array"],
    [`{"model":"m",${MESSAGES},"stream":"yes"}`, "stream", "a boolean"],
    [`{"model":"m",${MESSAGES},"n":0}`, "n", "at least 1"],
    [`{"model":"m",${MESSAGES},"max_tokens":1.5}`, "max_tokens", "an integer"],
    [`{"model":"m",${MESSAGES},"max_completion_tokens":"9"}`, "max_completion_tokens", "an integer"],
    [`{"model":"m",${MESSAGES},"model":"x"}`, "model", "twice"],
    [`{"model":"m",${MESSAGES},"str\\u0065am":true}`, "stream", "without escapes"],
    ["[1]", undefined, "at byte 0"],
    ["", undefined, "empty"],
  ])("refuses %s", (text, param, says) => {
    const got = inspect(encode(text), "generate");
    if (!isFault(got)) throw new Error("accepted");
    expect(got.kind).toBe("invalid-request");
    expect<unknown>(got.param).toBe(param);
    expect(got.message).toContain(says);
  });

  test.each([
    ["Latin-1", [0xe4]],
    ["a cut character", [0xe2, 0x82]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
  ])("refuses bytes that are no UTF-8: %s", (_, wrong) => {
    for (const [operation, prompt] of [
      ["generate", '"messages":["'],
      ["embed", '"input":["'],
    ] as const) {
      const body = Uint8Array.from([...encode(`{"model":"m",${prompt}`), ...wrong, ...encode('"]}')]);
      expect(inspect(body, operation)).toMatchObject({
        kind: "invalid-request",
        message: expect.stringContaining("UTF-8"),
      });
    }
    expect(inspect(encode(`\uFEFF{"model":"m",${MESSAGES}}`), "generate")).toMatchObject({ kind: "invalid-request" });
  });

  test("embeddings need an input, and no messages", () => {
    expect(inspect(encode('{"model":"e","input":["a"],"stream":1}'), "embed")).toMatchObject({
      model: "e",
      stream: false,
    });
    expect(inspect(encode('{"model":"e"}'), "embed")).toMatchObject({ kind: "invalid-request", param: "input" });
  });
});

describe("patch", () => {
  const patched = (text: string, edits: Parameters<typeof patch>[2]) => decode(patch(encode(text), good(text), edits));

  test("gives the body itself when there is nothing to change", () => {
    const text = `{"model":"m",${MESSAGES},"stream":true,"stream_options":{"include_usage":true}}`;
    const body = encode(text);
    expect(patch(body, good(text), { model: "m", includeUsage: true })).toBe(body);
    expect(patch(body, good(text), {})).toBe(body);
  });

  test.each([
    [`{"model":"m",${MESSAGES}}`, `{"model":"n \\"",${MESSAGES}}`],
    [
      `{"model":"m",${MESSAGES},"stream":true}`,
      `{"stream_options":{"include_usage":true},"model":"n \\"",${MESSAGES},"stream":true}`,
    ],
    [
      `{"stream_options":null,"model":"m",${MESSAGES},"stream":true}`,
      `{"stream_options":{"include_usage":true},"model":"n \\"",${MESSAGES},"stream":true}`,
    ],
    [
      `{"model":"m",${MESSAGES},"stream":true,"stream_options":{"include_usage":false,"x":1} }`,
      `{"model":"n \\"",${MESSAGES},"stream":true,"stream_options":{"include_usage":true,"x":1} }`,
    ],
    [`{"model":"m",${MESSAGES},"stream_options":{}}`, `{"model":"n \\"",${MESSAGES},"stream_options":{}}`],
  ])("%s", (before, after) => {
    expect(patched(before, { model: 'n "', includeUsage: true })).toBe(after);
  });

  test("leaves all other bytes, whatever they are", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: "grapheme" }), fc.boolean(), (extra, content, stream) => {
        const text = JSON.stringify({ x: extra, model: "m", messages: [{ role: "user", content }], stream }, null, 1);
        const out = patched(text, { model: "other" });
        expect(out).toBe(text.replace('"model": "m"', '"model": "other"'));
        expect(JSON.parse(patched(text, { includeUsage: true })).stream_options).toEqual(
          stream ? { include_usage: true } : undefined,
        );
      }),
    );
  });
});
