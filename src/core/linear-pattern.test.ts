import { expect, test } from "bun:test";
import { linearPattern } from "./linear-pattern.ts";

const TEXTS = [
  "",
  "a",
  "abc",
  "ab12",
  "foo bar",
  "2026-11-27",
  "a@b.co",
  "ÄÖ",
  "日本",
  "😀x",
  "a\nb",
  "aaa",
  "xaab",
  "-",
  "A_1 ",
];
const PATTERNS = [
  "",
  "a",
  "^a$",
  "a|b",
  "^(?:ab|cd)*$",
  "^\\d{4}-\\d{2}-\\d{2}$",
  "^[a-z]+@[a-z]+\\.[a-z]{2,}$",
  "\\bfoo\\b",
  "o\\B",
  "^.{2}$",
  "^.*$",
  "[^a-c]",
  "^\\p{Lu}+$",
  "a{2}",
  "^a{2,}$",
  "^a{0,2}$",
  "(a+)+$",
  "^(?<n>a|b)+?$",
  "\\s",
  "^[\\w.-]+$",
  "x*",
  "^$",
  "\\u0061b",
  "[\\]a]",
  "\\x61{3}",
  "(?:)",
  "(|a)b",
  "^(a*)*$",
  "^(a|ab)(c|bcd)?$",
];

test.each(PATTERNS)("%p finds what JavaScript's own expression finds", (source) => {
  const pattern = linearPattern(source);
  if ("wrong" in pattern) throw new Error(pattern.wrong);
  const own = new RegExp(source, "u");
  for (const text of TEXTS) expect([text, pattern.test(text, { steps: 1e6 })]).toEqual([text, own.test(text)]);
});

test.each([
  ["(?=a)", "looks ahead"],
  ["(?<!a)b", "looks ahead or behind"],
  ["(a)\\1", "refers back"],
  ["(?<n>a)\\k<n>", "refers back"],
  ["(", "no regular expression"],
  ["(?:a{1000}){9}", "states"],
  ["((((a{99}){99}){99}){99}){99}", "states"],
  ["(?i:a)", "flags"],
  ["x".repeat(3_000), "longer"],
])("%p is refused with the reason", (source, why) => {
  const pattern = linearPattern(source);
  expect("wrong" in pattern && pattern.wrong).toContain(why);
});

test("what takes a backtracking matcher forever takes a few steps for each character, or ends with the budget", () => {
  const budget = { steps: 1e6 };
  const evil = linearPattern("^(a+)+$");
  if ("wrong" in evil) throw new Error(evil.wrong);
  expect(evil.test(`${"a".repeat(5_000)}!`, budget)).toBe(false);
  expect(1e6 - budget.steps).toBeLessThan(60_000);
  expect(evil.test("a".repeat(5_000), { steps: 100 })).toBeUndefined();
  // Counts of nothing, and of what may be nothing, are no work either.
  for (const source of [`${"(".repeat(6)}a{0}${"){9999}".repeat(6)}`, `${"(?:".repeat(9)}a?${"){0,9999}".repeat(9)}`]) {
    const startMs = performance.now();
    linearPattern(source);
    expect(performance.now() - startMs).toBeLessThan(200);
  }
});
