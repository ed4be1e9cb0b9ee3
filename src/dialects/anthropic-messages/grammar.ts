// The grammar of a Messages stream, event by event: message_start, then blocks one at a time with indices from 0, then
// message_delta and message_stop. A message_start may hold whole blocks and a stop reason already: so Anthropic streams a
// turn that only runs on within a container. A client's tool call is followed to its end: its input must be a JSON object,
// unless the stop reason tells that it was cut. Tap and decoder share all this, so that both lanes find the same streams
// broken.

import { type Fault, fault } from "../../core/fault.ts";
import type { Usage } from "../../core/usage.ts";
import { clip, isList, isObject, type JsonObject, parseJson } from "../json-object.ts";
import { frameFields } from "../sse.ts";
import { inBandFault } from "./faults.ts";
import { explainsCut } from "./stop-reason.ts";
import { ToolInput } from "./tool-input.ts";
import { mergeUsage, type RawUsage, usageOf } from "./usage.ts";

/** `tool` is a client tool's call; `native` is a block that only this dialect has. */
export type BlockKind = "text" | "thinking" | "redacted" | "tool" | "native";

/** What one frame is, its place in the grammar checked and the fields that its kind needs present. */
export type Step =
  | { readonly type: "ping" | "unknown" | "message-stop" }
  | { readonly type: "message-start"; readonly message: JsonObject; readonly again: boolean; readonly content: Content }
  | { readonly type: "block-start"; readonly kind: BlockKind; readonly block: JsonObject }
  /** `cut`: a tool call whose input is no JSON object; only a stop reason that explains it may follow. */
  | { readonly type: "block-end"; readonly kind: BlockKind; readonly cut: boolean }
  /** `text` is the string of a text, thinking or input_json delta. */
  | { readonly type: "delta"; readonly kind: BlockKind; readonly delta: string; readonly text: string }
  | { readonly type: "message-delta"; readonly stopReason: string | undefined; readonly delta: JsonObject }
  | { readonly type: "error" | "malformed"; readonly fault: Fault };

type Content = readonly JsonObject[];

const BLOCK_KINDS: Readonly<Record<string, BlockKind>> = {
  text: "text",
  thinking: "thinking",
  redacted_thinking: "redacted",
  tool_use: "tool",
};

/** Known deltas: the kind of block that each belongs in, and its text where it has one. SDKs drop one that is elsewhere. */
const DELTAS: Readonly<Record<string, { readonly kind: BlockKind; readonly field?: string }>> = {
  text_delta: { kind: "text", field: "text" },
  citations_delta: { kind: "text" },
  thinking_delta: { kind: "thinking", field: "thinking" },
  signature_delta: { kind: "thinking" },
  input_json_delta: { kind: "tool", field: "partial_json" },
};

/** What a client must be given, and gets by the name of its event alone: SDKs pass over a frame that has none, or another. */
const NAMED: ReadonlySet<string> = new Set([
  ...["message_start", "message_delta", "message_stop"],
  ...["content_block_start", "content_block_delta", "content_block_stop"],
]);

const CUT = "a tool call whose input is not a JSON object";

const MESSAGE_STOP: Step = { type: "message-stop" };
const PING: Step = { type: "ping" };
const UNKNOWN: Step = { type: "unknown" };

export class Grammar {
  /** The open block; `undefined` between blocks. */
  openKind: BlockKind | undefined;
  openIndex = -1;
  /** The last stop reason, once one was seen. */
  stopReason: string | undefined;
  /** Of the open tool call; what `see` does not read, its caller adds. */
  readonly input = new ToolInput();
  /** The last tool call that was whole, until it is taken. */
  closed: { readonly name: string; readonly input: JsonObject } | undefined;
  readonly #usage: RawUsage = {};
  #messageId: unknown;
  #started = false;
  /** Begun so far. */
  blocks = 0;
  #cut = false;
  #tool: JsonObject = {};

  get usage(): Usage | undefined {
    return usageOf(this.#usage);
  }

  /** Reads one whole frame. */
  see(frame: Uint8Array): Step {
    const { event, data } = frameFields(frame);
    if (data === undefined) return PING;
    const json = parseJson(data);
    if (event === "error") return { type: "error", fault: inBandFault(json) };
    if (!isObject(json) || typeof json.type !== "string") return malformed("an event that is not a typed JSON object");
    if (event !== json.type && NAMED.has(json.type)) return malformed("an event that is not named by its type");
    return this.#step(json.type, json);
  }

  #step(type: string, event: JsonObject): Step {
    switch (type) {
      case "content_block_delta":
        return this.#delta(event);
      case "content_block_start":
        return this.#blockStart(event);
      case "content_block_stop":
        return this.#blockStop(event);
      case "message_start":
        return this.#messageStart(event);
      case "message_delta":
        return this.#messageDelta(event);
      case "message_stop":
        if (this.stopReason === undefined) return malformed("message_stop without a stop reason");
        return MESSAGE_STOP;
      case "ping":
        return PING;
      case "error":
        return { type: "error", fault: inBandFault(event) };
      default:
        return UNKNOWN;
    }
  }

  #messageStart(event: JsonObject): Step {
    const message = event.message;
    if (!isObject(message)) return malformed("message_start without a message");
    // A provider that begins again inside one stream: what came before it and what follows must never be merged.
    if (this.#started && (this.blocks > 0 || message.id !== this.#messageId))
      return malformed("a second message_start inside one stream");
    const content: JsonObject[] = [];
    for (const block of isList(message.content) ? message.content : []) {
      if (!isBlock(block)) return malformed("a message_start with a block that is not what it should be");
      content.push(block);
    }
    const again = this.#started;
    this.#started = true;
    this.#messageId = message.id;
    this.blocks = content.length;
    if (typeof message.stop_reason === "string") this.stopReason = message.stop_reason;
    mergeUsage(this.#usage, message.usage);
    return { type: "message-start", message, again, content };
  }

  #blockStart(event: JsonObject): Step {
    const block = event.content_block;
    if (!isObject(block) || typeof block.type !== "string") return malformed("content_block_start without a block");
    if (!this.#started) return malformed("a block before message_start");
    if (this.stopReason !== undefined) return malformed("a block after the stop reason");
    if (this.openKind !== undefined) return malformed("a block that opens inside another");
    if (this.#cut) return malformed(CUT);
    // SDKs lose the content of a block whose index is not the next.
    if (event.index !== this.blocks) return malformed("a block whose index is not the next");
    const kind = kindOf(block);
    if (kind === "tool" && !isNamed(block)) return malformed("a tool_use block without id or name");
    if (kind === "tool") this.#tool = block;
    this.openKind = kind;
    this.openIndex = this.blocks;
    this.blocks += 1;
    return { type: "block-start", kind, block };
  }

  #delta(event: JsonObject): Step {
    const kind = this.openKind;
    const delta = event.delta;
    if (kind === undefined || event.index !== this.openIndex) return malformed("a delta of a block that is not open");
    if (!isObject(delta) || typeof delta.type !== "string") return malformed("content_block_delta without a delta");
    const known = Object.hasOwn(DELTAS, delta.type) ? DELTAS[delta.type] : undefined;
    const text = known?.field === undefined ? "" : delta[known.field];
    if (known !== undefined && kind !== "native" && known.kind !== kind)
      return malformed(`a ${delta.type} in a ${kind} block`);
    if (typeof text !== "string") return malformed(`a ${clip(delta.type, 40)} without its text`);
    if (kind === "tool") this.input.addText(text);
    if (this.input.isTooLong) return malformed("a tool call over the size limit");
    return { type: "delta", kind, delta: delta.type, text };
  }

  #blockStop(event: JsonObject): Step {
    const kind = this.openKind;
    if (kind === undefined || event.index !== this.openIndex) return malformed("the end of a block that is not open");
    this.openKind = undefined;
    this.openIndex = -1;
    this.#cut = kind === "tool" && !this.#closeTool();
    return { type: "block-end", kind, cut: this.#cut };
  }

  /** Without a delta the input is what the block began with, nearly always none. */
  #closeTool(): boolean {
    const { name, input: initial } = this.#tool;
    const input = this.input.close(isObject(initial) ? initial : {});
    this.closed = input === undefined ? undefined : { name: String(name), input };
    return input !== undefined;
  }

  #messageDelta(event: JsonObject): Step {
    const delta = event.delta;
    if (!this.#started) return malformed("message_delta before message_start");
    if (!isObject(delta)) return malformed("message_delta without a delta");
    mergeUsage(this.#usage, event.usage);
    const reason = delta.stop_reason;
    if (typeof reason !== "string") return { type: "message-delta", stopReason: undefined, delta };
    if (this.openKind !== undefined) return malformed("a stop reason while a block is open");
    if (this.#cut && !explainsCut(reason)) return malformed(CUT);
    this.stopReason = reason;
    return { type: "message-delta", stopReason: reason, delta };
  }
}

/** True for a whole block that is what its type promises: text has its text, a tool call its id, name and input. */
export function isBlock(block: unknown): block is JsonObject {
  if (!isObject(block)) return false;
  if (block.type === "text") return typeof block.text === "string";
  return block.type !== "tool_use" || (isNamed(block) && isObject(block.input));
}

export function kindOf({ type }: JsonObject): BlockKind {
  const isKnown = typeof type === "string" && Object.hasOwn(BLOCK_KINDS, type);
  return (isKnown ? BLOCK_KINDS[type] : undefined) ?? "native";
}

function isNamed({ id, name }: JsonObject): boolean {
  return typeof id === "string" && typeof name === "string";
}

/** True for a whole block that says something to the client. */
export function isVisible(block: JsonObject): boolean {
  if (block.type === "text") return block.text !== "";
  if (block.type === "thinking") return typeof block.thinking === "string" && block.thinking !== "";
  return block.type !== "redacted_thinking";
}

function malformed(what: string): Step {
  return { type: "malformed", fault: fault("malformed-reply", `the provider's stream had ${what}`) };
}
