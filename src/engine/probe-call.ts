// The question a probe asks: a real one, as short as can be, one token of output. Not for rehearsals of a configuration,
// which have a client's view.

import type { Call, DialectId } from "../core/call.ts";
import { type Fault, isFault } from "../core/fault.ts";
import { DIALECTS } from "../dialects/registry.ts";

/** Names of the output limit: newer models of some providers know only the second, most servers only the first. */
export const PROBE_FORMS = ["max_tokens", "max_completion_tokens"] as const;

const encoder = new TextEncoder();

export interface ProbeCall {
  readonly id: string;
  readonly dialect: DialectId;
  readonly model: string;
  readonly limitKey: (typeof PROBE_FORMS)[number];
}

/** A fault where the dialect has no such limit. */
export function probeCall({ id, dialect, model, limitKey }: ProbeCall): Call | Fault {
  const body = encoder.encode(
    JSON.stringify({ model, [limitKey]: 1, stream: true, messages: [{ role: "user", content: "Say 1" }] }),
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
