// A name is what its bytes say, whatever was remembered before it.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { replaceSpan, splice } from "./json-span.ts";
import { nameAt, nameJson } from "./name-memo.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const name = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: "grapheme" }), fc.constantFrom("m", "claude-x"));

test("names are read and written as JSON, first and again", () => {
  fc.assert(
    fc.property(name, fc.nat(9), (text, before) => {
      const json = encode(JSON.stringify(text));
      const body = Uint8Array.from([...encode(" ".repeat(before)), ...json, 0x2c]);
      const span = { start: before, end: before + json.length };
      for (let i = 0; i < 2; i++) {
        expect(nameAt(body, span)).toBe(text);
        expect(nameJson(text)).toEqual(json);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("what is no name is read as what it is, and what is no JSON not at all", () => {
  const of = (text: string) => nameAt(encode(text), { start: 0, end: text.length });
  expect(["1", "null", '{"a":1}', '"\\u0061"'].map(of)).toEqual([1, null, { a: 1 }, "a"]);
  expect(["m", '"\t"', '"\\x"'].map(of)).toEqual([undefined, undefined, undefined]);
});

test("one span is replaced as several are", () => {
  const size = fc.nat(120);
  fc.assert(
    fc.property(size, size, size, size, (head, old, tail, fresh) => {
      const body = Uint8Array.from({ length: head + old + tail }, (_, i) => i & 0xff);
      const edit = { span: { start: head, end: head + old }, bytes: new Uint8Array(fresh).fill(7) };
      expect(replaceSpan(body, edit.span, edit.bytes)).toEqual(splice(body, [edit]));
    }),
  );
});
