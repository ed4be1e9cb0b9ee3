import { expect, test } from "bun:test";
import { durationText, parseDuration, parseMoney, parseShare } from "./units.ts";

test("durations", () => {
  const table = {
    "500ms": 500,
    "8s": 8_000,
    "5m": 300_000,
    "1h": 3_600_000,
    "7d": 604_800_000,
    "1.5s": 1_500,
    " 2s ": 2_000,
    "0": 0,
  };
  for (const [text, ms] of Object.entries(table)) expect(parseDuration(text)).toBe(ms);
  for (const wrong of ["", "5", "5 s", "-5s", "s", "5sec", "1e3s", "5S", 5, null, true, []]) {
    expect(parseDuration(wrong)).toBeUndefined();
  }
});

test("shares", () => {
  expect(parseShare("2%")).toBe(0.02);
  expect(parseShare("99.9%")).toBeCloseTo(0.999);
  for (const wrong of ["2", "101%", "-1%", "%", 0.02]) expect(parseShare(wrong)).toBeUndefined();
});

test("money", () => {
  expect(parseMoney("0.40usd")).toBe(0.4);
  expect(parseMoney("0.50usd/day", true)).toBe(0.5);
  for (const wrong of ["0.40", "0.40eur", "$3", "0.50usd/day", 3]) expect(parseMoney(wrong)).toBeUndefined();
  expect(parseMoney("0.50usd", true)).toBeUndefined();
});

for (const [ms, text] of [
  [0, "0ms"],
  [250, "250ms"],
  [1_000, "1s"],
  [1_500, "1.5s"],
  [419_600, "419.6s"],
  [90_000, "90s"],
  [600_000, "10m"],
  [86_400_000, "1d"],
] as const) {
  test(`${ms} ms is written ${text}, and read so`, () => {
    expect(durationText(ms)).toBe(text);
    expect(parseDuration(text)).toBe(ms);
  });
}
