// Reads and patches the top level of a Messages request by spans. The prompt itself is never parsed here.

import type { Inspected, Operation } from "../../core/call.ts";
import { type Fault, fault, isFault } from "../../core/fault.ts";
import type { PatchEdits } from "../dialect.ts";
import { isObject } from "../json-object.ts";
import { replaceSpan } from "../json-span.ts";
import { nameJson } from "../name-memo.ts";
import { endUserOf, fieldOf, MODEL_CHARS_MAX, type RequestTop, readTop, spanOf } from "../request-top.ts";
import { withoutForeignThinking } from "./foreign-thinking.ts";

const WANTED: ReadonlySet<string> = new Set([
  ...["model", "messages", "max_tokens", "stream", "thinking", "metadata"],
  ...["tools", "output_config", "output_format", "container", "thread"],
]);
const OPEN_BRACKET = 0x5b;

/** `invalid-request` in Anthropic's manner, with `param`, for what is wrong at every target. */
export function inspect(body: Uint8Array, operation: Operation): Inspected | Fault {
  const top = readTop(body, WANTED);
  if (isFault(top)) return top;
  const modelSpan = spanOf(top, "model");
  if (modelSpan === undefined) return wrong("model", "Field required");
  const model = fieldOf(top, "model");
  if (typeof model !== "string") return wrong("model", "Input should be a valid string");
  if (model === "") return wrong("model", "String should have at least 1 character");
  if (model.length > MODEL_CHARS_MAX) return wrong("model", `String should have at most ${MODEL_CHARS_MAX} characters`);
  const messages = spanOf(top, "messages");
  if (messages === undefined) return wrong("messages", "Field required");
  if (body[messages.start] !== OPEN_BRACKET) return wrong("messages", "Input should be a valid list");
  const maxTokens = maxTokensOf(top, operation);
  if (isFault(maxTokens)) return maxTokens;
  const stream = spanOf(top, "stream") === undefined ? false : fieldOf(top, "stream");
  if (typeof stream !== "boolean") return wrong("stream", "Input should be a valid boolean");
  const thinking = fieldOf(top, "thinking");
  const tools = spanOf(top, "tools");
  const format = spanOf(top, "output_config") ?? spanOf(top, "output_format");
  const metadata = fieldOf(top, "metadata");
  const endUser = isObject(metadata) ? endUserOf(metadata.user_id) : undefined;
  const stored = storedIn(top);
  const found: { -readonly [Key in keyof Inspected]: Inspected[Key] } = {
    model,
    stream: stream && operation === "generate",
    thinks: isObject(thinking) && thinking.type !== "disabled",
    modelSpan,
  };
  if (maxTokens !== undefined) found.maxTokens = maxTokens;
  if (endUser !== undefined) found.endUser = endUser;
  if (stored !== undefined) found.stored = stored;
  if (tools !== undefined) found.tools = tools;
  if (format !== undefined) found.format = format;
  return found;
}

/** A container that exists, a thread that goes on: no other provider has them. */
function storedIn(top: RequestTop): string | undefined {
  const container = fieldOf(top, "container");
  const thread = fieldOf(top, "thread");
  if (typeof container === "string" || (isObject(container) && typeof container.id === "string")) return "container";
  return isObject(thread) && thread.type === "continue" ? "thread" : undefined;
}

/**
 * Replaces the model's name and takes out thinking that we put into the history; every other byte stays. Usage is always in
 * an Anthropic stream, so it needs no asking.
 */
export function patch(body: Uint8Array, inspected: Inspected, edits: PatchEdits): Uint8Array {
  return withoutForeignThinking(renamed(body, inspected, edits));
}

function renamed(body: Uint8Array, inspected: Inspected, edits: PatchEdits): Uint8Array {
  if (edits.model === undefined || edits.model === inspected.model) return body;
  return replaceSpan(body, inspected.modelSpan, nameJson(edits.model));
}

function maxTokensOf(top: RequestTop, operation: Operation): number | undefined | Fault {
  const value = fieldOf(top, "max_tokens");
  if (operation !== "generate") return Number.isSafeInteger(value) ? Number(value) : undefined;
  if (value === undefined) return wrong("max_tokens", "Field required");
  if (!Number.isSafeInteger(value)) return wrong("max_tokens", "Input should be a valid integer");
  const maxTokens = Number(value);
  return maxTokens >= 0 ? maxTokens : wrong("max_tokens", "Input should be greater than or equal to 0");
}

function wrong(param: string, what: string): Fault {
  return fault("invalid-request", `${param}: ${what}`, { param });
}
