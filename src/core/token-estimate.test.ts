import { expect, test } from "bun:test";
import { TOKENS_PER_BYTE_MAX, tokensAtLeast } from "./token-estimate.ts";

const encoder = new TextEncoder();
const tokens = (text: string) => tokensAtLeast(encoder.encode(text));

// The numbers of tokens are those of common tokenizers (o200k, cl100k) for such text; the estimate stays below, and above half.
test.each([
  ["English prose", "The quick brown fox jumps over the lazy dog, and then it sleeps. ".repeat(200), 15 * 200],
  ["code", "  for (let i = 0; i < items.length; i++) total += items[i].price;\n".repeat(200), 20 * 200],
  ["Chinese", "我们今天去海边看海带和潮水的变化。".repeat(200), 14 * 200],
  ["Russian", "Сегодня мы идём к морю смотреть прилив. ".repeat(200), 12 * 200],
  ["JSON with escapes", "\\u6211\\u4eec\\u4eca\\u5929".repeat(500), 4 * 0.75 * 500],
])("%s: less than there are, and not much less", (_, text, real) => {
  expect(tokens(text)).toBeLessThanOrEqual(real);
  expect(tokens(text)).toBeGreaterThan(real / 2.7);
});

test("pictures count for nothing, wherever they stand", () => {
  const picture = "iVBORw0KGgo".repeat(100_000);
  expect(tokens(`{"a":"${picture}"}`)).toBeLessThan(3_000);
});

test("a byte is never worth more than what spares the look", () => {
  for (const text of ["a", "!", "é", "我", "😀", "\\u6211", "\\n"]) {
    const bytes = encoder.encode(text.repeat(5_000));
    expect(tokensAtLeast(bytes)).toBeLessThanOrEqual(bytes.length * TOKENS_PER_BYTE_MAX);
  }
});

test("ten megabytes take no longer than a hundred kilobytes", () => {
  const body = encoder.encode("some words of a prompt, ".repeat(450_000));
  const startMs = performance.now();
  expect(tokensAtLeast(body)).toBeGreaterThan(1_500_000);
  expect(performance.now() - startMs).toBeLessThan(50);
  expect(tokensAtLeast(new Uint8Array(0))).toBe(0);
});
