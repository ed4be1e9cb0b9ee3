// What a provider says in its headers of a rate limit, whatever its dialect calls it. The parsers are the dialects'; what
// follows from it is `policies/quota.ts`.

/** `tokens`: input and output together. */
export type LimitKind = "requests" | "input" | "output" | "tokens";

/** As it was read: finite, not negative, `limit` over 0. */
export interface RateLimit {
  readonly kind: LimitKind;
  readonly limit: number;
  readonly remaining: number;
  /** Until all of it is there again, in milliseconds; absent: not told. */
  readonly resetMs?: number;
}

const WHOLE = /^\d{1,15}$/;

/** `undefined` for what makes no sense: a limit that is absent, 0 or no number. */
export function rateLimit(
  kind: LimitKind,
  limit: string | undefined,
  remaining: string | undefined,
  resetMs: number | undefined,
): RateLimit | undefined {
  if (limit === undefined || remaining === undefined || !WHOLE.test(limit) || !WHOLE.test(remaining)) return undefined;
  const most = Number(limit);
  if (most === 0) return undefined;
  const read = { kind, limit: most, remaining: Math.min(most, Number(remaining)) };
  return resetMs === undefined || !Number.isFinite(resetMs) ? read : { ...read, resetMs: Math.max(0, resetMs) };
}
