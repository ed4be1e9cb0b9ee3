// Reads and checks an Anthropic Messages request as the provider would in the main. Not a validator of every field: what
// gateways and translations get wrong is here (adjacency of tool results, prefill, sampling on the new API version).

import type { HeaderMap } from "../core/runtime.ts";
import { type Ask, type Problem, tokensOf } from "./ask.ts";
import { contentText, goingOnOf } from "./going-on.ts";
import { asCount, asRecord, asText, type JsonRecord, recordsIn } from "./json.ts";

/** Claude up to 4.5 continues a last assistant turn; later ones refuse it. */
const TAKES_PREFILL = /^claude-(?:2|3|instant|(?:opus|sonnet|haiku)-4-(?:0|1|5|20\d{6})(?:-|$))/;
/** From this API version on, sampling parameters are refused. */
const NO_SAMPLING_SINCE = "2026-10-21";

export interface AnthropicRequest {
  readonly headers: HeaderMap;
  /** The body as JSON; `undefined` when it does not parse. */
  readonly json: unknown;
  readonly bodyBytes: number;
  /** `count_tokens` needs no limit. */
  readonly counting: boolean;
}

/** The request in common terms, or the 400 that Anthropic would answer. */
export function askOfAnthropic(request: AnthropicRequest): Ask | Problem {
  const version = request.headers["anthropic-version"];
  if (version === undefined) return bad("anthropic-version: header is required");
  const body = asRecord(request.json);
  if (body === undefined) return bad("The request body is not valid JSON");
  const model = asText(body.model);
  if (model === undefined || model === "") return bad("model: Field required");
  const maxTokens = asCount(body.max_tokens);
  if (maxTokens === undefined && !request.counting) return bad("max_tokens: Field required");
  if (!Array.isArray(body.messages)) return bad("messages: Field required");
  const messages = recordsIn(body.messages);
  const wrong =
    badSampling(body, version) ??
    badMessages(messages, body.messages.length) ??
    badTools(body) ??
    badEnd(messages, model);
  if (wrong !== undefined) return bad(wrong);
  const goingOn = goingOnOf(messages, contentText);
  const output = asRecord(asRecord(body.output_config)?.format);
  return {
    model,
    stream: body.stream === true,
    maxTokens: maxTokens ?? 0,
    thinking: thinkingOf(asRecord(body.thinking)),
    tools: recordsIn(body.tools)
      .filter((tool) => asRecord(tool.input_schema) !== undefined)
      .map((tool) => ({ name: asText(tool.name) ?? "", schema: tool.input_schema })),
    choice: choiceOf(asRecord(body.tool_choice)),
    parallel: asRecord(body.tool_choice)?.disable_parallel_tool_use !== true,
    prompt: goingOn?.prompt ?? lastUserText(messages),
    ...(goingOn && { goingOn }),
    stops: Array.isArray(body.stop_sequences) ? body.stop_sequences.filter((stop) => typeof stop === "string") : [],
    ...(output === undefined ? {} : { format: { schema: output.schema } }),
    includeUsage: true,
    inputTokens: tokensOf(request.bodyBytes),
  };
}

function bad(message: string): Problem {
  return { status: 400, type: "invalid_request_error", message };
}

function badSampling(body: JsonRecord, version: string): string | undefined {
  if (version < NO_SAMPLING_SINCE) return undefined;
  const field = ["temperature", "top_p", "top_k"].find((name) => name in body);
  return field === undefined ? undefined : `${field}: Extra inputs are not permitted`;
}

function badTools(body: JsonRecord): string | undefined {
  const tools = recordsIn(body.tools);
  const index = tools.findIndex((tool) => asText(tool.name) === undefined || !hasSchema(tool));
  if (index >= 0) return `tools.${index}.custom: name and input_schema are required`;
  const choice = asRecord(body.tool_choice);
  if (choice !== undefined && choice.type !== "none" && tools.length === 0) {
    return "tool_choice: may only be specified while providing tools";
  }
  const named = choice?.type === "tool" ? choice.name : undefined;
  if (named !== undefined && !tools.some((tool) => tool.name === named)) {
    return `tool_choice: Tool '${String(named).slice(0, 100)}' not found in provided tools`;
  }
  return undefined;
}

/** The provider's own tools have a versioned type instead of a schema. */
function hasSchema(tool: JsonRecord): boolean {
  const type = asText(tool.type);
  return asRecord(tool.input_schema) !== undefined || (type !== undefined && type !== "custom");
}

function badMessages(messages: readonly JsonRecord[], length: number): string | undefined {
  if (length === 0) return "messages: at least one message is required";
  if (messages.length !== length) return "messages: every message is an object";
  for (const [index, message] of messages.entries()) {
    const where = `messages.${index}`;
    const role = message.role;
    if (role !== "user" && role !== "assistant" && role !== "system") {
      return `${where}.role: Input should be 'user', 'assistant' or 'system'`;
    }
    const content = message.content;
    if (typeof content !== "string" && !Array.isArray(content)) return `${where}.content: Field required`;
    if (role === "user" && content.length === 0) return `${where}: user messages must have non-empty content`;
    const blocks = recordsIn(content);
    const empty = blocks.findIndex((block) => block.type === "text" && !asText(block.text));
    if (empty >= 0) return `${where}.content.${empty}.text: text content blocks must be non-empty`;
    const orphan = badToolUse(blocks, recordsIn(messages[index + 1]?.content), recordsIn(messages[index - 1]?.content));
    if (orphan !== undefined) return `${where}: ${orphan}`;
  }
  return undefined;
}

function badToolUse(
  blocks: readonly JsonRecord[],
  next: readonly JsonRecord[],
  previous: readonly JsonRecord[],
): string | undefined {
  for (const block of blocks) {
    const id = block.type === "tool_use" ? block.id : block.tool_use_id;
    if (block.type === "tool_use" && !next.some((other) => other.tool_use_id === id)) {
      return `\`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${String(id).slice(0, 100)}`;
    }
    if (block.type === "tool_use" && asRecord(block.input) === undefined) return "tool_use.input: should be an object";
    if (block.type === "tool_result" && !previous.some((other) => other.type === "tool_use" && other.id === id)) {
      return `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(id).slice(0, 100)}`;
    }
  }
  return undefined;
}

function badEnd(messages: readonly JsonRecord[], model: string): string | undefined {
  if (messages.at(-1)?.role !== "assistant" || !model.startsWith("claude") || TAKES_PREFILL.test(model))
    return undefined;
  return "This model does not support assistant message prefill. The conversation must end with a user message.";
}

function thinkingOf(thinking: JsonRecord | undefined): Ask["thinking"] {
  if (thinking === undefined || thinking.type === "disabled") return "none";
  return thinking.display === "omitted" ? "omitted" : "shown";
}

function choiceOf(choice: JsonRecord | undefined): Ask["choice"] {
  if (choice?.type === "tool") return { name: asText(choice.name) ?? "" };
  return choice?.type === "any" || choice?.type === "none" ? choice.type : "auto";
}

function lastUserText(messages: readonly JsonRecord[]): string {
  const last = messages.findLast((message) => message.role === "user");
  if (typeof last?.content === "string") return last.content;
  return recordsIn(last?.content)
    .map((block) => asText(block.text) ?? (block.type === "tool_result" ? "a tool's result" : ""))
    .join("\n");
}
