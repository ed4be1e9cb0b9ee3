// What is right or wrong with a whole 2xx reply of Chat or embeddings. An HTTP 200 proves nothing: providers answer errors,
// HTML, nothing at all, or half a body with it.

import type { Call } from "../../core/call.ts";
import { type Fault, fault } from "../../core/fault.ts";
import type { Usage } from "../../core/usage.ts";
import type { Verdict } from "../dialect.ts";
import { isObject, type JsonObject, listOf, looksLike, objectOf, parseJson, textOf } from "../json-object.ts";
import { tailOf } from "../unread-words.ts";
import { hasContent, isPlain, toolFragments } from "./chunk.ts";
import { errorIn, faultInside } from "./faults.ts";
import { plainVerdict } from "./plain-reply.ts";
import { explainsCut, ToolCallTable } from "./tool-calls.ts";
import { usageOf } from "./usage.ts";

/** Judges one whole reply for its call. */
export function judge(body: Uint8Array, call: Pick<Call, "operation" | "inspected">): Verdict {
  return plainVerdict(body, call) ?? parsedVerdict(body, call);
}

function parsedVerdict(body: Uint8Array, call: Pick<Call, "operation" | "inspected">): Verdict {
  const reply = replyOf(body);
  if ("kind" in reply) return { fault: reply };
  const usage = usageOf(reply.value.usage);
  const wrong =
    call.operation === "embed" ? wrongEmbeddings(reply.value) : wrongChoices(reply.value, call.inspected, usage);
  const verdict: Draft = wrong === undefined && call.operation === "generate" ? saidIn(reply.value) : {};
  if (wrong !== undefined) verdict.fault = wrong;
  if (usage !== undefined) verdict.usage = usage;
  return verdict;
}

type Draft = { -readonly [Key in keyof Verdict]: Verdict[Key] };

function saidIn({ choices: list, model }: JsonObject): Draft {
  const choices = listOf(list) ?? [];
  const messages = choices.map((choice) => objectOf(objectOf(choice)?.message) ?? {});
  const text = textOf(messages[0]?.content);
  const fields = objectOf(choices[0]);
  const finish = textOf(fields?.finish_reason);
  const isWords = fields !== undefined && isPlain({ delta: messages[0] ?? {}, finish, fields }) && choices.length === 1;
  const said: Draft = {};
  const tail = text === undefined ? undefined : tailOf(text);
  if (tail !== undefined) said.tail = tail;
  if (text !== undefined && isWords) said.words = { text, model: textOf(model) ?? "" };
  if (messages.some((message) => toolFragments(message).length > 0)) said.calls = true;
  return said;
}

/** The reply as a JSON object without an error in it, or the fault that it is. */
export function replyOf(body: Uint8Array): { readonly value: JsonObject } | Fault {
  const value = parseJson(body);
  if (value === undefined) {
    return fault("malformed-reply", `the reply is ${looksLike(new TextDecoder().decode(body.subarray(0, 200)))}`);
  }
  const error = errorIn(value);
  if (error !== undefined) return faultInside(error);
  return isObject(value) ? { value } : fault("malformed-reply", "the reply is JSON, but not an object");
}

/** The first choice whose `finish_reason` tells of an error, as OpenRouter does. */
export function errorInChoices(choices: readonly unknown[]): Fault | undefined {
  for (const choice of choices) {
    if (isObject(choice) && choice.finish_reason === "error") return faultInside(choice.error);
  }
  return undefined;
}

function wrongChoices(reply: JsonObject, inspected: Call["inspected"], usage: Usage | undefined): Fault | undefined {
  const choices = listOf(reply.choices);
  if (choices === undefined) return fault("malformed-reply", 'the reply has no "choices"');
  const failed = errorInChoices(choices);
  if (failed !== undefined) return failed;
  if (choices.length === 0) return fault("empty-reply", "the reply has no choice in it");
  let shows = inspected.maxTokens === 0;
  for (const choice of choices) {
    const message = objectOf(objectOf(choice)?.message);
    if (!isObject(choice) || message === undefined) return fault("malformed-reply", "a choice has no message");
    const finish = textOf(choice.finish_reason);
    if (finish === undefined) return fault("malformed-reply", "a choice does not say why it finished");
    if (!explainsCut(finish) && !hasWholeCalls(message)) {
      return fault("malformed-reply", "a tool call has no name, or its arguments are not a JSON object");
    }
    if (isVisible(message) || isLegallyEmpty(finish, usage)) shows = true;
  }
  return shows ? undefined : fault("empty-reply", "the reply has no content, no tool call and no refusal");
}

function hasWholeCalls(message: JsonObject): boolean {
  const table = new ToolCallTable();
  return toolFragments(message).every((call) => table.add(call, 0) !== undefined) && table.isWhole(0);
}

function isVisible(message: JsonObject): boolean {
  return textOf(message.refusal) !== undefined || isAnswer(message) || toolFragments(message).length > 0;
}

/** Reasoning alone is no answer of a whole reply. */
function isAnswer(message: JsonObject): boolean {
  return hasContent({ content: message.content, images: message.images, audio: message.audio });
}

/** A filter hides what there was; the caller's own limit can be used up by reasoning that nobody sees. */
function isLegallyEmpty(finish: string, usage: Usage | undefined): boolean {
  return finish === "content_filter" || (finish === "length" && (usage?.outputTokens ?? 0) > 0);
}

function wrongEmbeddings(reply: JsonObject): Fault | undefined {
  const data = listOf(reply.data);
  if (data === undefined) return fault("malformed-reply", 'the reply has no "data"');
  return data.length === 0 ? fault("empty-reply", "the reply has no embedding in it") : undefined;
}
