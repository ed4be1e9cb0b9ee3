// Whether a success is of use: not a loop, in the form that the request asked for, its tool calls as the tools were
// declared. What the request declares is parsed only when there is something to hold it against.

import type { Call, Inspected, Span } from "../core/call.ts";
import { type Fault, fault, isFault } from "../core/fault.ts";
import { checkSchema } from "../core/json-schema.ts";
import type { OutputFormat } from "../core/message.ts";
import { endsInLoop } from "../core/repetition.ts";
import type { StopReason, StreamEvent } from "../core/stream-event.ts";
import type { ClosedCall, DeclaredTools, Dialect, DialectWire, Verdict } from "../dialects/dialect.ts";
import type { Validation } from "../policies/validate.ts";

/** Larger declarations and answers are not checked. */
const DECLARED_BYTES_MAX = 262_144;
const TEXT_CHARS_MAX = 1_048_576;

/** What the answer says, as far as it is judged. */
export interface Said {
  readonly text: string;
  /** It calls a tool, whole or not. */
  readonly called: boolean;
  readonly refused: boolean;
  readonly stop: StopReason | undefined;
}

interface Asked {
  readonly body: Uint8Array;
  readonly inspected: Inspected;
}

/** What makes a whole reply, in the client's dialect, useless; `undefined` when nothing does. */
export function uselessReply(client: Dialect, asked: Asked, reply: Uint8Array, verdict: Verdict): Fault | undefined {
  if (verdict.tail !== undefined && endsInLoop(verdict.tail)) return looped();
  const { format, tools, choices = 1 } = asked.inspected;
  const calls = verdict.calls === true && tools !== undefined;
  if ((format === undefined && !calls) || choices > 1) return undefined;
  const events = client.codec.decodeReply(reply);
  if (isFault(events)) return undefined;
  const said = saidIn(events);
  const check = calls ? createToolCheck(client.wire, asked) : undefined;
  for (const call of check === undefined ? [] : said.calls) {
    const wrong = check?.(call);
    if (wrong !== undefined) return wrong;
  }
  return format === undefined ? undefined : wrongForm(formatOf(client.wire, asked), said);
}

/** What the route's own `validate` says of a whole reply. */
export function invalidReply(client: Dialect, validation: Validation, reply: Uint8Array): Fault | undefined {
  const events = client.codec.decodeReply(reply);
  return isFault(events) ? undefined : validation(saidIn(events));
}

/** What a streamed answer is held against. */
export interface Demands {
  readonly toolCheck?: ToolCheck | undefined;
  readonly format?: OutputFormat | undefined;
  /** What breaks them is replaced by another answer while it can be; else it is only noted. */
  readonly replaces: boolean;
}

/** Another answer is asked for where this attempt's is useless. */
export function isReplaced(plan: { readonly tolerantFrom: number }, call: Call, number: number): boolean {
  return number < Math.min(plan.tolerantFrom, call.tolerantFrom ?? plan.tolerantFrom);
}

export function demandsOf(wire: DialectWire, asked: Asked, replaces: boolean): Demands | undefined {
  const { tools, format, choices = 1 } = asked.inspected;
  if ((tools === undefined && format === undefined) || choices > 1) return undefined;
  return { toolCheck: createToolCheck(wire, asked), format: formatOf(wire, asked), replaces };
}

/** What the request asked for by `format`, if it can be checked. */
export function formatOf(wire: DialectWire, { body, inspected }: Asked): OutputFormat | undefined {
  const json = declared(body, inspected.format);
  return json && wire.formatOf(json);
}

/** Checks one call of a tool. The declarations are kept apart from the request, and parsed with the first call. */
export type ToolCheck = (call: ClosedCall) => Fault | undefined;

export function createToolCheck(wire: DialectWire, { body, inspected }: Asked): ToolCheck | undefined {
  // A copy: an answer that is still being read must not keep its whole request alive.
  const json = declared(body, inspected.tools)?.slice();
  if (json === undefined) return undefined;
  let tools: DeclaredTools | undefined;
  return (call) => {
    tools ??= wire.toolsOf(json);
    return wrongCall(tools, call);
  };
}

function declared(body: Uint8Array, span: Span | undefined): Uint8Array | undefined {
  if (span === undefined || span.end - span.start > DECLARED_BYTES_MAX) return undefined;
  return body.subarray(span.start, span.end);
}

function wrongCall({ schemas, open }: DeclaredTools, { name, input }: ClosedCall): Fault | undefined {
  if (!schemas.has(name)) return open || schemas.size === 0 ? undefined : useless("calls a tool that is not declared");
  const schema = schemas.get(name);
  if (schema === undefined) return undefined;
  const found = checkSchema(schema, input);
  return typeof found === "string"
    ? undefined
    : useless(`calls a tool with input that breaks its schema: ${found.why}`);
}

/** An answer that was cut, refused or calls a tool has not come to the output that was asked for. */
export function wrongForm(format: OutputFormat | undefined, said: Said): Fault | undefined {
  if (format === undefined || said.refused || said.called) return undefined;
  if (said.stop !== "end" && said.stop !== "stop-sequence") return undefined;
  if (said.text.length > TEXT_CHARS_MAX) return undefined;
  const value = jsonOf(said.text);
  if (value === undefined) return useless("is not the JSON that was asked for");
  if (format.type === "json-object") {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? undefined : useless("is not the JSON object that was asked for");
  }
  const found = checkSchema(format.schema, value);
  return typeof found === "string" ? undefined : useless(`breaks the schema that was asked for: ${found.why}`);
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function looped(): Fault {
  return useless("says the same again and again");
}

function useless(what: string): Fault {
  return fault("useless-reply", `the answer ${what}`);
}

/** What the events of one whole answer say. */
export function saidIn(events: readonly StreamEvent[]): Said & { readonly calls: readonly ClosedCall[] } {
  const hearing = new Hearing(true);
  const calls: ClosedCall[] = [];
  for (const event of events) {
    const call = hearing.hear(event);
    if (call !== undefined) calls.push(call);
  }
  const { text, called, refused, stop } = hearing;
  return { text, called, refused, stop, calls };
}

/** Gathers what an answer says, event by event. */
export class Hearing implements Said {
  text = "";
  refused = false;
  called = false;
  stop: StopReason | undefined;
  #open: Map<number, { readonly name: string; json: string }> | undefined;
  /** The text beyond this is forgotten from its beginning; with 0 none is kept. */
  readonly #charsMax: number;

  /** `hearsCalls`: their input is gathered and parsed. */
  readonly #hearsCalls: boolean;

  constructor(hearsCalls: boolean, charsMax = TEXT_CHARS_MAX + 1) {
    this.#hearsCalls = hearsCalls;
    this.#charsMax = charsMax;
  }

  /** Gives the tool call that has become whole with this event. */
  hear(event: StreamEvent): ClosedCall | undefined {
    switch (event.type) {
      case "text-delta":
        if (event.refusal === true) this.refused = true;
        if (this.#charsMax === 0) return undefined;
        this.text += event.text;
        if (this.text.length > this.#charsMax * 2) this.text = this.text.slice(-this.#charsMax);
        return undefined;
      case "tool-start":
        this.called = true;
        if (!this.#hearsCalls) return undefined;
        this.#open ??= new Map();
        this.#open.set(event.block, { name: event.name, json: "" });
        return undefined;
      case "tool-delta": {
        const open = this.#open?.get(event.block);
        if (open !== undefined) open.json += event.json;
        return undefined;
      }
      case "block-end":
        return this.#close(event.block);
      case "message-end":
        this.stop ??= event.stop;
        if (event.stop === "refusal") this.refused = true;
        return undefined;
      default:
        return undefined;
    }
  }

  #close(block: number): ClosedCall | undefined {
    const open = this.#open?.get(block);
    if (open === undefined) return undefined;
    this.#open?.delete(block);
    const input = open.json.trim() === "" ? {} : jsonOf(open.json);
    if (input === undefined) return undefined;
    return { name: open.name, input };
  }
}
