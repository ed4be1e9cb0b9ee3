// Reads and patches a Chat or embeddings request by spans: what the gateway must know of it, and the few bytes that it may
// change. The prompt itself is never parsed here.

import type { Inspected, Operation, Span } from "../../core/call.ts";
import { type Fault, fault, isFault } from "../../core/fault.ts";
import type { PatchEdits } from "../dialect.ts";
import { isObject } from "../json-object.ts";
import { spanValue, splice } from "../json-span.ts";
import { endUserOf, MODEL_CHARS_MAX, type RequestTop, readTop } from "../request-top.ts";
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
  const { spans, values } = top;
  const modelSpan = spans.get("model");
  if (modelSpan === undefined) return missing("model");
  const model = values.get("model");
  if (typeof model !== "string" || model === "" || model.length > MODEL_CHARS_MAX)
    return invalidField("model", `a non-empty string of at most ${MODEL_CHARS_MAX} characters`);
  if (embed) {
    return spans.has("input") ? { model, modelSpan, stream: false, thinks: false } : missing("input");
  }
  const messages = spans.get("messages");
  if (messages === undefined) return missing("messages");
  if (!isFilledArray(body, messages)) return invalidField("messages", "a non-empty array");
  return inspectOptions(top, { model, modelSpan });
}

function inspectOptions(
  { spans, values }: RequestTop,
  found: Pick<Inspected, "model" | "modelSpan">,
): Inspected | Fault {
  // `null` is the same as absent in every one of these.
  const value = (key: string): unknown => values.get(key) ?? undefined;
  const stream = value("stream");
  if (stream !== undefined && typeof stream !== "boolean") return invalidField("stream", "a boolean");
  const choices = value("n");
  if (choices !== undefined && !isCount(choices, 1)) return invalidField("n", "an integer of at least 1");
  const limitKey = value("max_completion_tokens") === undefined ? "max_tokens" : "max_completion_tokens";
  const maxTokens = value(limitKey);
  if (maxTokens !== undefined && !isCount(maxTokens, 0)) return invalidField(limitKey, "an integer of at least 0");
  const optionsSpan = spans.get("stream_options");
  const options = value("stream_options");
  const effort = value("reasoning_effort");
  const tools = spans.get("tools");
  const format = spans.get("response_format");
  // The newer name of the same.
  const endUser = endUserOf(value("safety_identifier")) ?? endUserOf(value("user"));
  return {
    ...found,
    stream: stream === true,
    thinks: effort !== undefined && effort !== "none",
    ...(endUser === undefined ? undefined : { endUser }),
    ...(maxTokens === undefined ? undefined : { maxTokens }),
    ...(choices === undefined ? undefined : { choices }),
    ...(tools === undefined ? undefined : { tools }),
    ...(format === undefined ? undefined : { format }),
    ...(optionsSpan !== undefined && {
      streamOptions: { span: optionsSpan, includeUsage: isObject(options) && options.include_usage === true },
    }),
  };
}

/** Puts in another model name, and asks for usage in the stream. Every other byte stays. */
export function patch(body: Uint8Array, inspected: Inspected, edits: PatchEdits): Uint8Array {
  const splices: { span: Span; bytes: Uint8Array }[] = [];
  if (edits.model !== undefined && edits.model !== inspected.model) {
    splices.push({ span: inspected.modelSpan, bytes: encoder.encode(JSON.stringify(edits.model)) });
  }
  const asked = inspected.streamOptions;
  if (edits.includeUsage === true && inspected.stream && asked?.includeUsage !== true) {
    splices.push(asked === undefined ? usageInsertion(body) : usageReplacement(body, asked.span));
  }
  if (splices.length === 0) return body;
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
