// Whether a piece stands in bytes, at every length and place around the four that are looked at together.

import { expect, test } from "bun:test";
import { standsAt } from "./bytes.ts";

const BYTES = Uint8Array.from({ length: 24 }, (_, at) => (at * 37 + 11) & 0xff);

test("a piece stands where it was cut from, and with one bit changed it does not", () => {
  for (let at = 0; at < 8; at++) {
    for (let length = 0; length <= 13; length++) {
      const piece = BYTES.slice(at, at + length);
      expect(standsAt(BYTES, at, piece)).toBe(true);
      for (let place = 0; place < length; place++) {
        for (const bit of [1, 0x80]) {
          const other = piece.slice();
          other[place] = (other[place] ?? 0) ^ bit;
          expect(standsAt(BYTES, at, other)).toBe(false);
        }
      }
    }
  }
});

test("what is longer than the rest does not stand there, whatever it is", () => {
  const zeros = new Uint8Array(4);
  for (let at = 0; at < 8; at++) expect(standsAt(zeros, at, new Uint8Array(5))).toBe(false);
  expect(standsAt(zeros, 4, new Uint8Array(0))).toBe(true);
  expect(standsAt(zeros, 5, new Uint8Array(0))).toBe(false);
});
