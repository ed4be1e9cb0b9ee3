// A Messages request that asks to go on with an answer: as the assistant's own last message where the model takes that, else
// by one more turn of the user. Only here is a native request parsed and written anew: it happens once a break.

import { type Fault, fault } from "../../core/fault.ts";
import type { Continuation } from "../dialect.ts";
import { instruction, leftOf } from "../go-on.ts";
import { isList, isObject, type JsonObject, parseJson } from "../json-object.ts";
import { claudeLimits } from "./claude-limits.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Of models of other makers nothing is known, so they are not asked so. */
export function takesPrefix(model: string): boolean {
  return model.toLowerCase().includes("claude") && !claudeLimits(model).refusesPrefill;
}

export function goOn(body: Uint8Array, part: Continuation): Uint8Array | Fault {
  if (part.text === "") return body;
  const request = parseJson(decoder.decode(body));
  if (!isObject(request) || !isList(request.messages)) return fault("unsupported", "a request without messages");
  const { thinking: _, context_management: management, ...rest } = request;
  const messages = withAnswer(request.messages, part);
  if (part.form === "anchor") messages.push({ role: "user", content: instruction(part.anchor) });
  const again = part.form === "anchor" ? part.anchor : "";
  const most = request.max_tokens;
  const limit = typeof most === "number" ? { max_tokens: leftOf(most, part.tokens, again) } : {};
  return encoder.encode(JSON.stringify({ ...rest, ...withoutThinking(management), ...limit, messages }));
}

/** An edit that clears thinking is refused where none is asked for. */
function withoutThinking(management: unknown): JsonObject {
  if (management === undefined) return {};
  if (!isObject(management) || !isList(management.edits)) return { context_management: management };
  const edits = management.edits.filter((edit) => !isObject(edit) || !String(edit.type).startsWith("clear_thinking"));
  return edits.length === 0 ? {} : { context_management: { ...management, edits } };
}

/** A client may have begun the answer itself. White space at the end of it is refused. */
function withAnswer(messages: readonly unknown[], { text }: Continuation): JsonObject[] {
  const known = messages.filter(isObject);
  const last = known.at(-1);
  const answer = text.toWellFormed().trimEnd();
  if (last?.role !== "assistant") return [...known, { role: "assistant", content: answer }];
  const begun = isList(last.content) ? last.content : [{ type: "text", text: last.content }];
  return [...known.slice(0, -1), { ...last, content: [...begun, { type: "text", text: answer }] }];
}
