// What may be copied from one JSON into another as it stands: just what `JSON.stringify` would write.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { rounds } from "../../test/support/effort.ts";
import { plainBodyEnd, stringBodyEnd } from "./json-string.ts";

const encoder = new TextEncoder();
const inside = (text: string) => encoder.encode(JSON.stringify(text).slice(1));

test.each([
  ["words", "so it holds"],
  ["nothing", ""],
  ["escapes", 'say "hold"\\\n\r\t\b\f'],
  ["two, three and four bytes", "é\u07ff\u0800海\ud7ff\ue000\uffff🪨\u{10ffff}"],
  ["line ends of JavaScript", "a\u2028b\u2029"],
  ["a byte order mark and DEL", "\ufeff\u007f"],
])("plain: %s", (_, text) => {
  const bytes = inside(text);
  expect(plainBodyEnd(bytes, 0)).toBe(bytes.length - 1);
});

test.each<[string, readonly (string | number)[]]>([
  ["an escape that is not needed", ["\\u00e9"]],
  ["a pair of surrogates as escapes", ["\\ud83e\\udea8"]],
  ["half a pair", ["\\ud83e"]],
  ["a slash behind a backslash", ["\\/"]],
  ["a bare control character", [0x1f]],
  ["an unknown escape", ["\\x"]],
  ["an overlong form of two bytes", [0xc1, 0xbf]],
  ["an overlong form of three bytes", [0xe0, 0x9f, 0xbf]],
  ["an overlong form of four bytes", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["a surrogate in UTF-8", [0xed, 0xa0, 0x80]],
  ["beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
  ["a first byte that is none", [0xf5, 0x80, 0x80, 0x80]],
  ["a byte that follows nothing", ["a", 0x80]],
  ["a character without its last byte", [0xe6, 0xb5]],
  ["a character whose third byte is none", [0xf0, 0x9f, "a", 0xa8]],
])("not plain: %s", (_, parts) => {
  const bytes = Uint8Array.from(
    [...parts, '"'].flatMap((part) => (typeof part === "number" ? part : [...encoder.encode(part)])),
  );
  expect(plainBodyEnd(bytes, 0)).toBe(-1);
});

test("a string without its end is none", () => {
  expect(plainBodyEnd(encoder.encode("abc"), 0)).toBe(-1);
  expect(plainBodyEnd(encoder.encode("abc\\"), 0)).toBe(-1);
});

test("what is plain is what would be written, whatever the bytes", () => {
  // Dense in what matters: quotes, backslashes, escapes, first and further bytes of characters.
  const byte = fc.oneof(
    fc.constantFrom(...[...'"\\/u0bnDd8eE'].map((char) => char.charCodeAt(0))),
    fc.constantFrom(0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xef, 0xbb),
    fc.integer({ min: 0, max: 255 }),
  );
  const check = (bytes: Uint8Array): void => {
    const end = plainBodyEnd(bytes, 0);
    if (end < 0) return;
    expect(stringBodyEnd(bytes, 0)).toBe(end);
    const text: unknown = JSON.parse(
      `"${new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, end))}"`,
    );
    expect(encoder.encode(JSON.stringify(text))).toEqual(Uint8Array.from([0x22, ...bytes.subarray(0, end + 1)]));
  };
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), (bytes) => check(Uint8Array.from([...bytes, 0x22]))),
    {
      numRuns: rounds(5_000),
    },
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => check(inside(text))),
    { numRuns: rounds(2_000) },
  );
});
