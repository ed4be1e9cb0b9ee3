// Reads and patches the top level of a Messages request by spans. The prompt itself is never parsed here.

import type { Inspected, Operation, Span } from "../../core/call.ts";
import { type Fault, fault, isFault } from "../../core/fault.ts";
import type { PatchEdits } from "../dialect.ts";
import { scanTopLevel, spanValue, splice } from "../json-span.ts";
import { isObject } from "./json-value.ts";

const WANTED: ReadonlySet<string> = new Set(["model", "messages", "max_tokens", "stream", "thinking"]);
const OPEN_BRACKET = 0x5b;
const utf8 = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

type Spans = ReadonlyMap<string, Span>;

/** `invalid-request` in Anthropic's manner, with `param`, for what is wrong at every target. */
export function inspect(body: Uint8Array, operation: Operation): Inspected | Fault {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf)
    return fault("invalid-request", "The request body must be JSON without a byte order mark");
  if (!isUtf8(body)) return fault("invalid-request", "The request body must be JSON in UTF-8");
  const spans = scanTopLevel(body, WANTED);
  if (isFault(spans)) return spans;
  const modelSpan = spans.get("model");
  if (modelSpan === undefined) return wrong("model", "Field required");
  const model = spanValue(body, modelSpan);
  if (typeof model !== "string") return wrong("model", "Input should be a valid string");
  if (model === "") return wrong("model", "String should have at least 1 character");
  const messages = spans.get("messages");
  if (messages === undefined) return wrong("messages", "Field required");
  if (body[messages.start] !== OPEN_BRACKET) return wrong("messages", "Input should be a valid list");
  const maxTokens = maxTokensOf(body, spans, operation);
  if (isFault(maxTokens)) return maxTokens;
  const streamSpan = spans.get("stream");
  const stream = streamSpan === undefined ? false : spanValue(body, streamSpan);
  if (typeof stream !== "boolean") return wrong("stream", "Input should be a valid boolean");
  return {
    model,
    stream: stream && operation === "generate",
    ...(maxTokens === undefined ? undefined : { maxTokens }),
    thinks: thinks(body, spans.get("thinking")),
    modelSpan,
  };
}

/** Replaces the model's name; every other byte stays. Usage is always in an Anthropic stream, so it needs no asking. */
export function patch(body: Uint8Array, inspected: Inspected, edits: PatchEdits): Uint8Array {
  if (edits.model === undefined || edits.model === inspected.model) return body;
  return splice(body, [{ span: inspected.modelSpan, bytes: encoder.encode(JSON.stringify(edits.model)) }]);
}

function maxTokensOf(body: Uint8Array, spans: Spans, operation: Operation): number | undefined | Fault {
  const span = spans.get("max_tokens");
  if (span === undefined) return operation === "generate" ? wrong("max_tokens", "Field required") : undefined;
  const value = spanValue(body, span);
  if (operation !== "generate") return Number.isSafeInteger(value) ? Number(value) : undefined;
  if (!Number.isSafeInteger(value)) return wrong("max_tokens", "Input should be a valid integer");
  const maxTokens = Number(value);
  return maxTokens >= 0 ? maxTokens : wrong("max_tokens", "Input should be greater than or equal to 0");
}

function thinks(body: Uint8Array, span: Span | undefined): boolean {
  const thinking = span === undefined ? undefined : spanValue(body, span);
  return isObject(thinking) && thinking.type !== "disabled";
}

function isUtf8(body: Uint8Array): boolean {
  try {
    utf8.decode(body);
    return true;
  } catch {
    return false;
  }
}

function wrong(param: string, what: string): Fault {
  return fault("invalid-request", `${param}: ${what}`, { param });
}
