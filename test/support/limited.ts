// A transport whose providers limit rates as the real ones do: a bucket of requests for each key, told of in the headers of
// both dialects, and 429 when it is empty.

import type { HeaderMap, Transport } from "../../src/core/runtime.ts";
import type { World } from "../../src/sim/world.ts";

export interface Limited {
  readonly transport: Transport;
  /** Answers 429, by key. */
  readonly refused: Map<string, number>;
  readonly sent: Map<string, number>;
}

export interface LimitOptions {
  /** The provider that limits. */
  readonly provider: string;
  readonly perMinute: number;
  /** What its headers say; default: the truth. */
  readonly headersOf?: (left: number) => HeaderMap;
}

export function limited(world: World, { provider, perMinute, headersOf }: LimitOptions): Limited {
  const buckets = new Map<string, { left: number; atMs: number }>();
  const refused = new Map<string, number>();
  const sent = new Map<string, number>();
  const truth = (left: number): HeaderMap => {
    const now = world.runtime.wallMs();
    const resetMs = ((perMinute - left) * 60_000) / perMinute;
    return {
      "anthropic-ratelimit-requests-limit": String(perMinute),
      "anthropic-ratelimit-requests-remaining": String(Math.floor(left)),
      "anthropic-ratelimit-requests-reset": new Date(now + resetMs).toISOString(),
      "x-ratelimit-limit-requests": String(perMinute),
      "x-ratelimit-remaining-requests": String(Math.floor(left)),
      "x-ratelimit-reset-requests": `${Math.floor(resetMs / 60_000)}m${((resetMs % 60_000) / 1_000).toFixed(3)}s`,
    };
  };
  const told = headersOf ?? truth;
  const transport: Transport = async (request, cancel) => {
    if (!request.url.startsWith(world.url(provider))) return world.runtime.transport(request, cancel);
    const key = request.headers["x-api-key"] ?? request.headers.authorization?.replace("Bearer ", "") ?? "";
    const nowMs = world.clock.now();
    const bucket = buckets.get(key) ?? { left: perMinute, atMs: nowMs };
    buckets.set(key, bucket);
    bucket.left = Math.min(perMinute, bucket.left + ((nowMs - bucket.atMs) * perMinute) / 60_000);
    bucket.atMs = nowMs;
    sent.set(key, (sent.get(key) ?? 0) + 1);
    if (bucket.left < 1) {
      refused.set(key, (refused.get(key) ?? 0) + 1);
      const whole = () => Promise.resolve(new TextEncoder().encode('{"error":{"type":"rate_limit_error"}}'));
      const headers = { "content-type": "application/json", "retry-after": "2", ...told(0) };
      return { status: 429, headers, body: { read: () => Promise.resolve(undefined), whole, cancel() {} } };
    }
    bucket.left--;
    const headers = told(bucket.left);
    const response = await world.runtime.transport(request, cancel);
    return "kind" in response ? response : { ...response, headers: { ...response.headers, ...headers } };
  };
  return { transport, refused, sent };
}
