// A Messages request as a canonical prompt, for targets of another dialect. Paths of losses are this dialect's.

import { type Fault, isFault } from "../../core/fault.ts";
import type { Effort, OutputFormat, Prompt, ToolChoice, ToolSpec, Translated, Turn } from "../../core/message.ts";
import { topLevel } from "../field-ledger.ts";
import { clip, isAbsent, isCount, isList, isObject, type JsonObject, parseJson } from "../json-object.ts";
import { collectLosses, type Losses, NO_LOSSES } from "../losses.ts";
import { type PlainForm, plainPrompt } from "../plain-prompt.ts";
import { decodeContent, invalid, unsupported } from "./decode-content.ts";
import { MESSAGES_FIELDS } from "./fields.ts";
import { addUnknown } from "./unknown-fields.ts";

const decoder = new TextDecoder();

/** Fields that change what the answer means and that only their provider can honour. */
const PROVIDER_ONLY = topLevel(MESSAGES_FIELDS, "rejected");
/** Objects of which only a part is carried. */
const IN_PARTS = ["messages", "metadata", "output_config"];
const KNOWN: ReadonlySet<string> = new Set([
  ...topLevel(MESSAGES_FIELDS, "mapped", "approximated", "rejected"),
  ...["top_k", ...IN_PARTS],
]);
const MESSAGE_KEYS: ReadonlySet<string> = new Set(["role", "content"]);
const TOOL_KEYS: ReadonlySet<string> = new Set(["type", "name", "description", "input_schema", "strict"]);
const CHOICE_KEYS: ReadonlySet<string> = new Set(["type", "name", "disable_parallel_tool_use"]);
const OUTPUT_KEYS: ReadonlySet<string> = new Set(["effort", "format"]);
const METADATA_KEYS: ReadonlySet<string> = new Set(["user_id"]);
const THINKING_KEYS: ReadonlySet<string> = new Set(["type", "budget_tokens"]);
const NUMBERS = ["max_tokens", "temperature", "top_p", "top_k"];
const PLAIN: PlainForm = { limits: ["max_tokens"], hasSystemField: true };
const EFFORTS: Readonly<Record<string, Effort>> = {
  low: "low",
  medium: "medium",
  high: "high",
  xhigh: "xhigh",
  max: "max",
};

/** `invalid-request` names the field that is wrong, `unsupported` the one that no other provider can carry. */
export function decodeRequest(body: Uint8Array): Translated<Prompt> | Fault {
  const request = parseJson(decoder.decode(body));
  if (!isObject(request)) return invalid("body", "Input should be a JSON object");
  const plain = plainPrompt(request, PLAIN);
  if (plain !== undefined) return { value: plain, losses: NO_LOSSES };
  const losses = collectLosses();
  const refused = refusal(request);
  if (refused !== undefined) return refused;
  addUnknown(losses, request, KNOWN, "");
  const system = decodeSystem(request.system, losses);
  if (isFault(system)) return system;
  const turns = decodeTurns(request.messages, losses);
  if (isFault(turns)) return turns;
  const tools = decodeTools(request.tools, losses);
  if (isFault(tools)) return tools;
  const choice = decodeChoice(request.tool_choice, losses);
  if (isFault(choice)) return choice;
  const output = decodeOutput(request, losses);
  if (isFault(output)) return output;
  const metadata = isAbsent(request.metadata) ? {} : request.metadata;
  if (!isObject(metadata)) return invalid("metadata", "Input should be an object");
  addUnknown(losses, metadata, METADATA_KEYS, "metadata");
  if (!isAbsent(metadata.user_id) && typeof metadata.user_id !== "string")
    return invalid("metadata.user_id", "Input should be a valid string");
  const stop = decodeStop(request.stop_sequences);
  if (isFault(stop)) return stop;
  const wrong = NUMBERS.find((field) => !isAbsent(request[field]) && !isCount(request[field]));
  if (wrong !== undefined) return invalid(wrong, "Input should be a number, 0 or more");
  const prompt: { -readonly [Key in keyof Prompt]: Prompt[Key] } = {
    stream: request.stream === true,
    system,
    turns,
    tools,
    stop,
    ...choice,
    ...output,
  };
  if (isCount(request.max_tokens)) prompt.maxTokens = request.max_tokens;
  if (isCount(request.temperature)) prompt.temperature = request.temperature;
  if (isCount(request.top_p)) prompt.topP = request.top_p;
  if (isCount(request.top_k)) prompt.topK = request.top_k;
  if (typeof metadata.user_id === "string") prompt.user = metadata.user_id;
  return { value: prompt, losses: losses.list };
}

function refusal(request: JsonObject): Fault | undefined {
  for (const field of PROVIDER_ONLY) {
    // A limit of 0 alone is.
    if (field === "max_tokens") continue;
    const value = request[field];
    if (isAbsent(value) || (isList(value) && value.length === 0)) continue;
    return unsupported(field, "this cannot be carried to another provider");
  }
  return request.max_tokens === 0 ? unsupported("max_tokens", "only Anthropic can be asked for no token") : undefined;
}

function decodeStop(sequences: unknown): readonly string[] | Fault {
  if (isAbsent(sequences)) return [];
  if (!isList(sequences)) return invalid("stop_sequences", "Input should be a valid list");
  const stop = sequences.filter((one) => typeof one === "string");
  const wrong = sequences.findIndex((one) => typeof one !== "string");
  return wrong < 0 ? stop : invalid(`stop_sequences[${wrong}]`, "Input should be a valid string");
}

function decodeSystem(system: unknown, losses: Losses): readonly string[] | Fault {
  if (isAbsent(system)) return [];
  const parts = decodeContent(system, "system", losses);
  if (isFault(parts)) return parts;
  const texts: string[] = [];
  for (const [i, part] of parts.entries()) {
    if (part.type !== "text") return invalid(`system[${i}]`, "Input should be a text block");
    if (part.text !== "") texts.push(part.text);
  }
  return texts;
}

/** One turn for each message, so that a turn's place is its message's place. */
function decodeTurns(messages: unknown, losses: Losses): readonly Turn[] | Fault {
  if (!isList(messages)) return invalid("messages", "Input should be a valid list");
  const turns: Turn[] = [];
  for (const [i, message] of messages.entries()) {
    const at = `messages[${i}]`;
    if (!isObject(message)) return invalid(at, "Input should be a message");
    const { role } = message;
    if (role !== "user" && role !== "assistant" && role !== "system")
      return invalid(`${at}.role`, "Input should be 'user', 'assistant' or 'system'");
    addUnknown(losses, message, MESSAGE_KEYS, at);
    const parts = decodeContent(message.content, `${at}.content`, losses);
    if (isFault(parts)) return parts;
    turns.push({ role, parts });
  }
  return turns;
}

function decodeTools(tools: unknown, losses: Losses): readonly ToolSpec[] | Fault {
  if (isAbsent(tools)) return [];
  if (!isList(tools)) return invalid("tools", "Input should be a valid list");
  const specs: ToolSpec[] = [];
  for (const [i, tool] of tools.entries()) {
    const at = `tools[${i}]`;
    if (!isObject(tool)) return invalid(at, "Input should be a tool");
    if (!isAbsent(tool.type) && tool.type !== "custom")
      return unsupported(`${at}.type`, "a tool that Anthropic runs or defines cannot be carried to another provider");
    if (typeof tool.name !== "string") return invalid(`${at}.name`, "Field required");
    if (!isAbsent(tool.description) && typeof tool.description !== "string")
      return invalid(`${at}.description`, "Input should be a valid string");
    addUnknown(losses, tool, TOOL_KEYS, at);
    specs.push({
      name: tool.name,
      ...(typeof tool.description === "string" ? { description: tool.description } : undefined),
      schema: tool.input_schema ?? { type: "object" },
      ...(typeof tool.strict === "boolean" ? { strict: tool.strict } : undefined),
    });
  }
  return specs;
}

type Choice = Pick<Prompt, "toolChoice" | "parallelTools">;

function decodeChoice(choice: unknown, losses: Losses): Choice | Fault {
  if (isAbsent(choice)) return {};
  const toolChoice = isObject(choice) ? toolChoiceOf(choice) : undefined;
  if (!isObject(choice) || toolChoice === undefined)
    return invalid("tool_choice.type", "Input should be 'auto', 'any', 'tool' or 'none'");
  addUnknown(losses, choice, CHOICE_KEYS, "tool_choice");
  return { toolChoice, ...(choice.disable_parallel_tool_use === true ? { parallelTools: false } : undefined) };
}

function toolChoiceOf({ type, name }: JsonObject): ToolChoice | undefined {
  if (type === "auto" || type === "any" || type === "none") return { type };
  return type === "tool" && typeof name === "string" ? { type, name } : undefined;
}

type Output = Pick<Prompt, "format" | "effort">;

const NO_OUTPUT: Output = {};

function decodeOutput(request: JsonObject, losses: Losses): Output | Fault {
  const wrong = ["output_config", "thinking"].find((field) => !isAbsent(request[field]) && !isObject(request[field]));
  if (wrong !== undefined) return invalid(wrong, "Input should be an object");
  const config = isObject(request.output_config) ? request.output_config : {};
  addUnknown(losses, config, OUTPUT_KEYS, "output_config");
  const asked = config.format ?? request.output_format;
  const format = isAbsent(asked) ? undefined : formatOf(asked);
  if (!isAbsent(asked) && format === undefined)
    return invalid("output_config.format", "Input should have type 'json_schema' and a schema");
  const effort = effortOf(config.effort, request.thinking, losses);
  if (format === undefined) return effort === undefined ? NO_OUTPUT : { effort };
  return effort === undefined ? { format } : { format, effort };
}

function formatOf(format: unknown): OutputFormat | undefined {
  if (!isObject(format) || format.type !== "json_schema" || !isObject(format.schema)) return undefined;
  return { type: "json-schema", schema: format.schema };
}

/** An effort that was asked for wins; else the budget for thinking tells one: under 4000 tokens low, under 16000 medium. */
function effortOf(effort: unknown, thinking: unknown, losses: Losses): Effort | undefined {
  const known = typeof effort === "string" && Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined;
  if (!isAbsent(effort) && known === undefined)
    losses.add("output_config.effort", `${clip(String(effort), 20)} is no known effort`);
  if (!isObject(thinking)) return known;
  addUnknown(losses, thinking, THINKING_KEYS, "thinking");
  const isDisabled = thinking.type === "disabled";
  const budget = isCount(thinking.budget_tokens) ? thinking.budget_tokens : undefined;
  if (known !== undefined) {
    if (isDisabled || budget !== undefined) losses.add("thinking", "output_config.effort is carried instead");
    return known;
  }
  if (isDisabled) return "none";
  const bucket = budget === undefined ? "high" : budget < 4000 ? "low" : budget < 16_000 ? "medium" : "high";
  losses.add(budget === undefined ? "thinking" : "thinking.budget_tokens", `carried as effort ${bucket}`);
  return bucket;
}
