// Judges a whole reply of status 2xx: a success that is none must not reach a client, whose SDK would take it for one.

import type { Call } from "../../core/call.ts";
import { fault } from "../../core/fault.ts";
import type { Verdict } from "../dialect.ts";
import { isCount, isList, isObject, parseJson } from "../json-object.ts";
import { inBandFault } from "./faults.ts";
import { isVisible } from "./grammar.ts";
import { emptyIsLegal } from "./stop-reason.ts";
import { mergeUsage, type RawUsage, usageOf } from "./usage.ts";

const decoder = new TextDecoder();

/** The fault of a reply, if it has one, and what it says of tokens. */
export function judge(body: Uint8Array, call: Pick<Call, "operation" | "inspected">): Verdict {
  const text = decoder.decode(body);
  const reply = parseJson(text);
  if (reply === undefined) return malformed(lookOf(text));
  if (!isObject(reply)) return malformed("JSON that is not an object");
  if (reply.type === "error") return { fault: inBandFault(reply) };
  if (call.operation === "count-tokens")
    return isCount(reply.input_tokens) ? {} : malformed("a token count without input_tokens");
  if (reply.type !== "message" || !isList(reply.content)) return malformed("JSON that is not a message");
  if (typeof reply.stop_reason !== "string") return malformed("a message without a stop reason");
  const raw: RawUsage = {};
  mergeUsage(raw, reply.usage);
  const usage = usageOf(raw);
  const verdict = usage === undefined ? {} : { usage };
  if (call.inspected.maxTokens === 0 || !isEmpty(reply.content, reply.stop_reason)) return verdict;
  return { ...verdict, fault: fault("empty-reply", "the provider answered with a message without content") };
}

function isEmpty(content: readonly unknown[], stopReason: string): boolean {
  const blocks = content.filter(isObject);
  const thought = blocks.some((block) => block.type === "thinking" || block.type === "redacted_thinking");
  return !blocks.some(isVisible) && !emptyIsLegal(stopReason, thought);
}

/** What a body looks like that is not JSON; never a word of it. */
function lookOf(text: string): string {
  const start = text.trimStart();
  if (start === "") return "an empty body";
  if (/^<(!doctype|html|\?xml|head|body)/i.test(start)) return "HTML";
  if (/^(event|data|id|:)/.test(start)) return "an event stream";
  return start.startsWith("{") || start.startsWith("[") ? "JSON that is cut or broken" : "text that is not JSON";
}

function malformed(look: string): Verdict {
  return { fault: fault("malformed-reply", `the provider answered with ${look}`) };
}
