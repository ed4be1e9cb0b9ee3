// A Messages reply, streamed or whole, as canonical events. Both ways give the same events for the same answer: a whole
// message is read as if its blocks had been streamed.

import { type Fault, fault, isFault } from "../../core/fault.ts";
import type { StopReason, StreamEvent } from "../../core/stream-event.ts";
import type { Usage } from "../../core/usage.ts";
import type { Decoder, OpenText } from "../dialect.ts";
import { isList, isObject, type JsonObject, parseJson } from "../json-object.ts";
import { plainBodyEnd } from "../json-string.ts";
import { deltaLength, endsOnce, headOf } from "./delta-frame.ts";
import { inBandFault } from "./faults.ts";
import { type BlockKind, Grammar, isBlock, kindOf, type Step } from "./grammar.ts";
import { stopReasonOf } from "./stop-reason.ts";
import { mergeUsage, type RawUsage, usageOf } from "./usage.ts";

const decoder = new TextDecoder();
const NONE: readonly StreamEvent[] = [];

/** Canonical numbers for blocks that have one, and what must be known at a block's end. */
class Blocks {
  #count = 0;
  /** The number of the open block; `undefined` until it has something to say. */
  #open: number | undefined;
  /** Input that came whole with the call's start; `{}` is what a streamed call starts with. */
  #wholeInput: JsonObject | undefined;

  start(kind: BlockKind, block: JsonObject): readonly StreamEvent[] {
    this.#open = undefined;
    if (kind === "native") return [{ type: "native", what: String(block.type) }];
    if (kind === "redacted") return [{ type: "native", what: "redacted_thinking" }];
    if (kind === "text") return this.text(typeof block.text === "string" ? block.text : "");
    if (kind === "thinking") return this.reasoning(typeof block.thinking === "string" ? block.thinking : "");
    this.#wholeInput = isObject(block.input) && Object.keys(block.input).length > 0 ? block.input : undefined;
    return [{ type: "tool-start", block: this.#number(), id: String(block.id), name: String(block.name) }];
  }

  text(text: string): readonly StreamEvent[] {
    return text === "" ? NONE : [{ type: "text-delta", block: this.#number(), text }];
  }

  reasoning(text: string): readonly StreamEvent[] {
    return text === "" ? NONE : [{ type: "reasoning-delta", block: this.#number(), text }];
  }

  tool(json: string): readonly StreamEvent[] {
    if (json === "") return NONE;
    this.#wholeInput = undefined;
    return [{ type: "tool-delta", block: this.#number(), json }];
  }

  /** A call that is cut has no end: encoders leave it out. */
  end(cut: boolean): readonly StreamEvent[] {
    const number = this.#open;
    const input = this.#wholeInput;
    this.#open = undefined;
    this.#wholeInput = undefined;
    if (number === undefined || cut) return NONE;
    const end: StreamEvent = { type: "block-end", block: number };
    return input === undefined ? [end] : [{ type: "tool-delta", block: number, json: JSON.stringify(input) }, end];
  }

  /** Whole blocks, each as if it had been streamed. */
  whole(content: readonly unknown[]): readonly StreamEvent[] | Fault {
    const events: StreamEvent[] = [];
    for (const block of content) {
      if (!isBlock(block))
        return fault("malformed-reply", "the provider's reply has a block that is not what it should be");
      const kind = kindOf(block);
      events.push(...this.start(kind, block));
      if (kind === "text" && isList(block.citations))
        for (const _ of block.citations) events.push({ type: "native", what: "citation" });
      events.push(...this.end(false));
    }
    return events;
  }

  /** The number of the open block, once it has said something. */
  get open(): number | undefined {
    return this.#open;
  }

  #number(): number {
    this.#open ??= this.#count++;
    return this.#open;
  }
}

class MessagesDecoder implements Decoder {
  readonly #grammar = new Grammar();
  readonly #blocks = new Blocks();
  /** The stop as it will be told, once it was seen; told with the last word on usage. */
  #stop: { readonly stop: StopReason; readonly stopSequence?: string } | undefined;
  #done = false;
  /** What the deltas of the open text begin with. */
  #head: Uint8Array | undefined;
  readonly #more = { block: 0, start: 0, end: 0 };

  get stopped(): boolean {
    return this.#stop !== undefined;
  }

  more(frame: Uint8Array): OpenText | undefined {
    const block = this.#blocks.open;
    const head = this.#head;
    if (block === undefined || head === undefined || this.#done || !endsOnce(frame)) return undefined;
    const length = deltaLength(frame, head);
    const end = head.length + length;
    if (length <= 0 || plainBodyEnd(frame, head.length) !== end) return undefined;
    this.#more.block = block;
    this.#more.start = head.length;
    this.#more.end = end;
    return this.#more;
  }

  decode(frame: Uint8Array): readonly StreamEvent[] {
    if (this.#done) return NONE;
    const step = this.#grammar.see(frame);
    switch (step.type) {
      case "message-start":
        return step.again ? NONE : this.#start(step.message, step.content);
      case "block-start":
        this.#head = step.kind === "text" ? headOf(step.kind, this.#grammar.openIndex) : undefined;
        return this.#blocks.start(step.kind, step.block);
      case "delta":
        return this.#delta(step);
      case "block-end":
        this.#head = undefined;
        return this.#blocks.end(step.cut);
      case "message-delta":
        if (step.stopReason !== undefined)
          this.#stop ??= stopOf(stopReasonOf(step.stopReason), step.delta.stop_sequence);
        return NONE;
      case "message-stop":
        return this.end();
      case "error":
      case "malformed":
        // After the stop reason the answer is whole; what a provider says then no longer takes it back.
        return this.stopped ? this.end() : this.#fail(step.fault);
      default:
        return NONE;
    }
  }

  /** Tells the end of the message if its stop reason has come: that waited only for a later word on usage. */
  end(): readonly StreamEvent[] {
    if (this.#done || this.#stop === undefined) return NONE;
    this.#done = true;
    return [endOf(this.#stop, this.#grammar.usage)];
  }

  #start(message: JsonObject, content: readonly unknown[]): readonly StreamEvent[] {
    const events = this.#blocks.whole(content);
    if (isFault(events)) return this.#fail(events);
    if (this.#grammar.stopReason !== undefined)
      this.#stop = stopOf(stopReasonOf(this.#grammar.stopReason), message.stop_sequence);
    return [startOf(message, this.#grammar.usage), ...events];
  }

  #delta(step: Extract<Step, { type: "delta" }>): readonly StreamEvent[] {
    switch (step.delta) {
      case "text_delta":
        return step.kind === "text" ? this.#blocks.text(step.text) : NONE;
      case "thinking_delta":
        return step.kind === "thinking" ? this.#blocks.reasoning(step.text) : NONE;
      case "input_json_delta":
        return step.kind === "tool" ? this.#blocks.tool(step.text) : NONE;
      case "citations_delta":
        return [{ type: "native", what: "citation" }];
      default:
        return NONE;
    }
  }

  #fail(cause: Fault): readonly StreamEvent[] {
    this.#done = true;
    return [{ type: "error", fault: cause }];
  }
}

export function messagesDecoder(): Decoder {
  return new MessagesDecoder();
}

/** A whole reply as events; a fault for a body that is no message of this dialect. */
export function decodeReply(body: Uint8Array): readonly StreamEvent[] | Fault {
  const message = parseJson(decoder.decode(body));
  if (!isObject(message)) return fault("malformed-reply", "the provider's reply is not a JSON object");
  if (message.type === "error") return inBandFault(message);
  if (!isList(message.content)) return fault("malformed-reply", "the provider's reply is not a message");
  if (typeof message.stop_reason !== "string") return fault("malformed-reply", "the reply has no stop reason");
  const raw: RawUsage = {};
  mergeUsage(raw, message.usage);
  const usage = usageOf(raw);
  const events = new Blocks().whole(message.content);
  if (isFault(events)) return events;
  const stop = stopOf(stopReasonOf(message.stop_reason), message.stop_sequence);
  return [startOf(message, usage), ...events, endOf(stop, usage)];
}

function startOf(message: JsonObject, usage: Usage | undefined): StreamEvent {
  return {
    type: "message-start",
    id: typeof message.id === "string" ? message.id : "",
    model: typeof message.model === "string" ? message.model : "",
    ...(usage === undefined ? undefined : { usage }),
  };
}

type Stop = Pick<Extract<StreamEvent, { type: "message-end" }>, "stop" | "stopSequence">;

function endOf(stop: Stop, usage: Usage | undefined): StreamEvent {
  return { type: "message-end", ...stop, ...(usage === undefined ? undefined : { usage }) };
}

function stopOf(stop: StopReason, sequence: unknown): Stop {
  return typeof sequence === "string" ? { stop, stopSequence: sequence } : { stop };
}
