// Fields of a request that have no place in a prompt, declared as losses.

import { isAbsent, isList, type JsonObject } from "./json-object.ts";
import type { Losses } from "./losses.ts";

/** Declares every key of `value` that is neither known nor without meaning. `at` is its path in the request. */
export function addUnknown(losses: Losses, value: JsonObject, known: ReadonlySet<string>, at: string): void {
  for (const key of Object.keys(value)) {
    if (known.has(key) || asksNothing(value[key])) continue;
    const path = at === "" ? key : `${at}.${key}`;
    losses.add(path, (Object.hasOwn(HARMLESS, key) ? HARMLESS[key] : undefined) ?? "unknown field");
  }
}

function asksNothing(value: unknown): boolean {
  return isAbsent(value) || value === false || (isList(value) && value.length === 0);
}

/** Fields whose loss changes cost, speed or bookkeeping, or the form of an answer, but not its meaning. */
const HARMLESS: Readonly<Record<string, string>> = {
  cache_control: "cache hints are this dialect's own",
  citations: "citations are this dialect's own",
  context: "a document's context is this dialect's own",
  transformations: "image transformations are this dialect's own",
  caller: "who called a tool is this dialect's own",
  eager_input_streaming: "tool calls are delivered whole",
  defer_loading: "all tools are sent",
  input_examples: "examples of tool input are this dialect's own",
  allowed_callers: "who may call a tool is this dialect's own",
  service_tier: "service tiers are each provider's own",
  speed: "speeds are each provider's own",
  inference_geo: "places of inference are each provider's own",
  diagnostics: "diagnostics are this provider's own",
  fallbacks: "a provider's own fallbacks end at that provider",
  fallback_credit_token: "a provider's own fallbacks end at that provider",
  billing_policy: "billing is each provider's own",
  compaction: "compaction is this provider's own",
};
