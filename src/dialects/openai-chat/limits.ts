// The rate limits that an answer of Chat Completions tells in its headers: requests and tokens, each with how long it takes
// until all of it is there again (`12ms`, `1s`, `6m0s`, `1h2m3.5s`; some vendors give seconds alone).

import { type RateLimit, rateLimit } from "../../core/rate-limit.ts";
import type { HeaderMap } from "../../core/runtime.ts";

const KINDS = ["requests", "tokens"] as const;
const SPAN =
  /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/;
const SECONDS = /^\d{1,9}(\.\d{1,9})?$/;
const UNITS_MS = [86_400_000, 3_600_000, 60_000, 1_000, 1] as const;

/** `undefined` where there are none. */
export function limitsOf(headers: HeaderMap): readonly RateLimit[] | undefined {
  if (headers["x-ratelimit-limit-requests"] === undefined && headers["x-ratelimit-limit-tokens"] === undefined) {
    return undefined;
  }
  const found: RateLimit[] = [];
  for (const kind of KINDS) {
    const resetMs = spanMs(headers[`x-ratelimit-reset-${kind}`]);
    const limit = rateLimit(
      kind,
      headers[`x-ratelimit-limit-${kind}`],
      headers[`x-ratelimit-remaining-${kind}`],
      resetMs,
    );
    if (limit !== undefined) found.push(limit);
  }
  return found;
}

function spanMs(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (SECONDS.test(text)) return Number(text) * 1_000;
  const parts = SPAN.exec(text)?.slice(1);
  return parts?.reduce((sum, part, index) => sum + Number(part ?? 0) * (UNITS_MS[index] ?? 0), 0);
}
