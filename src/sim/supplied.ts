// Between a request and what its provider can serve: the grant asked for, a refusal in the dialect's words with its rate-limit
// headers, the wait for a place. What can be served is decided in `supply.ts`.

import type { DialectId } from "../core/call.ts";
import { fingerprint } from "../core/fingerprint.ts";
import type { HeaderMap } from "../core/runtime.ts";
import { asRecord, encodeJson } from "./json.ts";
import { type Pace, refusalSteps } from "./play.ts";
import type { Random } from "./random.ts";
import type { Step } from "./step.ts";
import { grant, type Limit, type Supply, type SupplyCell, takePlace } from "./supply.ts";

export interface Supplying {
  readonly supply: Supply;
  readonly cell: SupplyCell;
}

export interface Supplied {
  readonly dialect: DialectId;
  readonly headers: HeaderMap;
  readonly json: unknown;
  readonly inputTokens: number;
  readonly atMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly wallMs: number;
  readonly pace: Pace;
}

/** What comes of it; `release` is to be called when the request is over. */
export interface Outcome {
  readonly steps: readonly Step[];
  readonly refused?: "rate-limit" | "overloaded";
  readonly release?: (nowMs: number) => void;
}

/** So many messages at the end may be new to a prompt that is kept: a question, and the answer before it. */
const NEW_MESSAGES_MAX = 4;
/** What a kept prompt spares of the time to the first token. */
const CACHED_SPARES = 0.7;

/** `answer` makes the steps of the answer itself, at the pace and with the cached tokens that it is given. */
export function supplied(
  { supply, cell }: Supplying,
  request: Supplied,
  random: Random,
  answer: (pace: Pace, cachedTokens: number) => readonly Step[],
): Outcome {
  const { atMs, pace, inputTokens } = request;
  const key = request.headers["x-api-key"] ?? request.headers.authorization ?? "";
  const beginnings = supply.promptCacheMs === undefined ? [] : beginningsOf(request.json);
  const granted = grant(supply, cell, { atMs, key, inputTokens, beginnings }, random());
  const headers = limitHeaders(request, granted.limits);
  if (granted.type !== "served") {
    const more = granted.type === "rate-limit" ? { retryAfter: String(granted.retryAfterS) } : {};
    const problem = pace.voice.problem(granted.type, "");
    return { steps: refusalSteps(problem, pace, { kind: granted.type, headers, ...more }), refused: granted.type };
  }
  const spared = inputTokens > 0 ? (CACHED_SPARES * granted.cachedTokens) / inputTokens : 0;
  const steps = answer({ ...pace, firstTokenMs: pace.firstTokenMs * (1 - spared) }, granted.cachedTokens);
  const place = takePlace(supply, cell, { atMs, tookMs: lengthOf(steps) });
  const waited: readonly Step[] = place.waitMs > 0 ? [{ type: "wait", ms: place.waitMs }] : [];
  return { steps: [...waited, ...steps.map((step) => withHeaders(step, headers))], release: place.release };
}

function withHeaders(step: Step, headers: HeaderMap): Step {
  return step.type === "head" ? { ...step, headers: { ...step.headers, ...headers } } : step;
}

function lengthOf(steps: readonly Step[]): number {
  return steps.reduce(
    (sum, step) => sum + (step.type === "wait" ? step.ms : step.type === "hang" ? Number.POSITIVE_INFINITY : 0),
    0,
  );
}

/** Fingerprints of the prompt and of its beginnings, longest first. */
function beginningsOf(json: unknown): readonly string[] {
  const { model, system, messages } = asRecord(json) ?? {};
  if (!Array.isArray(messages)) return [];
  const lengths = Array.from({ length: Math.min(NEW_MESSAGES_MAX, messages.length) }, (_, at) => messages.length - at);
  return lengths.map((length) => fingerprint(encodeJson([model, system, messages.slice(0, length)])));
}

function limitHeaders({ dialect, wallMs }: Supplied, limits: readonly Limit[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const { kind, limit, remaining, resetMs } of limits) {
    if (dialect === "anthropic-messages") {
      const name = `anthropic-ratelimit-${kind === "requests" ? kind : "input-tokens"}`;
      headers[`${name}-limit`] = String(limit);
      headers[`${name}-remaining`] = String(remaining);
      headers[`${name}-reset`] = new Date(wallMs + resetMs).toISOString();
    } else {
      const name = kind === "requests" ? kind : "tokens";
      headers[`x-ratelimit-limit-${name}`] = String(limit);
      headers[`x-ratelimit-remaining-${name}`] = String(remaining);
      headers[`x-ratelimit-reset-${name}`] = `${resetMs}ms`;
    }
  }
  return headers;
}
