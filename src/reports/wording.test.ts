import { expect, test } from "bun:test";
import { countText, msText, shareText, usdText } from "./wording.ts";

const plain = (text: string) => text.replaceAll("\u202f", " ");

for (const [share, text] of [
  [1, "100 %"],
  [0.5, "50.00 %"],
  [0, "0.00 %"],
  [0.999, "99.90 %"],
  [0.9999, "99.99 %"],
  [0.99996, "99.996 %"],
  [0.999999, "99.9999 %"],
  [0.999999999, ">99.9999 %"],
  [undefined, "unknown"],
] as const) {
  test(`a share of ${share}: ${text}`, () => expect(plain(shareText(share))).toBe(text));
}

for (const [usd, text] of [
  [0, "$0"],
  [0.000012, "$0.000012"],
  [0.0123, "$0.012"],
  [0.999, "$1.00"],
  [1234.5, "$1 234.50"],
  [-2.5, "-$2.50"],
  [undefined, "unknown"],
] as const) {
  test(`${usd} dollars: ${text}`, () => expect(plain(usdText(usd))).toBe(text));
}

test("counts and times", () => {
  expect([999, 1_000, 12_345_678].map(countText).map(plain)).toEqual(["999", "1 000", "12 345 678"]);
  expect([0.4, 950, 12_345, 600_000].map(msText).map(plain)).toEqual(["0 ms", "950 ms", "12.3 s", "10 min"]);
});
