// When an official SDK tries again, and after how long: two retries unless told otherwise, 0.5 s·2ⁿ up to 8 s with up to a
// quarter less, a `retry-after` up to a minute kept, `x-should-retry` obeyed (openai-node and anthropic-sdk-typescript,
// `src/client.ts`). Nothing is retried once headers of a success have come.

import type { HeaderMap } from "../core/runtime.ts";

const BASE_MS = 500;
const CAP_MS = 8_000;
const RETRY_AFTER_MAX_MS = 60_000;

/** 408, 409, 429 and 5xx. */
export function isRetriedStatus(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** Of an answer that came. */
export function isRetriedAnswer(status: number, headers: HeaderMap): boolean {
  const told = headers["x-should-retry"];
  return told === "true" || (told !== "false" && isRetriedStatus(status));
}

/** Before the try after the `number`th, in milliseconds. `random` is uniform in [0, 1). */
export function sdkBackoffMs(number: number, retryAfterMs: number | undefined, random: number): number {
  if (retryAfterMs !== undefined && retryAfterMs >= 0 && retryAfterMs <= RETRY_AFTER_MAX_MS) return retryAfterMs;
  return Math.min(CAP_MS, BASE_MS * 2 ** (number - 1)) * (1 - 0.25 * random);
}

/** A `retry-after` in seconds, as milliseconds. */
export function retryAfterOf(headers: HeaderMap): number | undefined {
  const seconds = Number(headers["retry-after"] ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}
