// A canonical prompt as a Messages request, for clients of another dialect. Paths of losses are keys of `Prompt`.

import { type Fault, isFault } from "../../core/fault.ts";
import type { Effort, Prompt, ToolSpec, Translated } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import { isList, isObject, type JsonObject } from "../json-object.ts";
import { collectLosses, type Losses } from "../losses.ts";
import { type ClaudeLimits, claudeLimits } from "./claude-limits.ts";
import { unsupported } from "./decode-content.ts";
import { encodeTurns } from "./encode-turns.ts";
import { sentName } from "./tool-name.ts";

const encoder = new TextEncoder();

/** Where neither the client nor the catalog names one. A low default would cut real answers in silence. */
const MAX_TOKENS_DEFAULT = 32_000;
const JSON_ONLY = "Answer with one JSON object only.";

/** `unsupported` when this model cannot be asked so. */
export function encodeRequest(prompt: Prompt, target: Target): Translated<Uint8Array> | Fault {
  const limits = claudeLimits(target.model);
  const losses = collectLosses();
  const encoded = encodeTurns(prompt.turns, losses);
  if (isFault(encoded)) return encoded;
  const messages = closePrefill(encoded, limits);
  if (isFault(messages)) return messages;
  const request = {
    model: target.model,
    max_tokens: maxTokens(prompt, target, losses),
    messages,
    ...system(prompt, losses),
    ...tools(prompt, limits, losses),
    ...sampling(prompt, limits, losses),
    ...stop(prompt, losses),
    ...output(prompt, limits, losses),
    ...(prompt.user === undefined ? undefined : { metadata: { user_id: prompt.user } }),
    ...(prompt.stream ? { stream: true } : undefined),
  };
  return { value: encoder.encode(JSON.stringify(request)), losses: losses.list };
}

/** A last turn of the assistant asks that it be gone on with; models that cannot would answer 400. */
function closePrefill(messages: readonly JsonObject[], limits: ClaudeLimits): readonly JsonObject[] | Fault {
  const last = messages.at(-1);
  if (last?.role !== "assistant") return messages;
  if (limits.refusesPrefill)
    return unsupported("turns", "this model goes on with no message of the assistant; the user's must be the last");
  // A prefill must not end with white space.
  const content = isList(last.content) ? last.content : [];
  const end = content.at(-1);
  if (!isObject(end) || typeof end.text !== "string") return messages;
  const trimmed = { ...end, text: end.text.trimEnd() };
  return [...messages.slice(0, -1), { ...last, content: [...content.slice(0, -1), trimmed] }];
}

function maxTokens(prompt: Prompt, target: Target, losses: Losses): number {
  const most = target.maxOutputTokens;
  const asked = prompt.maxTokens ?? most ?? MAX_TOKENS_DEFAULT;
  if (most === undefined || asked <= most) return asked;
  losses.add("maxTokens", `this model writes at most ${most} tokens`);
  return most;
}

function system(prompt: Prompt, losses: Losses): JsonObject {
  const texts = prompt.system.filter((text) => text.trim() !== "");
  if (prompt.format?.type === "json-object") {
    losses.add("format", "carried as an instruction: Anthropic has no such format");
    texts.push(JSON_ONLY);
  }
  if (texts.length === 0) return {};
  return { system: texts.length === 1 ? texts[0] : texts.map((text) => ({ type: "text", text })) };
}

function tools(prompt: Prompt, limits: ClaudeLimits, losses: Losses): JsonObject {
  if (prompt.tools.length === 0) return {};
  const choice = toolChoice(prompt, limits, losses);
  return {
    tools: prompt.tools.map(encodeTool),
    ...(choice === undefined ? undefined : { tool_choice: choice }),
  };
}

function encodeTool(tool: ToolSpec): JsonObject {
  const schema = isObject(tool.schema) ? tool.schema : {};
  return {
    name: sentName(tool.name),
    ...(tool.description === undefined ? undefined : { description: tool.description }),
    // Anthropic requires the type; other dialects let a tool without parameters leave it out.
    input_schema: schema.type === undefined ? { type: "object", ...schema } : schema,
    ...(tool.strict === undefined ? undefined : { strict: tool.strict }),
  };
}

function toolChoice(prompt: Prompt, limits: ClaudeLimits, losses: Losses): JsonObject | undefined {
  let choice = prompt.toolChoice;
  if (choice?.type === "tool") choice = { type: "tool", name: sentName(choice.name) };
  if (limits.refusesForcedTool && (choice?.type === "any" || choice?.type === "tool")) {
    losses.add("toolChoice", "this model cannot be made to call a tool");
    choice = { type: "auto" };
  }
  if (prompt.parallelTools !== false || choice?.type === "none") return choice;
  return { ...(choice ?? { type: "auto" }), disable_parallel_tool_use: true };
}

function sampling(prompt: Prompt, limits: ClaudeLimits, losses: Losses): JsonObject {
  const { temperature, topP, topK } = prompt;
  if (limits.refusesSampling) {
    for (const [path, value] of Object.entries({ temperature, topP, topK }))
      if (value !== undefined) losses.add(path, "this model takes no sampling parameters");
    return {};
  }
  const clamped = temperature === undefined ? undefined : Math.min(Math.max(temperature, 0), 1);
  if (clamped !== temperature) losses.add("temperature", "Anthropic's temperatures end at 1");
  const dropsTopP = limits.oneOfTemperatureAndTopP && clamped !== undefined && topP !== undefined;
  if (dropsTopP) losses.add("topP", "this model takes temperature or top_p, not both");
  return {
    ...(clamped === undefined ? undefined : { temperature: clamped }),
    ...(topP === undefined || dropsTopP ? undefined : { top_p: topP }),
    ...(topK === undefined ? undefined : { top_k: topK }),
  };
}

function stop(prompt: Prompt, losses: Losses): JsonObject {
  const sequences = prompt.stop.filter((sequence) => sequence.trim() !== "");
  if (sequences.length < prompt.stop.length)
    losses.add("stop", "Anthropic takes no stop sequence of white space alone");
  return sequences.length === 0 ? {} : { stop_sequences: sequences };
}

function output(prompt: Prompt, limits: ClaudeLimits, losses: Losses): JsonObject {
  const effort = encodeEffort(prompt.effort, limits, losses);
  // The schema's name and `strict` say nothing to Anthropic, which always keeps to the schema: no loss.
  const format =
    prompt.format?.type === "json-schema" ? { type: "json_schema", schema: prompt.format.schema } : undefined;
  if (effort === undefined && format === undefined) return {};
  return {
    output_config: {
      ...(effort === undefined ? undefined : { effort }),
      ...(format === undefined ? undefined : { format }),
    },
  };
}

function encodeEffort(effort: Effort | undefined, limits: ClaudeLimits, losses: Losses): string | undefined {
  if (effort === undefined) return undefined;
  if (effort === "none" || !limits.takesEffort) {
    losses.add("effort", effort === "none" ? "Anthropic has no effort of none" : "this model takes no effort");
    return undefined;
  }
  if (effort === "minimal") {
    losses.add("effort", "carried as low");
    return "low";
  }
  if (limits.takesXhigh || (effort !== "xhigh" && effort !== "max")) return effort;
  losses.add("effort", "carried as high");
  return "high";
}
