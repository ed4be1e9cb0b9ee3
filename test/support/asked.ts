// A call as the engine gets it, from a prompt: for rules that read calls. No engine is involved.

import type { Call } from "../../src/core/call.ts";
import { isFault } from "../../src/core/fault.ts";
import { DIALECTS } from "../../src/dialects/registry.ts";

export function scriptedAsk(prompt: string): Call {
  const json = { model: "chat", max_tokens: 99, messages: [{ role: "user", content: prompt }] };
  const body = new TextEncoder().encode(JSON.stringify(json));
  const inspected = DIALECTS["anthropic-messages"].wire.inspect(body, "generate");
  if (isFault(inspected)) throw new Error(inspected.message);
  return {
    id: "call_1",
    operation: "generate",
    dialect: "anthropic-messages",
    model: "chat",
    stream: false,
    body,
    inspected,
    headers: {},
    query: "",
    deadlineMs: Number.POSITIVE_INFINITY,
    tenant: "default",
    criticality: "default",
    retryCount: 0,
  };
}
