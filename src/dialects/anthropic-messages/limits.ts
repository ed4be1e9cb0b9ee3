// The rate limits that an answer of the Messages API tells in its headers: requests, input and output tokens a minute, each
// with the moment (RFC 3339) when all of it will be there again. `anthropic-ratelimit-tokens-*` repeats the tightest of them.

import { type RateLimit, rateLimit } from "../../core/rate-limit.ts";
import type { HeaderMap } from "../../core/runtime.ts";

const KINDS = [
  ["requests", "requests"],
  ["input", "input-tokens"],
  ["output", "output-tokens"],
] as const;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;

/** `undefined` where there are none. `wallMs` gives milliseconds since the Unix epoch; it is asked only where there are. */
export function limitsOf(headers: HeaderMap, wallMs: () => number): readonly RateLimit[] | undefined {
  if (
    headers["anthropic-ratelimit-requests-limit"] === undefined &&
    headers["anthropic-ratelimit-input-tokens-limit"] === undefined
  ) {
    return undefined;
  }
  return allOf(headers, wallMs());
}

function allOf(headers: HeaderMap, nowMs: number): readonly RateLimit[] {
  const found: RateLimit[] = [];
  for (const [kind, name] of KINDS) {
    const told = (what: string): string | undefined => headers[`anthropic-ratelimit-${name}-${what}`];
    const reset = told("reset");
    const atMs = reset !== undefined && RFC_3339.test(reset) ? Date.parse(reset) : Number.NaN;
    const limit = rateLimit(kind, told("limit"), told("remaining"), atMs - nowMs);
    if (limit !== undefined) found.push(limit);
  }
  return found;
}
