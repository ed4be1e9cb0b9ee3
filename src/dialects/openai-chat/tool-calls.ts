// Which tool call a streamed fragment belongs to, and whether calls are whole. The index should say the first, but upstreams
// leave it out, send 0 for every call, or repeat names and ids; the tap, the decoder and the judge of whole replies share
// this one reading, so that they never differ.

import type { ClosedCall } from "../dialect.ts";
import { isObject, isObjectText, type JsonObject, objectOf, parseJson, textOf } from "../json-object.ts";

/** More calls, or more text of arguments in one stream, are no honest answer. */
const CALLS_MAX = 1_024;
const ARGUMENTS_MAX_CHARS = 16 * 1024 * 1024;

export interface ToolCall {
  /** Counts from 0 in the order of appearance, whatever the upstream's own index says. */
  readonly order: number;
  /** The answer that it is part of; each counts its calls from 0. */
  readonly choice: number;
  readonly index: number | undefined;
  /** A custom tool's: its input is any text. */
  readonly freeform: boolean;
  id: string;
  name: string;
  arguments: string;
}

export interface Fragment {
  readonly call: ToolCall;
  /** The arguments text that this fragment brought. */
  readonly json: string;
}

/** What a fragment says; the table finds its call. */
type Said = Pick<ToolCall, "choice" | "index" | "id" | "name">;

export class ToolCallTable {
  readonly #calls: ToolCall[] = [];
  #taken: Set<ToolCall> | undefined;
  #chars = 0;

  /** Begun so far. */
  get count(): number {
    return this.#calls.length;
  }

  /** Adds one element of `delta.tool_calls`; `undefined` when it is no such thing or over the limits. */
  add(value: unknown, choice: number): Fragment | undefined {
    if (!isObject(value)) return undefined;
    const custom = objectOf(value.custom);
    const fields = objectOf(value.function) ?? custom ?? {};
    const json = argumentsText(custom === undefined ? fields.arguments : fields.input);
    const index = typeof value.index === "number" ? value.index : undefined;
    const said = { choice, index, id: textOf(value.id) ?? "", name: textOf(fields.name) ?? "" };
    const known = this.#find(said);
    this.#chars += json.length;
    if (this.#chars > ARGUMENTS_MAX_CHARS || (known === undefined && this.#calls.length === CALLS_MAX))
      return undefined;
    const call = known ?? { ...said, order: this.#calls.length, freeform: custom !== undefined, arguments: "" };
    if (known === undefined) this.#calls.push(call);
    if (call.id === "") call.id = said.id;
    if (call.name === "") call.name = said.name;
    call.arguments += json;
    return { call, json };
  }

  /** True when every call of the choice is one that a client can run. */
  isWhole(choice: number): boolean {
    return this.#calls.every((call) => call.choice !== choice || isRunnable(call));
  }

  /** The calls that are whole, none of those that are still open, each once. A custom tool's input is no JSON. */
  takeClosed(open: ReadonlySet<ToolCall>): readonly ClosedCall[] {
    const closed: ClosedCall[] = [];
    this.#taken ??= new Set();
    for (const call of this.#calls) {
      if (call.freeform || open.has(call) || this.#taken.has(call) || !isRunnable(call)) continue;
      this.#taken.add(call);
      closed.push({ name: call.name, input: call.arguments.trim() === "" ? {} : parseJson(call.arguments) });
    }
    return closed;
  }

  #find({ choice, index, id, name }: Said): ToolCall | undefined {
    const latest = this.#calls.findLast(
      (call) => call.choice === choice && (index === undefined || call.index === index),
    );
    if (id !== "") {
      const same = this.#calls.findLast(
        (call) => call.choice === choice && call.id === id && (name === "" || isSameIndex(call.index, index)),
      );
      if (same !== undefined) return same;
      // A new id with a name is a new call, even at a used index; without one it is an id that changes by fragment.
      return latest !== undefined && (latest.id === "" || name === "") ? latest : undefined;
    }
    if (latest === undefined || name === "" || latest.name === "") return latest;
    // A name again, without an id: the next call if the last one is whole, else the same one named twice.
    return latest.name === name && !isComplete(latest) ? latest : undefined;
  }
}

function isSameIndex(a: number | undefined, b: number | undefined): boolean {
  return a === undefined || b === undefined || a === b;
}

/** True when the arguments are a whole JSON object. Empty ones may still be to come. */
export function isComplete(call: Pick<ToolCall, "arguments" | "freeform">): boolean {
  return !call.freeform && call.arguments.trimEnd().endsWith("}") && isObjectText(call.arguments);
}

/** What nothing follows: empty arguments are those of a tool that takes none. */
function isRunnable(call: ToolCall): boolean {
  return call.name !== "" && (call.freeform || call.arguments.trim() === "" || isComplete(call));
}

/** True when the answer was cut where it stood: a call that is not whole is then left as it is, and the reason says why. */
export function explainsCut(finish: string): boolean {
  return finish === "length" || finish === "content_filter";
}

/** Some upstreams send the arguments as an object instead of as its text. */
function argumentsText(value: unknown): string {
  if (typeof value === "string") return value;
  return isObject(value) ? JSON.stringify(value satisfies JsonObject) : "";
}
