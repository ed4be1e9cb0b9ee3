// Judges a whole reply of status 2xx: a success that is none must not reach a client, whose SDK would take it for one.

import type { Call } from "../../core/call.ts";
import { fault } from "../../core/fault.ts";
import type { Verdict } from "../dialect.ts";
import { isCount, isList, isObject, type JsonObject, looksLike, parseJson } from "../json-object.ts";
import { tailOf } from "../unread-words.ts";
import { inBandFault } from "./faults.ts";
import { isBlock, isVisible } from "./grammar.ts";
import { plainVerdict } from "./plain-reply.ts";
import { emptyIsLegal } from "./stop-reason.ts";
import { mergeUsage, type RawUsage, usageOf } from "./usage.ts";

const decoder = new TextDecoder();

/** The fault of a reply, if it has one, and what it says of tokens. */
export function judge(body: Uint8Array, call: Pick<Call, "operation" | "inspected">): Verdict {
  return plainVerdict(body, call) ?? parsedVerdict(body, call);
}

function parsedVerdict(body: Uint8Array, call: Pick<Call, "operation" | "inspected">): Verdict {
  const text = decoder.decode(body);
  const reply = parseJson(text);
  if (reply === undefined) return malformed(looksLike(text));
  if (!isObject(reply)) return malformed("JSON, but not an object");
  if (reply.type === "error") return { fault: inBandFault(reply) };
  if (call.operation === "count-tokens")
    return isCount(reply.input_tokens) ? {} : malformed("a token count without input_tokens");
  if (reply.type !== "message" || !isList(reply.content)) return malformed("JSON, but not a message");
  if (typeof reply.stop_reason !== "string") return malformed("a message without a stop reason");
  if (!reply.content.every(isBlock)) return malformed("a message with a block that is not what it should be");
  const verdict = saidIn(reply.content, reply);
  const raw: RawUsage = {};
  mergeUsage(raw, reply.usage);
  const usage = usageOf(raw);
  if (usage !== undefined) verdict.usage = usage;
  if (call.inspected.maxTokens === 0 || !isEmpty(reply.content, reply.stop_reason)) return verdict;
  return { ...verdict, fault: fault("empty-reply", "the provider answered with a message without content") };
}

type Said = { -readonly [Key in "tail" | "calls" | "words" | "usage"]?: Verdict[Key] };

/** Words are an answer of nothing else. Thinking is none of the answer. */
function saidIn(blocks: readonly JsonObject[], reply: JsonObject): Said {
  const said: Said = {};
  let isWords = reply.stop_reason === "end_turn";
  let words = "";
  let last: unknown;
  for (const { type, text, citations } of blocks) {
    if (type === "thinking") continue;
    if (type === "tool_use") said.calls = true;
    if (type === "text") last = text;
    if (type !== "text" || typeof text !== "string" || (isList(citations) && citations.length > 0)) isWords = false;
    else if (isWords) words += text;
  }
  const tail = typeof last === "string" ? tailOf(last) : undefined;
  if (tail !== undefined) said.tail = tail;
  if (isWords && words !== "") said.words = { text: words, model: String(reply.model ?? "") };
  return said;
}

function isEmpty(blocks: readonly JsonObject[], stopReason: string): boolean {
  if (blocks.some(isVisible)) return false;
  const thought = blocks.some((block) => block.type === "thinking" || block.type === "redacted_thinking");
  return !emptyIsLegal(stopReason, thought);
}

function malformed(look: string): Verdict {
  return { fault: fault("malformed-reply", `the reply is ${look}`) };
}
