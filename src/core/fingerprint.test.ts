import { expect, test } from "bun:test";
import fc from "fast-check";
import { fingerprint } from "./fingerprint.ts";

const encode = (text: string) => new TextEncoder().encode(text);

test("sixteen hex digits and the length, the same for the same bytes wherever they lie", () => {
  const bytes = encode("the tide comes in");
  expect(fingerprint(bytes)).toMatch(/^[0-9a-f]{16}\.17$/);
  for (let offset = 0; offset < 5; offset++) {
    const elsewhere = new Uint8Array(64);
    elsewhere.set(bytes, offset);
    expect(fingerprint(elsewhere.subarray(offset, offset + bytes.length))).toBe(fingerprint(bytes));
  }
});

test("small bytes and large ones are read alike", () => {
  // Of a view that begins at an odd place, and of words put together byte by byte: golden values of both.
  const text = "the tide comes in, the tide goes out; ".repeat(20);
  expect(fingerprint(encode(text.slice(0, 512)))).toBe("abc742581b1605d4.512");
  expect(fingerprint(encode(text.slice(0, 517)))).toBe("95d791e856adbd2d.517");
});

test("one changed byte, at any place, is another fingerprint", () => {
  const bytes = encode("0123456789abcdefghi");
  const seen = new Set([fingerprint(bytes)]);
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [1, 128]) {
      const changed = bytes.slice();
      changed[at] = bytes[at]! ^ bit;
      seen.add(fingerprint(changed));
    }
  }
  expect(seen.size).toBe(1 + bytes.length * 2);
});

test("lengths never meet, not even of nothing", () => {
  const seen = new Set(Array.from({ length: 40 }, (_, length) => fingerprint(new Uint8Array(length))));
  expect(seen.size).toBe(40);
});

test("no two of many similar bodies meet", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 20_000; i++) seen.add(fingerprint(encode(`{"model":"m","messages":[{"content":"${i}"}]}`)));
  expect(seen.size).toBe(20_000);
});

test("different bytes, different fingerprints", () => {
  const bytes = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(fingerprint(a) === fingerprint(b)).toBe(Buffer.compare(a, b) === 0);
    }),
  );
});
