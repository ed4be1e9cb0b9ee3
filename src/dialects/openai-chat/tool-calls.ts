// Which tool call a streamed fragment belongs to. The index should say, but upstreams leave it out, send 0 for every call,
// or repeat names and ids; the tap and the decoder share this one reading, so that they never differ.

import { isObject, isObjectText, type JsonObject, objectOf, textOf } from "../json-object.ts";

/** More calls, or more text of arguments in one stream, are no honest answer. */
const CALLS_MAX = 1_024;
const ARGUMENTS_MAX_CHARS = 16 * 1024 * 1024;

export interface ToolCall {
  /** Counts from 0 in the order of appearance, whatever the upstream's own index says. */
  readonly order: number;
  readonly index: number | undefined;
  id: string;
  name: string;
  arguments: string;
}

export interface Fragment {
  readonly call: ToolCall;
  /** True for the call's first fragment. */
  readonly opened: boolean;
  /** The arguments text that this fragment brought. */
  readonly json: string;
}

export class ToolCallTable {
  readonly #calls: ToolCall[] = [];
  #chars = 0;

  /** Adds one element of `delta.tool_calls`; `undefined` when it is no such thing or over the limits. */
  add(value: unknown): Fragment | undefined {
    if (!isObject(value)) return undefined;
    const fields = objectOf(value.function) ?? {};
    const id = textOf(value.id) ?? "";
    const name = textOf(fields.name) ?? "";
    const json = argumentsText(fields.arguments);
    const index = typeof value.index === "number" ? value.index : undefined;
    const known = this.#find(index, id, name);
    this.#chars += json.length;
    if (this.#chars > ARGUMENTS_MAX_CHARS || (known === undefined && this.#calls.length === CALLS_MAX))
      return undefined;
    const call = known ?? { order: this.#calls.length, index, id, name, arguments: "" };
    if (known === undefined) this.#calls.push(call);
    if (call.id === "") call.id = id;
    if (call.name === "") call.name = name;
    call.arguments += json;
    return { call, opened: known === undefined, json };
  }

  #find(index: number | undefined, id: string, name: string): ToolCall | undefined {
    const latest = this.#latest(index);
    if (id !== "") {
      const same = this.#calls.findLast((call) => call.id === id && (name === "" || isSameIndex(call.index, index)));
      if (same !== undefined) return same;
      // A new id with a name is a new call, even at a used index; without one it is an id that changes by fragment.
      return latest !== undefined && (latest.id === "" || name === "") ? latest : undefined;
    }
    if (latest === undefined || name === "" || latest.name === "") return latest;
    // A name again, without an id: the next call if the last one is whole, else the same one named twice.
    return latest.name === name && !isComplete(latest) ? latest : undefined;
  }

  /** The last call of that index; without an index, the last of all. */
  #latest(index: number | undefined): ToolCall | undefined {
    return index === undefined ? this.#calls.at(-1) : this.#calls.findLast((call) => call.index === index);
  }
}

function isSameIndex(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** True when the arguments are a whole JSON object. Empty ones may still be to come. */
export function isComplete(call: Pick<ToolCall, "arguments">): boolean {
  return call.arguments.trimEnd().endsWith("}") && isObjectText(call.arguments);
}

/** Some upstreams send the arguments as an object instead of as its text. */
function argumentsText(value: unknown): string {
  if (typeof value === "string") return value;
  return isObject(value) ? JSON.stringify(value satisfies JsonObject) : "";
}
