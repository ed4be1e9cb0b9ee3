// Why an attempt or a call did not succeed, as a value. Every decision (try again, go elsewhere, blame, status) reads
// this one table. It is not an exception: `throw` means a bug, which one place turns into the fault `bug`.

export type Blame = "caller" | "provider" | "network" | "gateway";
export type RetryRule = "same" | "elsewhere" | "never";
export type FaultStatus = 400 | 401 | 403 | 404 | 413 | 429 | 499 | 500 | 503 | 504;

export interface FaultTraits {
  /** Whose doing it is. Only `provider` and `network` faults may move a provider's belief. */
  readonly blame: Blame;
  /** The HTTP status of a final error of this kind. A dialect may have a number of its own for 503, "nobody could answer". */
  readonly status: FaultStatus;
  /** `same`: the same target may be tried once more; `elsewhere`: only another target; `never`: final. */
  readonly retry: RetryRule;
  /** Weight of the failure in a domain's log-evidence; 0 moves nothing. */
  readonly evidence: number;
  /** One line for people: logs, docs, `explain`. */
  readonly summary: string;
}

type Row = readonly [Blame, FaultStatus, RetryRule, number, string];

const TABLE = {
  "invalid-request": ["caller", 400, "never", 0, "the request is wrong for every target"],
  unauthorized: ["caller", 401, "never", 0, "the caller showed no valid gateway key"],
  forbidden: ["caller", 403, "never", 0, "the caller may not do this here"],
  "not-found": ["caller", 404, "never", 0, "no such path, or no route has this model"],
  "too-large": ["caller", 413, "never", 0, "the body is over the limit"],
  "context-too-long": ["caller", 400, "elsewhere", 0, "the prompt does not fit this target's context"],
  unsupported: ["caller", 400, "elsewhere", 0, "this target cannot do what the call asks"],
  lossy: ["caller", 400, "elsewhere", 0, "the translation would lose a field and the call is strict"],
  "not-cached": ["caller", 504, "never", 0, "the call asks for a kept answer alone, and there is none"],
  cancelled: ["caller", 499, "never", 0, "the caller left"],
  "client-stall": ["caller", 499, "never", 0, "the caller took no byte for too long"],
  "rate-limited": ["provider", 429, "elsewhere", 0, "the provider limits our key's rate"],
  "quota-exhausted": ["provider", 503, "elsewhere", 0, "our credit or spend limit at the provider is used up"],
  "credential-rejected": ["provider", 503, "elsewhere", 0, "the provider rejects our key"],
  "model-missing": ["provider", 503, "elsewhere", 0, "the provider does not know the model"],
  overloaded: ["provider", 503, "elsewhere", 1, "the provider says it is overloaded"],
  "server-error": ["provider", 503, "same", 1, "the provider failed inside"],
  "first-token-timeout": ["provider", 503, "elsewhere", 1.2, "no content in time"],
  "whole-timeout": ["provider", 503, "elsewhere", 1.2, "no whole answer in time"],
  "idle-timeout": ["provider", 503, "elsewhere", 1.2, "the stream fell silent"],
  "malformed-reply": ["provider", 503, "elsewhere", 1.2, "the answer is not what its dialect allows"],
  "empty-reply": ["provider", 503, "elsewhere", 1.2, "a success without any content"],
  "useless-reply": [
    "provider",
    503,
    "elsewhere",
    1.2,
    "a success of no use: it repeats itself or is not what was asked for",
  ],
  "stream-broken": ["network", 503, "elsewhere", 1.2, "the answer ended before its terminal event"],
  "connect-failed": ["network", 503, "same", 0.8, "no connection, or it was lost before an answer began"],
  "connect-timeout": ["network", 503, "elsewhere", 0.8, "the host did not accept a connection in time"],
  "deadline-exceeded": ["gateway", 504, "never", 0, "the call's deadline passed"],
  superseded: ["gateway", 499, "never", 0, "another attempt of the same call won"],
  busy: ["gateway", 503, "never", 0, "this gateway is at one of its own limits"],
  draining: ["gateway", 503, "never", 0, "this gateway is shutting down"],
  bug: ["gateway", 500, "never", 0, "a bug in Holdfast"],
} as const satisfies Record<string, Row>;

export type FaultKind = keyof typeof TABLE;

/** The table itself. `docs/reference/faults.md` is generated from it and a test keeps both equal. */
export const FAULTS = Object.fromEntries(
  Object.entries(TABLE).map(([kind, [blame, status, retry, evidence, summary]]) => [
    kind,
    { blame, status, retry, evidence, summary },
  ]),
  // The entries were just made from TABLE's own keys.
) as unknown as Readonly<Record<FaultKind, FaultTraits>>;

/** What a provider answered, kept so that a caller's own 400 can be returned as it was. `body` is bounded by the reader. */
export interface UpstreamError {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

export interface Fault {
  readonly kind: FaultKind;
  /** For people; never holds a prompt, an answer or a key. */
  readonly message: string;
  /** How long the provider asked us to stay away, in milliseconds, already clamped to 0..`RETRY_AFTER_MAX_MS`. */
  readonly retryAfterMs?: number;
  readonly upstream?: UpstreamError;
  /** The request field at fault, in the client's own names. */
  readonly param?: string;
  /** The same target takes it in another form, of which this has just taught us. */
  readonly taught?: true;
}

/** No provider's `retry-after` is believed beyond this (5 minutes): hostile and broken values are common. */
export const RETRY_AFTER_MAX_MS = 300_000;

export function fault(kind: FaultKind, message: string, more: Omit<Fault, "kind" | "message"> = {}): Fault {
  return { kind, message, ...more };
}

/** True for values that stand for a fault where a function returns either its result or a fault. */
export function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "kind" in value && (value as Fault).kind in FAULTS;
}
