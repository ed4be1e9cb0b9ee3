import { expect, test } from "bun:test";
import fc from "fast-check";
import { ToolInput } from "./tool-input.ts";

const encoder = new TextEncoder();

test("pieces, escaped or not, in any mixture, are judged as their whole is", () => {
  const piece = fc.tuple(fc.string({ unit: "binary", maxLength: 70 }), fc.boolean());
  const json = fc.jsonValue().map((value) => JSON.stringify({ value }));
  const cutJson = fc.tuple(json, fc.array(fc.nat(40)), fc.boolean()).map(([text, cuts, isEscaped]) => {
    const at = cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b);
    return [0, ...at].map((from, i) => [text.slice(from, at[i] ?? text.length), isEscaped !== (i % 2 === 0)] as const);
  });
  fc.assert(
    fc.property(fc.oneof(fc.array(piece), cutJson), (pieces) => {
      const input = new ToolInput();
      for (const [text, isEscaped] of pieces) {
        const bytes = encoder.encode(JSON.stringify(text));
        if (isEscaped) input.addEscaped(bytes, 1, bytes.length - 2);
        else input.addText(text);
      }
      expect(input.close({}) !== undefined).toBe(isObjectOrNothing(pieces.map(([text]) => text).join("")));
      // What was is forgotten.
      expect(input.close({ a: 1 })).toEqual({ a: 1 });
    }),
  );
});

function isObjectOrNothing(text: string): boolean {
  if (text === "") return true;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

test("more than 16 MB is too long", () => {
  const input = new ToolInput();
  const bytes = new Uint8Array(1024 * 1024).fill(0x20);
  for (let i = 0; i < 16; i++) input.addEscaped(bytes, 0, bytes.length);
  expect(input.isTooLong).toBe(false);
  input.addText(" ");
  expect(input.isTooLong).toBe(true);
});
