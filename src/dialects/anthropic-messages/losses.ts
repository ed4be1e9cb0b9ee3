// Collects what a translation could not carry. Bounded: a prompt of a hundred thousand blocks declares the same loss once
// for each of the first, and then says that there are more.

import type { Loss } from "../../core/message.ts";
import { isAbsent, isList, type JsonObject } from "./json-value.ts";

const LOSSES_MAX = 64;

export interface Losses {
  readonly list: readonly Loss[];
  add(path: string, why: string): void;
  /** Declares every key of `value` that is neither known nor without meaning. */
  addUnknown(value: JsonObject, known: ReadonlySet<string>, at: string): void;
}

export function collectLosses(): Losses {
  const list: Loss[] = [];
  const add = (path: string, why: string): void => {
    if (list.length < LOSSES_MAX) list.push({ path, why });
    else if (list.length === LOSSES_MAX) list.push({ path: "…", why: "more of the same" });
  };
  const addUnknown = (value: JsonObject, known: ReadonlySet<string>, at: string): void => {
    for (const key of Object.keys(value)) {
      if (known.has(key) || asksNothing(value[key])) continue;
      const path = at === "" ? key : `${at}.${key}`;
      add(path, HARMLESS[key] ?? "unknown field");
    }
  };
  return { list, add, addUnknown };
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
