// Follows a Chat stream without changing it and tells the release rule what each frame is. Tool calls are followed closely
// enough to say when one is whole; everything else is only recognised.

import { type Fault, fault } from "../../core/fault.ts";
import type { Usage } from "../../core/reply.ts";
import type { FrameClass, Tap } from "../dialect.ts";
import { isObject, type JsonObject, textOf } from "../json-object.ts";
import { type Choice, hasContent, readFrame, TEXT_KEYS, toolFragments } from "./chunk.ts";
import { type ContentTemplate, learnTemplate, matches } from "./content-template.ts";
import { isComplete, type ToolCall, ToolCallTable } from "./tool-calls.ts";
import { usageOf } from "./usage.ts";

/** A template that never matched again is given this many successors; then the stream's frames are parsed one by one. */
const USELESS_TEMPLATES_MAX = 8;

/** A tap for one stream. `dropUsage`: the client did not ask for the usage chunk, so it is ours to take out. */
export function openTap(options: { readonly dropUsage: boolean }): Tap {
  return new ChatTap(options.dropUsage);
}

class ChatTap implements Tap {
  stopped = false;
  hasContent = false;
  usage: Usage | undefined;
  fault: Fault | undefined;
  readonly #dropUsage: boolean;
  #template: ContentTemplate | undefined;
  #templateHit = false;
  #uselessTemplates = 0;
  readonly #tools = new ToolCallTable();
  /** Calls that are held: begun, and not released yet. */
  readonly #open = new Set<ToolCall>();
  /** Choices seen that have not finished; more than one only with `n` over 1. */
  readonly #running = new Set<number>();
  #several = false;
  #refused = false;
  #cutByLimit = false;

  constructor(dropUsage: boolean) {
    this.#dropUsage = dropUsage;
  }

  get emptyIsLegal(): boolean {
    return this.#refused || (this.#cutByLimit && (this.usage?.outputTokens ?? 0) > 0);
  }

  see(frame: Uint8Array): FrameClass {
    if (this.#template !== undefined && this.#open.size === 0 && matches(this.#template, frame)) {
      this.#templateHit = true;
      return "content";
    }
    const read = readFrame(frame);
    if (read.type === "ping") return "ping";
    if (read.type === "done") return "terminal";
    if (read.type === "error" || read.type === "malformed") {
      this.fault = read.fault;
      return read.type;
    }
    const usage = usageOf(read.chunk.usage);
    if (usage !== undefined) this.usage = usage;
    if (read.choices.length === 0) return usage !== undefined && this.#dropUsage ? "drop" : "preamble";
    const kind = this.#classify(read.choices);
    if (kind === "content") this.#learn(frame, read.chunk, read.choices);
    return kind;
  }

  #classify(choices: readonly Choice[]): FrameClass {
    const tools = this.#followTools(choices);
    if (tools === undefined) return this.#malformedTool();
    let shows = false;
    let finishes = false;
    for (const { index, delta, finish } of choices) {
      if (hasContent(delta)) shows = true;
      if (finish === undefined) continue;
      this.#running.delete(index);
      finishes = true;
      if (finish === "content_filter") this.#refused = true;
      // The limit can be used up by reasoning that nobody sees.
      if (finish === "length") this.#cutByLimit = true;
    }
    if (shows || tools !== "none") this.hasContent = true;
    if (finishes && this.#running.size === 0) return this.#finish(shows || tools !== "none");
    return this.#between(shows, tools);
  }

  /** Notes choices and tool calls. `next`: what is held was whole before this frame, which only begins other calls. */
  #followTools(choices: readonly Choice[]): "none" | "more" | "next" | undefined {
    if (!this.stopped) for (const { index } of choices) this.#running.add(index);
    if (this.#running.size > 1 || choices.length > 1) this.#several = true;
    const begun: ToolCall[] = [];
    let any = false;
    let touchesHeld = false;
    for (const { index, delta } of choices) {
      for (const value of toolFragments(delta)) {
        const fragment = this.#tools.add(keyedByChoice(value, index));
        if (fragment === undefined) return undefined;
        any = true;
        if (this.#open.has(fragment.call)) touchesHeld = true;
        else begun.push(fragment.call);
      }
    }
    if (!any) return "none";
    const next = this.#open.size > 0 && !touchesHeld && !this.#several && [...this.#open].every(isComplete);
    if (next) this.#open.clear();
    for (const call of begun) this.#open.add(call);
    return next ? "next" : "more";
  }

  /** The first finish stops the stream; a second one, as some upstreams send, only closes what came between. */
  #finish(carries: boolean): FrameClass {
    const held = this.#open.size > 0;
    this.#open.clear();
    if (this.stopped) return held ? "tool-end" : carries ? "content" : "preamble";
    this.stopped = true;
    return "stop";
  }

  #between(shows: boolean, tools: "none" | "more" | "next"): FrameClass {
    // Calls of several choices interleave: nothing is surely whole before all have finished.
    if (this.#several && this.#open.size > 0) return "tool";
    if (tools === "next") return "tool-next";
    if (tools === "more") return "tool";
    if (!shows) return "preamble";
    if (this.#open.size === 0) return "content";
    for (const call of this.#open) if (call.arguments !== "" && !isComplete(call)) return "tool";
    this.#open.clear();
    return "tool-end";
  }

  #malformedTool(): FrameClass {
    this.fault = fault("malformed-reply", "a tool call is not an object, or there is too much of it");
    return "malformed";
  }

  #learn(frame: Uint8Array, chunk: JsonObject, choices: readonly Choice[]): void {
    if (!this.#templateHit && ++this.#uselessTemplates > USELESS_TEMPLATES_MAX) {
      this.#template = undefined;
      return;
    }
    this.#template = undefined;
    this.#templateHit = false;
    const [choice, another] = choices;
    if (choice === undefined || another !== undefined || choice.finish !== undefined) return;
    // A chunk that carries usage as well has numbers that must be read each time.
    const keys = TEXT_KEYS.filter((key) => textOf(choice.delta[key]) !== undefined);
    const [key] = keys;
    if (key === undefined || keys.length > 1 || isObject(chunk.usage)) return;
    this.#template = learnTemplate(frame, key);
  }
}

/** With `n` over 1 each choice counts its calls from 0: a key for both keeps them apart. */
function keyedByChoice(fragment: unknown, choice: number): unknown {
  if (choice === 0 || !isObject(fragment)) return fragment;
  const index = typeof fragment.index === "number" ? fragment.index : 0;
  return { ...fragment, index: choice * 1_000_000 + index };
}
