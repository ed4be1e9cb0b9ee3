// A Chat request that asks to go on with an answer. No model behind this dialect is known to go on in a last message of the
// assistant's wherever it is served, so it is always asked for by one more turn of the user.

import { type Fault, fault } from "../../core/fault.ts";
import type { Continuation } from "../dialect.ts";
import { instruction, leftOf } from "../go-on.ts";
import { isList, isObject, parseJson } from "../json-object.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function takesPrefix(): boolean {
  return false;
}

export function goOn(body: Uint8Array, part: Continuation): Uint8Array | Fault {
  if (part.text === "") return body;
  const request = parseJson(decoder.decode(body));
  if (!isObject(request) || !isList(request.messages)) return fault("unsupported", "a request without messages");
  const limits: Record<string, number> = {};
  for (const key of ["max_tokens", "max_completion_tokens"]) {
    const limit = request[key];
    if (typeof limit === "number") limits[key] = leftOf(limit, part.tokens, part.anchor);
  }
  const messages = [
    ...request.messages,
    { role: "assistant", content: part.text.toWellFormed() },
    { role: "user", content: instruction(part.anchor) },
  ];
  return encoder.encode(JSON.stringify({ ...request, ...limits, messages }));
}
