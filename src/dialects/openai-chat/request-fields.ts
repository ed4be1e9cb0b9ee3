// Every request field of Chat and what a translation makes of it, as one table. A field that is not here is unknown, and
// is declared as lost.

import { type Fault, fault } from "../../core/fault.ts";
import { isObject, listOf } from "../json-object.ts";

export type FieldFate =
  /** Read by the decoder. */
  | "mapped"
  /** Has no place in another dialect; the answer is much the same without it. */
  | "lost"
  /** The answer would be another one without it. */
  | "refused";

export const FIELDS: Readonly<Record<string, FieldFate>> = {
  model: "mapped",
  messages: "mapped",
  stream: "mapped",
  stream_options: "mapped",
  max_tokens: "mapped",
  max_completion_tokens: "mapped",
  temperature: "mapped",
  top_p: "mapped",
  top_k: "mapped",
  stop: "mapped",
  tools: "mapped",
  tool_choice: "mapped",
  parallel_tool_calls: "mapped",
  response_format: "mapped",
  reasoning_effort: "mapped",
  user: "mapped",
  safety_identifier: "mapped",
  n: "refused",
  functions: "refused",
  function_call: "refused",
  web_search_options: "refused",
  modalities: "refused",
  audio: "lost",
  frequency_penalty: "lost",
  logit_bias: "lost",
  logprobs: "lost",
  metadata: "lost",
  moderation: "lost",
  prediction: "lost",
  presence_penalty: "lost",
  prompt_cache_key: "lost",
  prompt_cache_options: "lost",
  prompt_cache_retention: "lost",
  seed: "lost",
  service_tier: "lost",
  store: "lost",
  top_logprobs: "lost",
  verbosity: "lost",
};

/** True where a field is there but says no more than its absence would. */
export function asksNothing(field: string, value: unknown): boolean {
  if (value === null || value === false) return true;
  switch (field) {
    case "n":
      return value === 1;
    case "frequency_penalty":
    case "presence_penalty":
    case "top_logprobs":
      return value === 0;
    case "service_tier":
      return value === "auto" || value === "default";
    case "verbosity":
      return value === "medium";
    case "modalities":
      return listOf(value)?.every((modality) => modality === "text") === true;
    default:
      return isObject(value) && Object.keys(value).length === 0;
  }
}

/** The request is wrong for every target. */
export function invalidField(param: string, allowed: string): Fault {
  return fault("invalid-request", `Invalid value for '${param}': expected ${allowed}.`, { param });
}

/** Another dialect cannot carry it; a target of this one could. */
export function unsupportedField(param: string, why: string): Fault {
  return fault("unsupported", `'${param}' cannot be carried to this target: ${why}.`, { param });
}

/** A path of `Prompt` in the names of Chat. Turns have no fixed place among the messages, so they are named together. */
export function clientPath(path: string): string {
  const [, head = path, rest = ""] = /^([A-Za-z]+)(.*)$/.exec(path) ?? [];
  switch (head) {
    case "system":
    case "turns":
      return "messages";
    case "tools":
      return `tools${rest.replace(/^(\[\d+\])\.schema/, "$1.function.parameters").replace(/^(\[\d+\])\.(name|description|strict)/, "$1.function.$2")}`;
    case "format":
      return `response_format${rest.replace(/^\./, ".json_schema.")}`;
    default:
      return `${NAMES[head] ?? head}${rest}`;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  toolChoice: "tool_choice",
  parallelTools: "parallel_tool_calls",
  maxTokens: "max_completion_tokens",
  topP: "top_p",
  topK: "top_k",
  effort: "reasoning_effort",
};
