// What a translation makes of the fields of a Chat request, by the ledger (fields.ts). A field that is not there is unknown,
// and is declared as lost.

import { type Fault, fault } from "../../core/fault.ts";
import { reasonsOfDropped, topLevel } from "../field-ledger.ts";
import { isObject, type JsonObject, listOf } from "../json-object.ts";
import type { Losses } from "../losses.ts";
import { addUnknown as declare } from "../unknown-fields.ts";
import { CHAT_FIELDS } from "./fields.ts";

const DROPPED = topLevel(CHAT_FIELDS, "dropped");
const REJECTED = topLevel(CHAT_FIELDS, "rejected");
const CARRIED = topLevel(CHAT_FIELDS, "mapped", "approximated");
const REASONS = reasonsOfDropped(CHAT_FIELDS);

export type FieldFate =
  /** Read by the decoder. */
  | "read"
  /** Has no place in another dialect; the answer is much the same without it. */
  | "dropped"
  /** The answer would be another one without it. */
  | "rejected";

/** `undefined` for a field that is not known. */
export function fateOf(field: string): FieldFate | undefined {
  if (field === "messages" || CARRIED.has(field)) return "read";
  if (REJECTED.has(field)) return "rejected";
  return DROPPED.has(field) ? "dropped" : undefined;
}

/** Declares every key of `value` that has no place in a prompt. */
export function addUnknown(losses: Losses, value: JsonObject, known: ReadonlySet<string>, at: string): void {
  declare(losses, value, { known, at, reasons: REASONS });
}

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
    case "web_search_options":
      // Even empty it has the provider search.
      return false;
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
