// One frame of a Chat stream, read: which of the few things it can be, and what its choices carry. Shared by the tap and
// the decoder; it keeps no state.

import { type Fault, fault } from "../../core/fault.ts";
import { isObject, type JsonObject, listOf, looksLike, objectOf, parseJson, textOf } from "../json-object.ts";
import { frameFields } from "../sse.ts";
import { errorIn, faultInside } from "./faults.ts";

export type Frame =
  | { readonly type: "ping" }
  /** Says nothing in this dialect, and SDKs break on it: they take all that has data, or a name, for a chunk. */
  | { readonly type: "aside" }
  /** SDKs take what has a space more for JSON, and break. */
  | { readonly type: "done"; readonly toTheLetter: boolean }
  | { readonly type: "error"; readonly fault: Fault }
  | { readonly type: "malformed"; readonly fault: Fault }
  | { readonly type: "chunk"; readonly chunk: JsonObject; readonly choices: readonly Choice[] };

export interface Choice {
  readonly index: number;
  readonly delta: JsonObject;
  /** `undefined` for `null`, for "" and when absent: none of these ends anything. */
  readonly finish: string | undefined;
  readonly fields: JsonObject;
}

/** Where text can stand in a delta. Both names of reasoning are in use. */
export const TEXT_KEYS = ["content", "reasoning_content", "reasoning", "refusal"] as const;

const PING: Frame = { type: "ping" };
const ASIDE: Frame = { type: "aside" };
/** Names of events that chunks and errors come under; nearly always under none. */
const OF_THE_STREAM: ReadonlySet<string> = new Set(["", "message", "error"]);

/** Reads one whole SSE frame. */
export function readFrame(frame: Uint8Array): Frame {
  const { event, data } = frameFields(frame);
  const text = data?.trim() ?? "";
  // Comments, `id`, `retry`: nothing is dispatched without data.
  if (text === "") return event === undefined && data === undefined ? PING : ASIDE;
  if (text === "[DONE]") return { type: "done", toTheLetter: data === text };
  const value = parseJson(text);
  if (value === undefined) return malformed(`a frame is ${looksLike(text)} instead of JSON`);
  const error = errorIn(value) ?? (event === "error" ? value : undefined);
  if (error !== undefined) return { type: "error", fault: faultInside(error) };
  if (!isObject(value)) return malformed("a frame is JSON, but not an object");
  const list = listOf(value.choices);
  if (list === undefined && event !== undefined && !OF_THE_STREAM.has(event)) return ASIDE;
  if (list === undefined) return malformed(`a frame has neither "choices" nor "error"`);
  const choices: Choice[] = [];
  for (const item of list) {
    if (!isObject(item)) return malformed("a choice is not an object");
    const choice = readChoice(item);
    if (choice.finish === "error") return { type: "error", fault: faultInside(item.error) };
    choices.push(choice);
  }
  return { type: "chunk", chunk: value, choices };
}

/** True when a delta shows something: text, reasoning, a refusal, sound or pictures; also as lists of parts (Mistral). */
export function hasContent(delta: JsonObject): boolean {
  for (const key of TEXT_KEYS) if (isFilled(delta[key])) return true;
  return isFilled(delta.reasoning_details) || isFilled(delta.images) || isObject(delta.audio);
}

/** Where the text of a chunk stands that has one choice, one text and no end: others with the same form say as little else. */
export function onlyText(chunk: JsonObject, [choice, another]: readonly Choice[]): string | undefined {
  if (choice === undefined || another !== undefined || choice.finish !== undefined) return undefined;
  // A chunk that carries usage as well has numbers that must be read each time.
  if (isObject(chunk.usage)) return undefined;
  const [key, second] = TEXT_KEYS.filter((name) => textOf(choice.delta[name]) !== undefined);
  return second === undefined ? key : undefined;
}

/** True when a choice has words (or reasoning) alone and, where it ends, ends by itself. */
export function isPlain({ delta, finish, fields }: Omit<Choice, "index">): boolean {
  const other = [delta.refusal, delta.images, delta.annotations, delta.tool_calls].some(isFilled);
  if (other || isObject(delta.audio) || isObject(delta.function_call) || Array.isArray(delta.content)) return false;
  if (finish === undefined) return true;
  // vLLM and SGLang tell by these that a stop string was reached.
  return finish === "stop" && textOf(fields.stop_reason) === undefined && textOf(fields.matched_stop) === undefined;
}

/** The fragments of tool calls in a delta, the old single `function_call` included. */
export function toolFragments(delta: JsonObject): readonly unknown[] {
  const calls = listOf(delta.tool_calls);
  if (calls !== undefined && calls.length > 0) return calls;
  return isObject(delta.function_call) ? [{ index: 0, function: delta.function_call }] : [];
}

function readChoice(fields: JsonObject): Choice {
  return {
    index: typeof fields.index === "number" ? fields.index : 0,
    delta: objectOf(fields.delta) ?? {},
    finish: textOf(fields.finish_reason),
    fields,
  };
}

function isFilled(value: unknown): boolean {
  return (typeof value === "string" || Array.isArray(value)) && value.length > 0;
}

function malformed(message: string): Frame {
  return { type: "malformed", fault: fault("malformed-reply", message) };
}
