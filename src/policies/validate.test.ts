import { expect, test } from "bun:test";
import { createValidation } from "./validate.ts";

const schema = { type: "object", required: ["a"] };

test.each([
  [{ minLength: 3 }, "abc", undefined],
  [{ minLength: 3 }, "ab", "shorter than the 3"],
  [{ minLength: 3 }, "", "shorter than the 3"],
  [{ pattern: "^\\d+$" }, "12", undefined],
  [{ pattern: "^\\d+$" }, "12a", "pattern"],
  [{ pattern: "^(a+)+$" }, `${"a".repeat(50_000)}!`, "pattern"],
  [{ jsonSchema: schema }, ' {"a":1} ', undefined],
  [{ jsonSchema: schema }, '{"b":1}', "lacks a"],
  [{ jsonSchema: schema }, "Sure: {}", "no JSON"],
  [{ jsonSchema: { $ref: "#" } }, "{}", undefined],
  [{ minLength: 2, pattern: "b" }, "aa", "pattern"],
] as const)("%j with %p", (settings, text, expected) => {
  const found = createValidation(settings)({ text, called: false });
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toMatchObject({ kind: "useless-reply", message: expect.stringContaining(expected) });
});

test("an answer that calls a tool is not judged by its text", () => {
  expect(createValidation({ minLength: 10, jsonSchema: schema })({ text: "", called: true })).toBeUndefined();
});
