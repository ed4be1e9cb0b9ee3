// The smallest valid call of a dialect: one word in, one token out. For rehearsals, which go through the whole path.

import type { Call, DialectId } from "../core/call.ts";
import { isFault } from "../core/fault.ts";
import { DIALECTS } from "../dialects/registry.ts";

export interface TinyCall {
  readonly id: string;
  readonly dialect: DialectId;
  readonly model: string;
  readonly stream: boolean;
  /** Newer models of OpenAI know only the second name of the limit, most other servers only the first. */
  readonly limitKey?: "max_tokens" | "max_completion_tokens";
}

const encoder = new TextEncoder();

export function tinyCall({ id, dialect, model, stream, limitKey = "max_tokens" }: TinyCall): Call {
  const messages = [{ role: "user", content: "Hi" }];
  const body = encoder.encode(JSON.stringify({ model, [limitKey]: 1, ...(stream && { stream }), messages }));
  const inspected = DIALECTS[dialect].wire.inspect(body, "generate");
  if (isFault(inspected)) throw new Error(`a call of our own is refused: ${inspected.message}`);
  return {
    id,
    operation: "generate",
    dialect,
    model,
    stream,
    body,
    inspected,
    headers: {},
    query: "",
    deadlineMs: Number.POSITIVE_INFINITY,
    tenant: "default",
    retryCount: 0,
  };
}
