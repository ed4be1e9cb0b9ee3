// Reads and patches a Chat or embeddings request by spans: what the gateway must know of it, and the few bytes that it may
// change. The prompt itself is never parsed here.

import type { Inspected, Operation, Span } from "../../core/call.ts";
import { type Fault, fault, isFault } from "../../core/fault.ts";
import type { PatchEdits } from "../dialect.ts";
import { isObject } from "../json-object.ts";
import { replaceSpan, spanValue, splice } from "../json-span.ts";
import { nameJson } from "../name-memo.ts";
import { endUserOf, fieldOf, MODEL_CHARS_MAX, type RequestTop, readTop, spanOf } from "../request-top.ts";
import { invalidField } from "./request-fields.ts";

const GENERATE: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "stream",
  "stream_options",
  "n",
  "max_tokens",
  "max_completion_tokens",
  "reasoning_effort",
  "tools",
  "response_format",
  "safety_identifier",
  "user",
]);
const EMBED: ReadonlySet<string> = new Set(["model", "input"]);

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const encoder = new TextEncoder();

/** What the top level says. `invalid-request` names the field and what is allowed, in OpenAI's manner. */
export function inspect(body: Uint8Array, operation: Operation): Inspected | Fault {
  const embed = operation === "embed";
  const top = readTop(body, embed ? EMBED : GENERATE);
  if (isFault(top)) return top;
  const modelSpan = spanOf(top, "model");
  if (modelSpan === undefined) return missing("model");
  const model = fieldOf(top, "model");
  if (typeof model !== "string" || model === "" || model.length > MODEL_CHARS_MAX)
    return invalidField("model", `a non-empty string of at most ${MODEL_CHARS_MAX} characters`);
  if (embed) {
    return spanOf(top, "input") !== undefined ? { model, modelSpan, stream: false, thinks: false } : missing("input");
  }
  const messages = spanOf(top, "messages");
  if (messages === undefined) return missing("messages");
  if (!isFilledArray(body, messages)) return invalidField("messages", "a non-empty array");
  return inspectOptions(top, { model, modelSpan });
}

function inspectOptions(
  top: RequestTop,
  { model, modelSpan }: Pick<Inspected, "model" | "modelSpan">,
): Inspected | Fault {
  // `null` is the same as absent in every one of these.
  const stream = filled(top, "stream");
  if (stream !== undefined && typeof stream !== "boolean") return invalidField("stream", "a boolean");
  const choices = filled(top, "n");
  if (choices !== undefined && !isCount(choices, 1)) return invalidField("n", "an integer of at least 1");
  const limitKey = filled(top, "max_completion_tokens") === undefined ? "max_tokens" : "max_completion_tokens";
  const maxTokens = filled(top, limitKey);
  if (maxTokens !== undefined && !isCount(maxTokens, 0)) return invalidField(limitKey, "an integer of at least 0");
  const optionsSpan = spanOf(top, "stream_options");
  const options = filled(top, "stream_options");
  const effort = filled(top, "reasoning_effort");
  const tools = spanOf(top, "tools");
  const format = spanOf(top, "response_format");
  // The newer name of the same.
  const endUser = endUserOf(filled(top, "safety_identifier")) ?? endUserOf(filled(top, "user"));
  const found: { -readonly [Key in keyof Inspected]: Inspected[Key] } = {
    model,
    stream: stream === true,
    thinks: effort !== undefined && effort !== "none",
    modelSpan,
  };
  if (endUser !== undefined) found.endUser = endUser;
  if (maxTokens !== undefined) found.maxTokens = maxTokens;
  if (choices !== undefined) found.choices = choices;
  if (tools !== undefined) found.tools = tools;
  if (format !== undefined) found.format = format;
  if (optionsSpan !== undefined)
    found.streamOptions = { span: optionsSpan, includeUsage: isObject(options) && options.include_usage === true };
  return found;
}

function filled(top: RequestTop, key: string): unknown {
  return fieldOf(top, key) ?? undefined;
}

/** Puts in another model name, and asks for usage in the stream. Every other byte stays. */
export function patch(body: Uint8Array, inspected: Inspected, edits: PatchEdits): Uint8Array {
  const asked = inspected.streamOptions;
  const addsUsage = edits.includeUsage === true && inspected.stream && asked?.includeUsage !== true;
  const renames = edits.model !== undefined && edits.model !== inspected.model;
  if (!addsUsage) return renames ? replaceSpan(body, inspected.modelSpan, nameJson(edits.model)) : body;
  const splices = [asked === undefined ? usageInsertion(body) : usageReplacement(body, asked.span)];
  if (renames) splices.push({ span: inspected.modelSpan, bytes: nameJson(edits.model) });
  return splice(
    body,
    splices.sort((a, b) => a.span.start - b.span.start),
  );
}

function usageInsertion(body: Uint8Array): { span: Span; bytes: Uint8Array } {
  const at = body.indexOf(OPEN_BRACE) + 1;
  return { span: { start: at, end: at }, bytes: encoder.encode('"stream_options":{"include_usage":true},') };
}

function usageReplacement(body: Uint8Array, span: Span): { span: Span; bytes: Uint8Array } {
  const options = spanValue(body, span);
  const asking = { ...(isObject(options) ? options : {}), include_usage: true };
  return { span, bytes: encoder.encode(JSON.stringify(asking)) };
}

function isFilledArray(body: Uint8Array, span: Span): boolean {
  if (body[span.start] !== OPEN_BRACKET) return false;
  let at = span.start + 1;
  while ((body[at] ?? 0) <= 0x20) at++;
  return body[at] !== CLOSE_BRACKET;
}

function isCount(value: unknown, least: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}

function missing(param: string): Fault {
  return fault("invalid-request", `Missing required parameter: '${param}'.`, { param });
}
