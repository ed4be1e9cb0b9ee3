import { expect, test } from "bun:test";
import { createUserHash } from "./end-user.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, index) => index);

// Vectors of the reference implementation (https://github.com/veorq/SipHash, vectors.h): the input is 0, 1, 2, …
for (const [length, hash] of [
  [0, "726fdb47dd0e0e31"],
  [1, "74f839c593dc67fd"],
  [7, "ab0200f58b01d137"],
  [8, "93f5f5799a932462"],
  [15, "a129ca6149be45e5"],
] as const) {
  test(`SipHash-2-4 of ${length} bytes`, () => {
    const input = String.fromCharCode(...Array.from({ length }, (_, index) => index));
    expect(createUserHash(KEY)(input)).toBe(hash);
  });
}

test("another key, another hash", () => {
  expect(createUserHash(new Uint8Array(16))("ada")).not.toBe(createUserHash(KEY)("ada"));
});
