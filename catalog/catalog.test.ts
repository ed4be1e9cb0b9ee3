import { expect, test } from "bun:test";
import { MODEL_CLASSES } from "./model.ts";
import { FAMILIES, MODELS, maxOutputTokens, modelsOf, priceOf, standIn, tokenPrice } from "./models.ts";
import { PROVIDERS } from "./providers.ts";
import { SLAS, type SlaEntry, sourced } from "./slas.ts";

const DAY = /^\d{4}-\d{2}-\d{2}$/;

test("every entry, and every price, has a source and the day it was verified", () => {
  const prices = MODELS.flatMap(({ price }) => price ?? []);
  for (const entry of [...MODELS, ...prices, ...Object.values(PROVIDERS)]) {
    expect(entry.source.length).toBeGreaterThan(10);
    expect(entry.verified).toMatch(DAY);
  }
  for (const price of prices) {
    expect(price.inputPerMillion).toBeGreaterThan(0);
    expect(price.outputPerMillion).toBeGreaterThanOrEqual(price.inputPerMillion);
    if (price.until !== undefined) expect(price.until).toMatch(DAY);
  }
});

test("urls are as the vendor's SDK takes them, without a closing slash", () => {
  for (const { url, dialect, statusPage } of Object.values(PROVIDERS)) {
    expect(url).not.toEndWith("/");
    if (dialect === "anthropic-messages") expect(url).not.toContain("/v1");
    if (statusPage !== undefined) expect(statusPage).toMatch(/^https:\/\/[a-z.]+$/);
  }
});

test("models are there once and belong to a provider of the catalog", () => {
  expect(new Set(MODELS.map(({ name }) => name)).size).toBe(MODELS.length);
  for (const { provider, name, contextTokens, maxOutputTokens } of MODELS) {
    expect(Object.keys(PROVIDERS)).toContain(provider);
    expect(name).toMatch(/^[\x21-\x7e]{1,256}$/);
    if (contextTokens !== undefined && maxOutputTokens !== undefined)
      expect(contextTokens).toBeGreaterThanOrEqual(maxOutputTokens);
  }
});

test("a family's prefix is there once, and the catalog's own models of it are its provider's", () => {
  expect(new Set(FAMILIES.map(({ prefix }) => prefix)).size).toBe(FAMILIES.length);
  for (const { name, provider, class: ofModel } of MODELS) {
    const longest = FAMILIES.filter(({ prefix }) => name.startsWith(prefix)).sort(
      (a, b) => b.prefix.length - a.prefix.length,
    )[0];
    if (longest === undefined) continue;
    expect([name, longest.provider]).toEqual([name, provider]);
    if (ofModel !== undefined && provider === "anthropic") expect([name, longest.class]).toEqual([name, ofModel]);
  }
});

test("every provider with a key has a stand-in for every class", () => {
  for (const [name, { keyVariable }] of Object.entries(PROVIDERS)) {
    for (const wanted of MODEL_CLASSES) {
      const found = standIn(name, wanted);
      expect([name, found === undefined]).toEqual([name, keyVariable === undefined]);
      const same = modelsOf(name).find((model) => model.class === wanted);
      if (same !== undefined) expect(found).toBe(same);
    }
  }
});

test("a class that a provider has not is stood in for by the nearest, and of two by the cheaper", () => {
  expect(standIn("deepseek", "balanced")?.name).toBe("deepseek-flash");
  expect(standIn("openrouter", "frontier")?.name).toBe("google/gemini-3.8-flash");
  expect(standIn("ollama", "fast")).toBeUndefined();
});

for (const [model, limit] of [
  ["claude-opus-4-20250514", 32_000],
  ["claude-opus-4-0", 32_000],
  ["claude-opus-4-1@20250805", 32_000],
  ["claude-sonnet-4-5", 64_000],
  ["claude-haiku-4-5-latest", 64_000],
  ["claude-sonnet-5", 128_000],
  ["gpt-6-sol-2026-09-22", 128_000],
  ["claude-opus-4-99", undefined],
  ["claude-opus-4-mini", undefined],
  ["gpt-5", undefined],
] as const) {
  test(`largest output of ${model}: ${limit ?? "unknown"}`, () => expect(maxOutputTokens(model)).toBe(limit));
}

test("a promise without a source or a day is refused", () => {
  const [entry] = SLAS;
  for (const [wrong, said] of [
    [{ source_url: "" }, "source_url"],
    [{ source_url: "the sales page" }, "source_url"],
    [{ source_url: undefined }, "source_url"],
    [{ verified_at: "" }, "verified_at"],
    [{ verified_at: "2026-13-01" }, "verified_at"],
    [{ verified_at: undefined }, "verified_at"],
  ] as const) {
    // As one would be that was read from a file.
    expect(() => sourced([{ ...entry, ...wrong } as unknown as SlaEntry])).toThrow(said);
  }
});

test("every promise has a source, a day and a confidence; what is promised can be judged", () => {
  expect(new Set(SLAS.map(({ name }) => name)).size).toBe(SLAS.length);
  for (const entry of SLAS) {
    expect(entry.source_url).toMatch(/^https:\/\/[^ ]+$/);
    expect(entry.verified_at).toMatch(DAY);
    expect(["official", "quoted", "secondary"]).toContain(entry.confidence);
    expect(entry.provider !== undefined || entry.hosts !== undefined).toBe(true);
    if (entry.provider !== undefined) expect(Object.keys(PROVIDERS)).toContain(entry.provider);
    for (const pattern of [...(entry.hosts ?? []), ...(entry.models ?? [])])
      expect(() => new RegExp(pattern)).not.toThrow();
    expect(() => new Intl.DateTimeFormat("en", { timeZone: entry.timeZone })).not.toThrow();
    const { guarantee } = entry;
    if (guarantee === undefined) continue;
    expect(guarantee.promised).toBeGreaterThan(0.9);
    expect(guarantee.promised).toBeLessThan(1);
    expect(guarantee.errors.filter((kind) => guarantee.leftOut.includes(kind))).toEqual([]);
    // Worse is never cheaper.
    const bands = [...guarantee.bands].sort((a, b) => b.below - a.below);
    expect(bands[0]?.below ?? guarantee.promised).toBe(guarantee.promised);
    expect(bands.map(({ share }) => share)).toEqual(bands.map(({ share }) => share).sort((a, b) => a - b));
  }
});

for (const [provider, priced] of [
  [{ name: "anthropic" }, true],
  [{ name: "anthropic", url: "http://proxy.example.com" }, true],
  [{ name: "mine", url: "https://api.anthropic.com" }, true],
  [{ name: "spare", url: "http://127.0.0.1:11434/v1" }, false],
  [{ name: "anthropic", url: "https://openrouter.ai/api/v1" }, false],
  [{ name: "spare" }, false],
] as const) {
  test(`claude-sonnet-5 at ${JSON.stringify(provider)} is ${priced ? "" : "not "}priced as its vendor's`, () => {
    expect(priceOf(provider, "claude-sonnet-5") !== undefined).toBe(priced);
    expect(tokenPrice(provider, "claude-sonnet-5") !== undefined).toBe(priced);
  });
}
