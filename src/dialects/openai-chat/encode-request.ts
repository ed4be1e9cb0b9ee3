// A canonical prompt as a Chat request for one target, in the form that most servers of this dialect take.

import { type Fault, fault } from "../../core/fault.ts";
import type { OutputFormat, Prompt, ToolChoice, Translated } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import type { JsonObject } from "../json-object.ts";
import { collectLosses, type Losses } from "../losses.ts";
import { encodeMessages } from "./encode-messages.ts";
import { sentName } from "./tool-names.ts";

const STOPS_MAX = 4;
/** The provider whose newer models refuse `max_tokens`; elsewhere the old name is the one that everybody knows. */
const KNOWS_MAX_COMPLETION_TOKENS = "openai";
const FORMAT_NAME = "response";
const encoder = new TextEncoder();

/** The request's bytes and what it lost; `unsupported` when the prompt cannot be asked in this dialect. */
export function encodeRequest(prompt: Prompt, target: Target): Translated<Uint8Array> | Fault {
  const losses = collectLosses();
  const messages = encodeMessages(prompt, losses);
  const request: Record<string, unknown> = { model: target.model, messages };
  const refused = putLimit(request, prompt, target, losses);
  if (refused !== undefined) return refused;
  if (prompt.topK !== undefined) losses.add("topK", "Chat has no such field");
  if (prompt.stop.length > STOPS_MAX) losses.add("stop", `only the first ${STOPS_MAX} are kept`);
  if (prompt.stream) {
    request.stream = true;
    request.stream_options = { include_usage: true };
  }
  // What is not there is not written: JSON has no form for it.
  request.temperature = prompt.temperature;
  request.top_p = prompt.topP;
  if (prompt.stop.length > 0) request.stop = prompt.stop.slice(0, STOPS_MAX);
  if (prompt.tools.length > 0) Object.assign(request, encodeTools(prompt));
  if (prompt.format !== undefined) request.response_format = encodeFormat(prompt.format);
  request.reasoning_effort = prompt.effort;
  request.user = prompt.user;
  return { value: encoder.encode(JSON.stringify(request)), losses: losses.list };
}

/** The fault, where there can be no request. */
function putLimit(
  request: Record<string, unknown>,
  { maxTokens }: Prompt,
  target: Target,
  losses: Losses,
): Fault | undefined {
  if (maxTokens === undefined) return undefined;
  if (maxTokens === 0) {
    return fault("unsupported", "a limit of 0 tokens only warms a cache, which this target has no call for", {
      param: "maxTokens",
    });
  }
  const most = target.maxOutputTokens ?? maxTokens;
  if (maxTokens > most) losses.add("maxTokens", `lowered to the ${most} that the target can give`);
  const isNew = target.provider === KNOWS_MAX_COMPLETION_TOKENS;
  request[isNew ? "max_completion_tokens" : "max_tokens"] = Math.min(maxTokens, most);
  return undefined;
}

/** Choices about tools are refused where there are none. */
function encodeTools({ tools, toolChoice, parallelTools }: Prompt): JsonObject {
  return {
    tools: tools.map(({ name, description, schema, strict }) => ({
      type: "function",
      function: {
        name: sentName(name),
        ...(description !== undefined && { description }),
        parameters: schema,
        ...(strict !== undefined && { strict }),
      },
    })),
    ...(toolChoice !== undefined && { tool_choice: encodeChoice(toolChoice) }),
    ...(parallelTools !== undefined && { parallel_tool_calls: parallelTools }),
  };
}

function encodeChoice(choice: ToolChoice): unknown {
  if (choice.type === "tool") return { type: "function", function: { name: sentName(choice.name) } };
  return choice.type === "any" ? "required" : choice.type;
}

function encodeFormat(format: OutputFormat): JsonObject {
  if (format.type === "json-object") return { type: "json_object" };
  const { name = FORMAT_NAME, schema, strict } = format;
  return { type: "json_schema", json_schema: { name, schema, ...(strict !== undefined && { strict }) } };
}
