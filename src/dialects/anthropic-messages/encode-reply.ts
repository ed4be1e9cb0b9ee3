// Canonical events as a Messages reply, streamed or whole. The only writer of this dialect's frames on the translated
// lane: one open block at a time, indices without gaps, tool calls whole, one finish.

import { between } from "../../core/bytes.ts";
import type { StreamEvent } from "../../core/stream-event.ts";
import type { Usage } from "../../core/usage.ts";
import { type EncodeContext, type Encoder, type OpenText, SEAM_BLOCK } from "../dialect.ts";
import { isObject, type JsonObject, parseJson } from "../json-object.ts";
import { allowedToolId } from "../tool-id.ts";
import { foreignSignature, HALF_SIGNATURE } from "./foreign-thinking.ts";
import { stopReasonFor } from "./stop-reason.ts";
import { usageJson } from "./usage.ts";

const encoder = new TextEncoder();
/** What follows the text in the frame of a delta; as bytes with the text's quote. */
const TEXT_TAIL = "}}\n\n";
const TEXT_TAIL_BYTES = encoder.encode(`"${TEXT_TAIL}`);

/** Roughly; for a guess where nothing is known. */
const BYTES_PER_TOKEN = 4;
const QUOTES = 2;

type MessageEnd = Extract<StreamEvent, { type: "message-end" }>;

interface ToolCall {
  readonly id: string;
  readonly name: string;
  json: string;
}

/** Tool calls that are not whole yet, by block. */
class ToolCalls {
  #open: Map<number, ToolCall> | undefined;
  #usedIds: Set<string> | undefined;
  complete = 0;
  #cut = 0;

  start(event: Extract<StreamEvent, { type: "tool-start" }>): void {
    this.#open ??= new Map();
    this.#open.set(event.block, { id: event.id, name: event.name, json: "" });
  }

  delta(event: Extract<StreamEvent, { type: "tool-delta" }>): void {
    const call = this.#open?.get(event.block);
    if (call !== undefined) call.json += event.json;
  }

  /** The call, whole; `undefined` for a block that is no call, or whose input is no JSON object. */
  end(block: number): (ToolCall & { readonly input: JsonObject }) | undefined {
    const call = this.#open?.get(block);
    if (call === undefined) return undefined;
    this.#open?.delete(block);
    const json = call.json.trim() === "" ? "{}" : call.json;
    const input = parseJson(json);
    if (!isObject(input)) {
      this.#cut += 1;
      return undefined;
    }
    this.complete += 1;
    return { ...call, id: this.#uniqueId(call.id), json, input };
  }

  /** A client sends the id back, perhaps to Anthropic; some providers repeat one, or give none. */
  #uniqueId(id: string): string {
    const base = allowedToolId(id);
    let unique = base;
    this.#usedIds ??= new Set();
    for (let n = 2; this.#usedIds.has(unique); n++) unique = `${base}_${n}`;
    this.#usedIds.add(unique);
    return unique;
  }

  /** At the end of the message: calls that never ended were cut. */
  stopReason(event: MessageEnd): string {
    return stopReasonFor(event.stop, { complete: this.complete, cut: this.#cut + (this.#open?.size ?? 0) });
  }
}

/** An open block that no event belongs to: what follows closes it. */
const NO_BLOCK = -2;

class MessagesEncoder implements Encoder {
  readonly #context: EncodeContext;
  readonly #tools = new ToolCalls();
  #started = false;
  #ended = false;
  /** The canonical number of the open text block. */
  #text: number | undefined;
  /** Of the open thinking block: its number, and all that was thought in it. */
  #thinking: { readonly block: number; text: string } | undefined;
  #unsigned = false;
  #index = -1;
  /** The bytes with which a delta of the open text begins, once it was asked for. */
  #textHead: Uint8Array | undefined;
  #startUsage: Usage | undefined;
  /** Roughly the bytes of what the client was shown, as they are written. */
  #shown = 0;

  constructor(context: EncodeContext) {
    this.#context = context;
    const { seam } = context;
    if (seam === undefined) return;
    this.#started = seam.id !== undefined;
    this.#startUsage = seam.usage;
    this.#shown = seam.text?.length ?? 0;
    this.#index = seam.blocks - 1;
    this.#tools.complete = seam.toolCalls;
    if (seam.openText) this.#text = SEAM_BLOCK;
    else if (seam.openOther) this.#text = NO_BLOCK;
    this.#unsigned = seam.openThinking;
  }

  more(from: Uint8Array, text: OpenText): Uint8Array | undefined {
    if (this.#text !== text.block) return undefined;
    this.#shown += text.end - text.start;
    this.#textHead ??= encoder.encode(`${textHead(this.#index)}"`);
    return between(this.#textHead, from, text, TEXT_TAIL_BYTES);
  }

  encode(event: StreamEvent): { readonly bytes: Uint8Array; readonly content: boolean } | undefined {
    if (this.#ended) return undefined;
    switch (event.type) {
      case "message-start":
        return this.#started ? undefined : written(this.#start(event.model, event.usage), false);
      case "text-delta":
        return event.text === "" ? undefined : this.#textDelta(event.block, event.text);
      case "reasoning-delta":
        return this.#isShown(event) ? written(this.#thinkingDelta(event.block, event.text), true) : undefined;
      case "tool-start":
        this.#tools.start(event);
        return undefined;
      case "tool-delta":
        this.#tools.delta(event);
        return undefined;
      case "block-end":
        return this.#blockEnd(event.block);
      case "message-end":
        return written(this.#end(event), false);
      // A native block is another dialect's own; an error is the engine's to write.
      default:
        return undefined;
    }
  }

  #start(model: string, usage: Usage | undefined): string {
    this.#started = true;
    this.#startUsage = usage;
    const spoken = model === "" ? this.#context.call.inspected.model : model;
    const message = messageJson(this.#context, { model: spoken, content: [], stop: null, stopSequence: null, usage });
    return frame({ type: "message_start", message });
  }

  /** A model that begins without its start still needs one. */
  #opened(): string {
    return this.#started ? "" : this.#start(this.#context.call.inspected.model, undefined);
  }

  #textDelta(block: number, text: string): { readonly bytes: Uint8Array; readonly content: boolean } {
    let out = this.#opened();
    if (this.#text !== block) {
      out += this.#closeText();
      this.#text = block;
      this.#textHead = undefined;
      out += textStart(++this.#index);
    }
    // By hand: nearly every frame is one of these.
    const quoted = JSON.stringify(text);
    const frames = out + textHead(this.#index) + quoted + TEXT_TAIL;
    const bytes = encoder.encode(frames);
    this.#shown += quoted.length - QUOTES + bytes.length - frames.length;
    return { bytes, content: true };
  }

  #isShown({ text }: { readonly text: string }): boolean {
    return text !== "" && this.#context.call.inspected.thinks;
  }

  #thinkingDelta(block: number, thinking: string): string {
    let out = this.#opened();
    if (this.#thinking?.block !== block) {
      out += this.#closeText();
      this.#thinking = { block, text: "" };
      out += this.#blockStart({ type: "thinking", thinking: "", signature: "" });
    }
    this.#thinking.text += thinking;
    this.#shown += thinking.length;
    const delta = { type: "thinking_delta", thinking };
    return out + frame({ type: "content_block_delta", index: this.#index, delta });
  }

  #blockEnd(block: number): { readonly bytes: Uint8Array; readonly content: boolean } | undefined {
    if (this.#text === block || this.#thinking?.block === block) return written(this.#closeText(), false);
    const call = this.#tools.end(block);
    if (call === undefined) return undefined;
    this.#shown += call.name.length + call.json.length;
    const delta = { type: "input_json_delta", partial_json: call.json };
    const frames =
      this.#opened() +
      this.#closeText() +
      this.#blockStart({ type: "tool_use", id: call.id, name: call.name, input: {} }) +
      frame({ type: "content_block_delta", index: this.#index, delta }) +
      blockStop(this.#index);
    return written(frames, true);
  }

  #end(event: MessageEnd): string {
    const opened = this.#opened() + this.#closeText();
    this.#ended = true;
    const delta = { stop_reason: this.#tools.stopReason(event), stop_sequence: event.stopSequence ?? null };
    const usage = usageJson(counted(this.#startUsage, event.usage, () => this.#shown));
    return opened + frame({ type: "message_delta", delta, usage }) + STOP_FRAME;
  }

  #blockStart(block: JsonObject): string {
    this.#index += 1;
    this.#textHead = undefined;
    return frame({ type: "content_block_start", index: this.#index, content_block: block });
  }

  /** Closes the open block, be it text or thinking. */
  #closeText(): string {
    if (this.#thinking === undefined && this.#text === undefined) return "";
    const stop = blockStop(this.#index);
    if (this.#thinking !== undefined) {
      const delta = { type: "signature_delta", signature: foreignSignature(this.#thinking.text) };
      this.#thinking = undefined;
      return frame({ type: "content_block_delta", index: this.#index, delta }) + stop;
    }
    this.#text = undefined;
    if (!this.#unsigned) return stop;
    // Half of another's thinking: its maker has not signed it, and would refuse it in the client's next turn.
    this.#unsigned = false;
    const delta = { type: "signature_delta", signature: HALF_SIGNATURE };
    return frame({ type: "content_block_delta", index: this.#index, delta }) + stop;
  }
}

export function messagesEncoder(context: EncodeContext): Encoder {
  return new MessagesEncoder(context);
}

/** Where the provider told no count of all its output, a guess is nearer than none; and no count goes back. */
function counted(start: Usage | undefined, end: Usage | undefined, shownBytes: () => number): Usage {
  const told = end?.outputTokens ?? Math.ceil(shownBytes() / BYTES_PER_TOKEN);
  return { ...start, ...end, outputTokens: Math.max(told, start?.outputTokens ?? 0) };
}

/** The whole message of an answer that has ended well. */
export function encodeReply(events: readonly StreamEvent[], context: EncodeContext): Uint8Array {
  const tools = new ToolCalls();
  const content: JsonObject[] = [];
  const texts: string[] = [];
  let text: number | undefined;
  let model: string = context.call.inspected.model;
  let begun: Usage | undefined;
  let ended: Usage | undefined;
  let others = 0;
  let stop: string | null = null;
  let stopSequence: string | null = null;
  let thought: { readonly block: number; text: string } | undefined;
  const closeText = (): void => {
    if (thought !== undefined) content.push(thinkingBlock(thought.text));
    thought = undefined;
    if (text !== undefined) content.push({ type: "text", text: texts.splice(0).join("") });
    text = undefined;
  };
  for (const event of events) {
    if (event.type === "message-start" && event.model !== "") model = event.model;
    if (event.type === "message-start") begun = { ...begun, ...event.usage };
    if (event.type === "message-end" && event.usage !== undefined) ended = { ...ended, ...event.usage };
    if (event.type === "text-delta" && event.text !== "") {
      if (text !== event.block) closeText();
      text = event.block;
      texts.push(event.text);
    } else if (event.type === "reasoning-delta" && event.text !== "" && context.call.inspected.thinks) {
      if (thought?.block !== event.block) closeText();
      thought = { block: event.block, text: (thought?.text ?? "") + event.text };
      others += event.text.length;
    } else if (event.type === "tool-start") tools.start(event);
    else if (event.type === "tool-delta") tools.delta(event);
    else if (event.type === "block-end") {
      const isOpen = text === event.block || thought?.block === event.block;
      const call = isOpen ? undefined : tools.end(event.block);
      if (call !== undefined || isOpen) closeText();
      if (call === undefined) continue;
      content.push({ type: "tool_use", id: call.id, name: call.name, input: call.input });
      others += call.name.length + call.json.length;
    } else if (event.type === "message-end" && stop === null) {
      stop = tools.stopReason(event);
      stopSequence = event.stopSequence ?? null;
    }
  }
  closeText();
  const usage = counted(begun, ended, () => others + textBytes(content));
  return encoder.encode(JSON.stringify(messageJson(context, { model, content, stop, stopSequence, usage })));
}

function textBytes(content: readonly JsonObject[]): number {
  let bytes = 0;
  for (const { text } of content)
    if (typeof text === "string") bytes += encoder.encode(JSON.stringify(text)).length - QUOTES;
  return bytes;
}

function thinkingBlock(thinking: string): JsonObject {
  return { type: "thinking", thinking, signature: foreignSignature(thinking) };
}

interface MessageParts {
  readonly model: string;
  readonly content: readonly JsonObject[];
  readonly stop: string | null;
  readonly stopSequence: string | null;
  readonly usage: Usage | undefined;
}

/** The id is the call's, so that it stays the same whoever answers. */
function messageJson(context: EncodeContext, parts: MessageParts): JsonObject {
  return {
    id: `msg_${context.call.id}`,
    type: "message",
    role: "assistant",
    model: parts.model,
    content: parts.content,
    stop_reason: parts.stop,
    stop_sequence: parts.stopSequence,
    usage: usageJson(parts.usage),
  };
}

const STOP_FRAME = frame({ type: "message_stop" });

/** By hand, as every stream of text has them. */
function textStart(index: number): string {
  return `event: content_block_start\ndata: {"type":"content_block_start","index":${index},"content_block":{"type":"text","text":""}}\n\n`;
}

function blockStop(index: number): string {
  return `event: content_block_stop\ndata: {"type":"content_block_stop","index":${index}}\n\n`;
}

function textHead(index: number): string {
  return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"text_delta","text":`;
}

/** SDKs drop a frame without its event line. */
function frame(event: JsonObject & { readonly type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function written(
  frames: string,
  content: boolean,
): { readonly bytes: Uint8Array; readonly content: boolean } | undefined {
  return frames === "" ? undefined : { bytes: encoder.encode(frames), content };
}
