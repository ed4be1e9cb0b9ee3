// The question a probe asks: a real one, as short as can be, one token of output, and with one right answer. Not for
// rehearsals of a configuration, which have a client's view.

import type { Call, DialectId } from "../core/call.ts";
import { type Fault, isFault } from "../core/fault.ts";
import { DIALECTS } from "../dialects/registry.ts";

/** Names of the output limit: newer models of some providers know only the second, most servers only the first. */
export const PROBE_FORMS = ["max_tokens", "max_completion_tokens"] as const;

const encoder = new TextEncoder();

/** A sum of one digit: one token in every model's alphabet. It varies, so that no cache and no habit has the answer. */
export interface Sum {
  readonly first: number;
  readonly second: number;
}

/** `random` is uniform in [0, 1). */
export function drawSum(random: () => number): Sum {
  const digit = 2 + Math.floor(random() * 8);
  const first = 1 + Math.floor(random() * (digit - 1));
  return { first, second: digit - first };
}

export interface ProbeCall {
  readonly id: string;
  readonly dialect: DialectId;
  readonly model: string;
  readonly limitKey: (typeof PROBE_FORMS)[number];
  readonly sum: Sum;
}

/** A fault where the dialect has no such limit. */
export function probeCall({ id, dialect, model, limitKey, sum }: ProbeCall): Call | Fault {
  const content = `What is ${sum.first} + ${sum.second}? Reply with one digit only.`;
  const body = encoder.encode(
    JSON.stringify({ model, [limitKey]: 1, stream: true, messages: [{ role: "user", content }] }),
  );
  const inspected = DIALECTS[dialect].wire.inspect(body, "generate");
  if (isFault(inspected)) return inspected;
  return {
    id,
    operation: "generate",
    dialect,
    model,
    stream: true,
    body,
    inspected,
    headers: {},
    query: "",
    deadlineMs: Number.POSITIVE_INFINITY,
    tenant: "",
    criticality: "sheddable",
    retryCount: 0,
  };
}
