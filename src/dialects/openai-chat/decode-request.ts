// A Chat request as the canonical prompt. What the prompt cannot carry is declared as a loss, or refused where the answer
// would be another one; the field table says which.

import { type Fault, fault, isFault } from "../../core/fault.ts";
import type { Effort, OutputFormat, Prompt, ToolChoice, ToolSpec, Translated } from "../../core/message.ts";
import { isObject, type JsonObject, listOf, objectOf, parseJson, textOf } from "../json-object.ts";
import { collectLosses, type Losses, NO_LOSSES } from "../losses.ts";
import { type PlainForm, plainPrompt } from "../plain-prompt.ts";
import { decodeMessages } from "./decode-messages.ts";
import { addUnknown, asksNothing, fateOf, invalidField, unsupportedField } from "./request-fields.ts";

const TOOL_KEYS: ReadonlySet<string> = new Set(["type", "function"]);
const FUNCTION_KEYS: ReadonlySet<string> = new Set(["name", "description", "parameters", "strict"]);
const FORMAT_KEYS: ReadonlySet<string> = new Set(["name", "description", "schema", "strict"]);
const PLAIN: PlainForm = { limits: ["max_tokens", "max_completion_tokens"], hasSystemField: false };
const EFFORTS: readonly Effort[] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/** The prompt and what it lost; `unsupported` or `invalid-request` with the field at fault. */
export function decodeRequest(body: Uint8Array): Translated<Prompt> | Fault {
  const request = parseJson(body);
  if (!isObject(request)) return fault("invalid-request", "the body is not a JSON object");
  const plain = plainPrompt(request, PLAIN);
  if (plain !== undefined) return { value: plain, losses: NO_LOSSES };
  const losses = collectLosses();
  const refused = checkFields(request, losses);
  if (refused !== undefined) return refused;
  const messages = decodeMessages(listOf(request.messages) ?? [], losses);
  if (isFault(messages)) return messages;
  const tools = decodeTools(request.tools, losses);
  if (isFault(tools)) return tools;
  const toolChoice = decodeToolChoice(request.tool_choice);
  if (isFault(toolChoice)) return toolChoice;
  const format = decodeFormat(request.response_format, losses);
  if (isFault(format)) return format;
  const numbers = decodeNumbers(request);
  if (isFault(numbers)) return numbers;
  const stop = decodeStop(request.stop);
  if (isFault(stop)) return stop;
  const parallelTools = request.parallel_tool_calls ?? undefined;
  if (parallelTools !== undefined && typeof parallelTools !== "boolean")
    return invalidField("parallel_tool_calls", "true or false");
  const effort = decodeEffort(request.reasoning_effort, losses);
  const user = textOf(request.user) ?? textOf(request.safety_identifier);
  return {
    value: {
      ...messages,
      ...numbers,
      stream: request.stream === true,
      tools,
      stop,
      ...(toolChoice !== undefined && { toolChoice }),
      ...(parallelTools !== undefined && { parallelTools }),
      ...(format !== undefined && { format }),
      ...(effort !== undefined && { effort }),
      ...(user !== undefined && { user }),
    },
    losses: losses.list,
  };
}

function checkFields(request: JsonObject, losses: Losses): Fault | undefined {
  for (const field of ["user", "safety_identifier"]) {
    if (request[field] != null && typeof request[field] !== "string") return invalidField(field, "a string");
  }
  for (const [field, value] of Object.entries(request)) {
    const fate = fateOf(field);
    if (fate === "read" || asksNothing(field, value)) continue;
    if (fate === "rejected") return unsupportedField(field, "the answer would be another one without it");
    losses.add(field, fate === undefined ? "unknown field" : "the other dialect has no such field");
  }
  if (textOf(request.user) !== undefined && textOf(request.safety_identifier) !== undefined) {
    losses.add("safety_identifier", "only one name of the user is carried");
  }
  return undefined;
}

function decodeNumbers(request: JsonObject): Pick<Prompt, "maxTokens" | "temperature" | "topP" | "topK"> | Fault {
  const limit = request.max_completion_tokens == null ? "max_tokens" : "max_completion_tokens";
  const keys = { maxTokens: limit, temperature: "temperature", topP: "top_p", topK: "top_k" } as const;
  const found: { -readonly [K in keyof typeof keys]?: number } = {};
  for (const [name, key] of Object.entries(keys)) {
    const value = request[key] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isFinite(value)) return invalidField(key, "a number");
    // The names are those of `keys`, which `Object.entries` forgets.
    found[name as keyof typeof keys] = value;
  }
  return found;
}

function decodeStop(value: unknown): readonly string[] | Fault {
  if (value === undefined || value === null) return [];
  const list = typeof value === "string" ? [value] : value;
  if (!isTexts(list)) return invalidField("stop", "a string or an array of strings");
  return list.filter((text) => text !== "");
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function decodeEffort(value: unknown, losses: Losses): Effort | undefined {
  if (value === undefined || value === null) return undefined;
  const effort = EFFORTS.find((known) => known === value);
  if (effort === undefined) losses.add("reasoning_effort", "an effort that is not known");
  return effort;
}

function decodeTools(value: unknown, losses: Losses): readonly ToolSpec[] | Fault {
  if (value === undefined || value === null) return [];
  const list = listOf(value);
  if (list === undefined) return invalidField("tools", "an array");
  const tools: ToolSpec[] = [];
  for (const [i, item] of list.entries()) {
    const tool = objectOf(item);
    const spec = objectOf(tool?.function);
    if (tool?.type !== undefined && tool.type !== "function") {
      return unsupportedField(`tools[${i}]`, "only function tools can be carried");
    }
    const name = textOf(spec?.name);
    if (spec === undefined || name === undefined) return invalidField(`tools[${i}].function.name`, "a name");
    addUnknown(losses, tool ?? {}, TOOL_KEYS, `tools[${i}]`);
    addUnknown(losses, spec, FUNCTION_KEYS, `tools[${i}].function`);
    const description = textOf(spec.description);
    tools.push({
      name,
      schema: spec.parameters ?? { type: "object", properties: {} },
      ...(description !== undefined && { description }),
      ...(typeof spec.strict === "boolean" && { strict: spec.strict }),
    });
  }
  return tools;
}

function decodeToolChoice(value: unknown): ToolChoice | Fault | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === "auto" || value === "none") return { type: value };
  if (value === "required") return { type: "any" };
  const choice = objectOf(value);
  if (choice === undefined) return invalidField("tool_choice", '"none", "auto", "required" or a tool');
  if (choice.type !== "function") return unsupportedField("tool_choice", "only a function can be chosen");
  const name = textOf(objectOf(choice.function)?.name);
  return name === undefined ? invalidField("tool_choice.function.name", "a name") : { type: "tool", name };
}

function decodeFormat(value: unknown, losses: Losses): OutputFormat | Fault | undefined {
  if (value === undefined || value === null) return undefined;
  const format = objectOf(value);
  if (format?.type === "text") return undefined;
  if (format?.type === "json_object") return { type: "json-object" };
  const spec = objectOf(format?.json_schema);
  if (format?.type !== "json_schema" || spec === undefined) {
    return invalidField("response_format", 'a type "text", "json_object" or "json_schema"');
  }
  addUnknown(losses, spec, FORMAT_KEYS, "response_format.json_schema");
  if (textOf(spec.description) !== undefined) {
    losses.add("response_format.json_schema.description", "the other dialect has no such field");
  }
  const name = textOf(spec.name);
  return {
    type: "json-schema",
    schema: spec.schema ?? {},
    ...(name !== undefined && { name }),
    ...(typeof spec.strict === "boolean" && { strict: spec.strict }),
  };
}
