// The tap of the native lane: says what each frame is without changing it. Frames of the open block, which are nearly all,
// are matched as bytes; whatever does not match is parsed, so that nothing malformed passes.

import type { Fault } from "../../core/fault.ts";
import type { Words } from "../../core/reply.ts";
import type { Usage } from "../../core/usage.ts";
import type { ClosedCall, FrameClass, Seam, Tap, TapOptions } from "../dialect.ts";
import type { JsonObject } from "../json-object.ts";
import { TextLog } from "../text-log.ts";
import { deltaLength, endsOnce, headOf } from "./delta-frame.ts";
import { type BlockKind, Grammar, isVisible, type Step } from "./grammar.ts";
import { emptyIsLegal } from "./stop-reason.ts";

class MessagesTap implements Tap {
  readonly #grammar = new Grammar();
  /** The bytes with which a delta of the open block begins; `undefined` when it has none that is worth matching. */
  #head: Uint8Array | undefined;
  #thought = false;
  hasContent = false;
  fault: Fault | undefined;
  readonly #log: TextLog | undefined;
  #id: string | undefined;
  #toolCalls = 0;
  #native = false;
  #model = "";
  /** Something came that is no plain word. */
  #special = false;

  constructor(follow: boolean) {
    this.#log = follow ? new TextLog() : undefined;
  }

  get stopped(): boolean {
    return this.#grammar.stopReason !== undefined;
  }

  get emptyIsLegal(): boolean {
    return emptyIsLegal(this.#grammar.stopReason, this.#thought);
  }

  get usage(): Usage | undefined {
    return this.#grammar.usage;
  }

  tail(bytesMax: number): string {
    return this.#log?.tail(bytesMax) ?? "";
  }

  closedCalls(): readonly ClosedCall[] {
    const { closed } = this.#grammar;
    this.#grammar.closed = undefined;
    return closed === undefined ? [] : [closed];
  }

  recognises(chunk: Uint8Array): boolean {
    if (this.#head === undefined || this.#grammar.openKind === "tool") return false;
    if (!endsOnce(chunk)) return false;
    const length = deltaLength(chunk, this.#head);
    if (length > 0 && this.#log !== undefined) this.#show(this.#log, chunk, this.#head.length, length);
    return length > 0;
  }

  words(): Words | undefined {
    const isWords = !this.#special && !this.#native && this.#grammar.stopReason === "end_turn";
    const text = isWords ? this.#log?.read() : undefined;
    return text === undefined || text === "" ? undefined : { text, model: this.#model };
  }

  seam(toolOpen: boolean): Seam | undefined {
    if (this.#log === undefined) return undefined;
    const { openKind, blocks, usage } = this.#grammar;
    return {
      text: this.#log.read(),
      thought: this.#thought,
      native: this.#native,
      toolCalls: this.#toolCalls,
      id: this.#id,
      // It was named at the beginning, and is not named again.
      model: undefined,
      createdS: undefined,
      // A call that was never shown has no place in the client's stream.
      blocks: toolOpen ? blocks - 1 : blocks,
      openText: openKind === "text",
      openThinking: openKind === "thinking",
      openOther: openKind !== undefined && openKind !== "text" && !toolOpen,
      usage,
    };
  }

  #show(log: TextLog, frame: Uint8Array, start: number, length: number): void {
    if (this.#grammar.openKind === "text") log.addEscaped(frame, start, length);
  }

  see(frame: Uint8Array): FrameClass {
    const seen = this.#classify(frame);
    if (seen === "content" || seen === "tool" || seen === "tool-end") this.hasContent = true;
    return seen;
  }

  #classify(frame: Uint8Array): FrameClass {
    if (this.#head !== undefined) {
      const length = deltaLength(frame, this.#head);
      const { openKind, input } = this.#grammar;
      if (length >= 0 && openKind !== "tool") {
        if (this.#log !== undefined) this.#show(this.#log, frame, this.#head.length, length);
        return length === 0 ? "preamble" : "content";
      }
      if (length >= 0 && !input.isTooLong) {
        input.addEscaped(frame, this.#head.length, length);
        return "tool";
      }
    }
    const step = this.#grammar.see(frame);
    switch (step.type) {
      case "message-start":
        if (typeof step.message.id === "string") this.#id = step.message.id;
        if (typeof step.message.model === "string") this.#model = step.message.model;
        return this.#start(step.content);
      case "block-start":
        this.#head = headOf(step.kind, this.#grammar.openIndex);
        if (step.kind === "thinking" || step.kind === "redacted") this.#thought = true;
        if (step.kind === "native") this.#native = true;
        if (step.kind === "tool" || step.kind === "redacted") this.#special = true;
        if (step.kind === "text" && typeof step.block.text === "string") this.#log?.addText(step.block.text);
        return startClass(step.kind, step.block);
      case "delta":
        if (step.kind === "text") this.#log?.addText(step.text);
        if (step.delta === "citations_delta") this.#special = true;
        return deltaClass(step);
      case "block-end":
        this.#head = undefined;
        // Of a call that is cut nothing may go before a stop reason has explained it.
        if (step.kind === "tool" && !step.cut) this.#toolCalls += 1;
        return step.cut ? "tool" : step.kind === "tool" ? "tool-end" : "preamble";
      case "message-delta":
        return step.stopReason === undefined ? "preamble" : "stop";
      case "message-stop":
        return "terminal";
      case "ping":
        return "ping";
      case "error":
      case "malformed":
        this.fault = step.fault;
        return step.type;
      default:
        return "preamble";
    }
  }

  /** Nearly always a message without blocks yet. */
  #start(content: readonly JsonObject[]): FrameClass {
    // A turn that begins with what a container had done is its provider's own.
    if (content.length > 0) this.#native = true;
    const isSeen = content.some(isVisible);
    if (isSeen) this.hasContent = true;
    if (this.stopped) return "stop";
    return isSeen ? (content.some((block) => block.type === "tool_use") ? "tool-end" : "content") : "preamble";
  }
}

/** This dialect has no usage frames to drop: its usage rides on frames that the client needs. */
export function messagesTap({ follow = false }: TapOptions): Tap {
  return new MessagesTap(follow);
}

function startClass(kind: BlockKind, block: JsonObject): FrameClass {
  if (kind === "tool") return "tool";
  if (kind === "native") return "content";
  const text = kind === "text" ? block.text : kind === "thinking" ? block.thinking : "";
  return typeof text === "string" && text !== "" ? "content" : "preamble";
}

function deltaClass(step: Extract<Step, { type: "delta" }>): FrameClass {
  if (step.kind === "tool") return "tool";
  if (step.kind === "native" || step.delta === "citations_delta") return "content";
  return step.text === "" ? "preamble" : "content";
}
