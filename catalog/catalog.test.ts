import { expect, test } from "bun:test";
import { MODELS, maxOutputTokens } from "./models.ts";
import { PROVIDERS } from "./providers.ts";

test("every entry has a source and the day it was verified", () => {
  for (const entry of [...MODELS, ...Object.values(PROVIDERS)]) {
    expect(entry.source.length).toBeGreaterThan(10);
    expect(entry.verified).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  }
});

test("urls are as the vendor's SDK takes them, without a closing slash", () => {
  for (const { url, dialect } of Object.values(PROVIDERS)) {
    expect(url).not.toEndWith("/");
    if (dialect === "anthropic-messages") expect(url).not.toContain("/v1");
  }
});

for (const [model, limit] of [
  ["claude-opus-4-20250514", 32_000],
  ["claude-opus-4-0", 32_000],
  ["claude-opus-4-1@20250805", 32_000],
  ["claude-sonnet-4-5", 64_000],
  ["claude-haiku-4-5-latest", 64_000],
  ["claude-sonnet-5", 128_000],
  ["claude-opus-4-99", undefined],
  ["claude-opus-4-mini", undefined],
  ["gpt-5", undefined],
] as const) {
  test(`largest output of ${model}: ${limit ?? "unknown"}`, () => expect(maxOutputTokens(model)).toBe(limit));
}
