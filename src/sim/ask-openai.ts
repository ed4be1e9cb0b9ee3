// Reads and checks an OpenAI Chat Completions request as the provider would in the main. Not a validator of every field.

import { type Ask, type Problem, tokensOf } from "./ask.ts";
import { contentText, goingOnOf } from "./going-on.ts";
import { asCount, asRecord, asText, type JsonRecord, recordsIn } from "./json.ts";

const ROLES: readonly unknown[] = ["developer", "system", "user", "assistant", "tool", "function"];

/** The request in common terms, or the 400 that OpenAI would answer. `json` is `undefined` when the body does not parse. */
export function askOfOpenai(json: unknown, bodyBytes: number): Ask | Problem {
  const body = asRecord(json);
  if (body === undefined) return openaiProblem("We could not parse the JSON body of your request.");
  const model = asText(body.model);
  if (model === undefined || model === "") return openaiProblem("you must provide a model parameter", "model");
  if (!Array.isArray(body.messages)) return openaiProblem("Missing required parameter: 'messages'.", "messages");
  const messages = recordsIn(body.messages);
  const wrong = badLimits(body) ?? badMessages(messages, body.messages.length) ?? badTools(body);
  if (wrong !== undefined) return wrong;
  // A last message of the assistant's is history here: a new turn follows it.
  const goingOn = messages.at(-1)?.role === "user" ? goingOnOf(messages, contentText) : undefined;
  const streamOptions = asRecord(body.stream_options);
  const effort = asText(body.reasoning_effort);
  return {
    model,
    stream: body.stream === true,
    maxTokens: asCount(body.max_completion_tokens) ?? asCount(body.max_tokens) ?? Number.POSITIVE_INFINITY,
    thinking: effort === undefined || effort === "none" ? "none" : "shown",
    tools: recordsIn(body.tools)
      .map((tool) => asRecord(tool.function))
      .filter((tool) => tool !== undefined)
      .map((tool) => ({ name: asText(tool.name) ?? "", schema: tool.parameters ?? {} })),
    choice: choiceOf(body.tool_choice),
    parallel: body.parallel_tool_calls !== false,
    prompt: goingOn?.prompt ?? lastUserText(messages),
    ...(goingOn && { goingOn }),
    stops: stopsOf(body.stop),
    ...formatOf(asRecord(body.response_format)),
    includeUsage: streamOptions?.include_usage === true,
    inputTokens: tokensOf(bodyBytes),
  };
}

export function openaiProblem(message: string, param?: string, code?: string): Problem {
  return {
    status: 400,
    type: "invalid_request_error",
    message,
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
  };
}

function badLimits(body: JsonRecord): Problem | undefined {
  for (const name of ["max_tokens", "max_completion_tokens"] as const) {
    const limit = body[name];
    if (limit !== undefined && limit !== null && !(asCount(limit) ?? 0)) {
      return openaiProblem(`Invalid '${name}': expected an integer of at least 1.`, name, "integer_below_min_value");
    }
  }
  if (body.stream_options !== undefined && body.stream_options !== null && body.stream !== true) {
    return openaiProblem("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options");
  }
  return undefined;
}

function badMessages(messages: readonly JsonRecord[], length: number): Problem | undefined {
  if (length === 0) return openaiProblem("Invalid 'messages': empty array.", "messages", "empty_array");
  if (messages.length !== length) return openaiProblem("Invalid 'messages': expected objects.", "messages");
  let open: readonly unknown[] = [];
  for (const [index, message] of messages.entries()) {
    const where = `messages[${index}]`;
    if (!ROLES.includes(message.role)) return openaiProblem(`Invalid value: '${where}.role'.`, `${where}.role`);
    if (message.role === "tool") {
      if (!open.includes(message.tool_call_id)) {
        return openaiProblem(
          "messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
          `${where}.role`,
        );
      }
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    if (open.length > 0) return unanswered(where);
    const calls = recordsIn(message.tool_calls);
    if ((message.content === undefined || message.content === null) && message.role !== "assistant") {
      return openaiProblem(`Missing required parameter: '${where}.content'.`, `${where}.content`);
    }
    if (calls.some((call) => typeof asRecord(call.function)?.arguments !== "string" && call.type !== "custom")) {
      return openaiProblem(`Invalid '${where}.tool_calls': arguments must be a string.`, `${where}.tool_calls`);
    }
    open = calls.map((call) => call.id);
  }
  return open.length > 0 ? unanswered(`messages[${messages.length}]`) : undefined;
}

function unanswered(where: string): Problem {
  const message = "An assistant message with 'tool_calls' must be followed by tool messages for each 'tool_call_id'.";
  return openaiProblem(message, `${where}.role`);
}

function badTools(body: JsonRecord): Problem | undefined {
  const tools = recordsIn(body.tools);
  const index = tools.findIndex(
    (tool) => tool.type !== "custom" && (tool.type !== "function" || !asText(asRecord(tool.function)?.name)),
  );
  if (index >= 0)
    return openaiProblem(`Missing required parameter: 'tools[${index}].function.name'.`, `tools[${index}]`);
  if (body.tool_choice !== undefined && body.tool_choice !== "none" && tools.length === 0) {
    return openaiProblem("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice");
  }
  return undefined;
}

function choiceOf(choice: unknown): Ask["choice"] {
  if (choice === "required") return "any";
  if (choice === "none") return "none";
  const name = asText(asRecord(asRecord(choice)?.function)?.name);
  return name === undefined ? "auto" : { name };
}

function stopsOf(stop: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(stop) ? stop : [stop];
  return list.filter((item) => typeof item === "string");
}

function formatOf(format: JsonRecord | undefined): { readonly format?: { readonly schema?: unknown } } {
  if (format?.type === "json_object") return { format: {} };
  return format?.type === "json_schema" ? { format: { schema: asRecord(format.json_schema)?.schema } } : {};
}

function lastUserText(messages: readonly JsonRecord[]): string {
  const last = messages.at(-1);
  if (last?.role === "tool") return "a tool's result";
  const content = messages.findLast((message) => message.role === "user")?.content;
  if (typeof content === "string") return content;
  return recordsIn(content)
    .map((part) => asText(part.text) ?? "")
    .join("\n");
}
