// The canonical prompt of a request that is nothing but words and a few numbers, as most are: one pass over it, so that such a
// call costs little. What is anything else is left to the dialect's own decoder, which would make the same of this one.

import type { Prompt, Turn } from "../core/message.ts";
import { isCount, isList, isObject, type JsonObject } from "./json-object.ts";

/** What the two dialects name or place differently. */
export interface PlainForm {
  /** The names that an output limit may have. */
  readonly limits: readonly [string, string?];
  /** System text is a field; otherwise the first messages are. */
  readonly hasSystemField: boolean;
}

type Draft<T> = { -readonly [Key in keyof T]: T[Key] };

const NONE: readonly never[] = [];

/** `undefined`: there is more in it, or something is wrong with it. */
export function plainPrompt(request: JsonObject, { limits, hasSystemField }: PlainForm): Prompt | undefined {
  const prompt: Draft<Prompt> = { stream: false, system: NONE, turns: NONE, tools: NONE, stop: NONE };
  for (const field in request) {
    const value = request[field];
    switch (field) {
      case "model":
        break;
      case "messages":
        if (!addTurns(prompt, value, !hasSystemField)) return undefined;
        break;
      case "system":
        if (!hasSystemField || typeof value !== "string" || value === "") return undefined;
        prompt.system = [value];
        break;
      case "stream":
        if (typeof value !== "boolean") return undefined;
        prompt.stream = value;
        break;
      case "temperature":
        if (!isCount(value)) return undefined;
        prompt.temperature = value;
        break;
      case "top_p":
        if (!isCount(value)) return undefined;
        prompt.topP = value;
        break;
      default:
        // Two limits, and a limit of nothing, are not as plain as they look.
        if (!limits.includes(field) || !isCount(value) || value === 0 || prompt.maxTokens !== undefined)
          return undefined;
        prompt.maxTokens = value;
    }
  }
  return prompt.turns === NONE ? undefined : prompt;
}

/** False where a message is anything but one text of the user or the model, or in front of them of the system. */
function addTurns(prompt: Draft<Prompt>, messages: unknown, hasLeadingSystem: boolean): boolean {
  if (!isList(messages)) return false;
  const system: string[] = [];
  const turns: Turn[] = [];
  for (const message of messages) {
    if (!isObject(message)) return false;
    const { role, content } = message;
    if (typeof content !== "string" || content === "") return false;
    for (const key in message) if (key !== "role" && key !== "content") return false;
    if (role === "user" || role === "assistant") turns.push({ role, parts: [{ type: "text", text: content }] });
    else if (role === "system" && hasLeadingSystem && turns.length === 0) system.push(content);
    else return false;
  }
  if (system.length > 0) prompt.system = system;
  prompt.turns = turns;
  return true;
}
