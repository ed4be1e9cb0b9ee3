import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RETRY_AFTER_MAX_MS } from "./fault.ts";
import { retryAfterMs } from "./retry-after.ts";

const NOW = Date.UTC(1994, 10, 6, 8, 49, 30);

describe("retryAfterMs", () => {
  const rows: readonly (readonly [Record<string, string>, number | undefined])[] = [
    [{}, undefined],
    [{ "retry-after": "3" }, 3000],
    [{ "retry-after": " 1.5 " }, 1500],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "99999999999" }, RETRY_AFTER_MAX_MS],
    [{ "retry-after": "-1" }, undefined],
    [{ "retry-after": "" }, undefined],
    [{ "retry-after": "NaN" }, undefined],
    [{ "retry-after": "1e9" }, undefined],
    [{ "retry-after": "0x10" }, undefined],
    [{ "retry-after": "Infinity" }, undefined],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after-ms": "250", "retry-after": "9" }, 250],
    [{ "retry-after-ms": "junk", "retry-after": "9" }, 9000],
    [{ "retry-after": "Sun, 06 Nov 1994 08:49:37 GMT" }, 7000],
    [{ "retry-after": "Sunday, 06-Nov-94 08:49:37 GMT" }, 7000],
    [{ "retry-after": "Sun Nov  6 08:49:37 1994" }, 7000],
    [{ "retry-after": "Sun, 06 Nov 1994 08:49:00 GMT" }, 0],
    [{ "retry-after": "Sun, 06 Nov 2094 08:49:00 GMT" }, RETRY_AFTER_MAX_MS],
    [{ "retry-after": "Sun, 06 Foo 1994 08:49:37 GMT" }, undefined],
  ];
  for (const [headers, expected] of rows)
    test(JSON.stringify(headers), () => expect(retryAfterMs(headers, NOW)).toBe(expected));

  test("is never NaN and never out of bounds", () => {
    const value = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.integer().map(String),
      fc.date().map((date) => (Number.isNaN(date.getTime()) ? "x" : date.toUTCString())),
    );
    fc.assert(
      fc.property(value, value, fc.double(), (plain, ms, wallMs) => {
        for (const headers of [{ "retry-after": plain }, { "retry-after": plain, "retry-after-ms": ms }]) {
          const result = retryAfterMs(headers, wallMs);
          if (result === undefined) continue;
          expect(result).toBeGreaterThanOrEqual(0);
          expect(result).toBeLessThanOrEqual(RETRY_AFTER_MAX_MS);
        }
      }),
    );
  });
});
