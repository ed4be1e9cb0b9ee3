// Rate-limit headers of both dialects, as documented and as a hostile provider might send them.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { limitsOf as anthropic } from "./anthropic-messages/limits.ts";
import { limitsOf as openai } from "./openai-chat/limits.ts";

const NOW_MS = Date.UTC(2026, 10, 1, 12, 0, 0);
const wallMs = () => NOW_MS;

test("without them the clock is not asked", () => {
  const never = () => {
    throw new Error("asked");
  };
  expect(anthropic({ "request-id": "r" }, never)).toBeUndefined();
  expect(openai({ "x-request-id": "r" })).toBeUndefined();
});

test("Anthropic: requests, input and output, with a moment", () => {
  const headers = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "48",
    "anthropic-ratelimit-requests-reset": "2026-11-01T12:00:02Z",
    "anthropic-ratelimit-tokens-limit": "8000",
    "anthropic-ratelimit-input-tokens-limit": "30000",
    "anthropic-ratelimit-input-tokens-remaining": "27500",
    "anthropic-ratelimit-input-tokens-reset": "2026-11-01T11:59:00Z",
    "anthropic-ratelimit-output-tokens-limit": "8000",
    "anthropic-ratelimit-output-tokens-remaining": "9000",
  };
  expect(anthropic(headers, wallMs)).toEqual([
    { kind: "requests", limit: 50, remaining: 48, resetMs: 2_000 },
    { kind: "input", limit: 30_000, remaining: 27_500, resetMs: 0 },
    { kind: "output", limit: 8_000, remaining: 8_000 },
  ]);
});

describe("OpenAI: requests and tokens, with a span", () => {
  test.each([
    ["1s", 1_000],
    ["6m0s", 360_000],
    ["12ms", 12],
    ["1h2m3.5s", 3_723_500],
    ["1d", 86_400_000],
    ["7.66", 7_660],
    ["", undefined],
    ["soon", undefined],
    ["-1s", undefined],
    ["1e9s", undefined],
  ])("%p", (text, resetMs) => {
    const headers = {
      "x-ratelimit-limit-requests": "60",
      "x-ratelimit-remaining-requests": "59",
      "x-ratelimit-reset-requests": text,
    };
    const read = { kind: "requests" as const, limit: 60, remaining: 59 };
    expect(openai(headers)).toEqual([resetMs === undefined ? read : { ...read, resetMs }]);
  });
});

test("whatever comes, what is read is finite and within its limit", () => {
  const value = fc.oneof(
    fc.string(),
    fc.integer().map(String),
    fc.double().map(String),
    fc.constantFrom(
      "0",
      "-1",
      "NaN",
      "Infinity",
      "9".repeat(400),
      "2026-13-99T99:99:99Z",
      "9999-12-31T23:59:59Z",
      "1s",
    ),
  );
  const names = ["requests", "tokens", "input-tokens", "output-tokens"];
  const keys = names.flatMap((name) =>
    ["limit", "remaining", "reset"].flatMap((what) => [
      `anthropic-ratelimit-${name}-${what}`,
      `x-ratelimit-${what}-${name}`,
    ]),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys), value), (headers) => {
      const found = [...(anthropic(headers, wallMs) ?? []), ...(openai(headers) ?? [])];
      return found.every(
        ({ limit, remaining, resetMs = 0 }) =>
          limit > 0 &&
          Number.isFinite(limit) &&
          remaining >= 0 &&
          remaining <= limit &&
          Number.isFinite(resetMs) &&
          resetMs >= 0,
      );
    }),
    { numRuns: 1_000 },
  );
});
