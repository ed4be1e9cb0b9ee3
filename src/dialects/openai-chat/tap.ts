// Follows a Chat stream without changing it and tells the release rule what each frame is. Tool calls are followed closely
// enough to say when one is whole: of one that is not nothing may go, unless its finish tells that the answer was cut.
// Everything else is only recognised.

import { type Fault, fault } from "../../core/fault.ts";
import type { Words } from "../../core/reply.ts";
import type { Usage } from "../../core/usage.ts";
import type { ClosedCall, FrameClass, Seam, Tap, TapOptions } from "../dialect.ts";
import { type JsonObject, textOf } from "../json-object.ts";
import { TextLog } from "../text-log.ts";
import { type Choice, hasContent, isPlain, onlyText, readFrame, toolFragments } from "./chunk.ts";
import { LearntTemplate } from "./content-template.ts";
import { explainsCut, isComplete, type ToolCall, ToolCallTable } from "./tool-calls.ts";
import { usageOf } from "./usage.ts";

/** Far more answers than any provider gives to one request. */
const CHOICES_MAX = 1_024;
const NO_CALLS: ReadonlySet<ToolCall> = new Set();

/** A tap for one stream. */
export function openTap(options: TapOptions): Tap {
  return new ChatTap(options);
}

class ChatTap implements Tap {
  stopped = false;
  hasContent = false;
  usage: Usage | undefined;
  fault: Fault | undefined;
  readonly #dropUsage: boolean;
  readonly #template = new LearntTemplate();
  readonly #tools = new ToolCallTable();
  /** Calls that are held: begun, and not released yet. Of an answer without calls there is none, and no set for them. */
  #open: Set<ToolCall> | undefined;
  /** How many answers the call asked for. */
  readonly #choices: number;
  /** Choices seen that have not finished, and those that have; more than one only with `n` over 1. */
  readonly #running = new Set<number>();
  readonly #finished = new Set<number>();
  #several = false;
  #refused = false;
  #cutByLimit = false;
  #textHeld = false;
  #model: string | undefined;
  readonly #log: TextLog | undefined;
  /** The template's text is what the client reads, not reasoning or a refusal. */
  #templateShows = false;
  #thought = false;
  #native = false;
  /** Something came that is no plain word, or another ending than the answer's own. */
  #special = false;
  #id: string | undefined;
  #createdS: number | undefined;

  constructor({ dropUsage, choices = 1, follow = false }: TapOptions) {
    this.#dropUsage = dropUsage;
    this.#choices = choices;
    this.#log = follow && choices === 1 ? new TextLog() : undefined;
  }

  get emptyIsLegal(): boolean {
    return this.#refused || (this.#cutByLimit && (this.usage?.outputTokens ?? 0) > 0);
  }

  tail(bytesMax: number): string {
    return this.#log?.tail(bytesMax) ?? "";
  }

  get #openCount(): number {
    return this.#open === undefined ? 0 : this.#open.size;
  }

  closedCalls(): readonly ClosedCall[] {
    return this.#tools.takeClosed(this.#open ?? NO_CALLS);
  }

  recognises(chunk: Uint8Array): boolean {
    const fit = this.#openCount > 0 ? undefined : this.#template.fits(chunk);
    if (fit === undefined) return false;
    if (this.#log !== undefined && this.#templateShows) {
      this.#log.addEscaped(chunk, fit.textStart, fit.textEnd - fit.textStart);
    }
    return true;
  }

  words(): Words | undefined {
    const text = this.#special || this.#several || !this.stopped ? undefined : this.#log?.read();
    return text === undefined || text === "" ? undefined : { text, model: this.#model ?? "" };
  }

  seam(toolOpen: boolean): Seam | undefined {
    if (this.#log === undefined) return undefined;
    return {
      text: this.#log.read(),
      thought: this.#thought,
      native: this.#native || this.#refused || (toolOpen && this.#textHeld),
      toolCalls: toolOpen ? this.#tools.count - this.#openCount : this.#tools.count,
      id: this.#id,
      model: this.#model,
      createdS: this.#createdS,
      blocks: 0,
      openText: true,
      openOther: false,
      openThinking: false,
      usage: this.usage,
    };
  }

  #follow(log: TextLog, { id, created, model }: JsonObject, choices: readonly Choice[]): void {
    if (typeof id === "string") this.#id ??= id;
    if (typeof created === "number") this.#createdS ??= created;
    if (typeof model === "string") this.#model ??= model;
    for (const choice of choices) {
      const { delta } = choice;
      if (!isPlain(choice)) this.#special = true;
      const text = textOf(delta.content);
      if (text !== undefined) log.addText(text);
      else if (delta.content != null && delta.content !== "") this.#native = true;
      if (textOf(delta.refusal) !== undefined) this.#native = true;
      if (hasContent(delta) && text === undefined) this.#thought = true;
    }
  }

  see(frame: Uint8Array): FrameClass {
    if (this.recognises(frame)) return "content";
    const read = readFrame(frame);
    if (read.type === "ping") return "ping";
    if (read.type === "aside") return "drop";
    if (read.type === "done") return this.#done(read.toTheLetter);
    if (read.type === "error" || read.type === "malformed") {
      this.fault = read.fault;
      return read.type;
    }
    const usage = usageOf(read.chunk.usage);
    if (usage !== undefined) this.usage = usage;
    if (read.choices.length === 0) return usage !== undefined && this.#dropUsage ? "drop" : "preamble";
    if (this.#log !== undefined) this.#follow(this.#log, read.chunk, read.choices);
    const kind = this.#classify(read.choices);
    if (this.#log !== undefined && (kind === "tool" || this.#textHeld)) this.#noteHeld(kind, read.choices);
    if (kind === "content") this.#learn(frame, read.chunk, read.choices);
    return kind;
  }

  /** Text that comes inside a tool call waits with it; nobody can tell what was shown if that call never ends. */
  #noteHeld(kind: FrameClass, choices: readonly Choice[]): void {
    const hasText = choices.some(({ delta }) => textOf(delta.content) !== undefined);
    this.#textHeld = kind === "tool" && (this.#textHeld || hasText);
  }

  /** The provider's word that nothing more comes: some know no `n` and give one answer, whatever was asked for. */
  #done(toTheLetter: boolean): FrameClass {
    if (this.#running.size === 0 && this.#finished.size > 0) this.stopped = true;
    // Of a whole answer the marker is then supplied.
    return toTheLetter ? "terminal" : this.#malformed("the closing marker is not written as it should be");
  }

  #classify(choices: readonly Choice[]): FrameClass {
    const tools = this.#followTools(choices);
    if (tools === undefined) return this.#malformed("a tool call is not an object, or there is too much of it");
    const held = this.#openCount > 0;
    let shows = false;
    for (const { index, delta, finish } of choices) {
      if (hasContent(delta)) shows = true;
      // After a finish nothing will come that could make a call whole.
      const isLate = this.stopped || this.#finished.has(index);
      const isBroken = isLate ? toolFragments(delta).length > 0 : finish !== undefined && !explainsCut(finish);
      if (isBroken && !this.#tools.isWhole(index)) {
        return this.#malformed("a tool call without a name, or its arguments are not a JSON object");
      }
      if (finish !== undefined && !isLate) this.#finish(index, finish);
    }
    if (shows || tools !== "none") this.hasContent = true;
    if (this.stopped) return this.#late(shows, tools !== "none");
    if (this.#running.size === 0 && this.#finished.size >= this.#choices) {
      this.stopped = true;
      return "stop";
    }
    return held && this.#openCount === 0 ? "tool-end" : this.#between(shows, tools);
  }

  /** Notes choices and tool calls. `next`: what is held was whole before this frame, which only begins other calls. */
  #followTools(choices: readonly Choice[]): "none" | "more" | "next" | undefined {
    for (const { index } of choices) if (!this.#finished.has(index)) this.#running.add(index);
    if (this.#running.size + this.#finished.size > CHOICES_MAX) return undefined;
    if (this.#running.size > 1 || choices.length > 1) this.#several = true;
    const begun: ToolCall[] = [];
    let any = false;
    let touchesHeld = false;
    for (const { index, delta } of choices) {
      for (const value of toolFragments(delta)) {
        const fragment = this.#tools.add(value, index);
        if (fragment === undefined) return undefined;
        any = true;
        if (this.#open?.has(fragment.call)) touchesHeld = true;
        else begun.push(fragment.call);
      }
    }
    if (!any) return "none";
    const next =
      this.#openCount > 0 && !touchesHeld && !this.#several && [...(this.#open ?? NO_CALLS)].every(isComplete);
    if (next) this.#open?.clear();
    this.#open ??= new Set();
    for (const call of begun) this.#open.add(call);
    return next ? "next" : "more";
  }

  /** The first finish of a choice counts. What is held of its calls is whole, or the finish says why not. */
  #finish(choice: number, finish: string): void {
    this.#running.delete(choice);
    this.#finished.add(choice);
    for (const call of this.#open ?? NO_CALLS) if (call.choice === choice) this.#open?.delete(call);
    if (finish === "content_filter") this.#refused = true;
    // The limit can be used up by reasoning that nobody sees.
    if (finish === "length") this.#cutByLimit = true;
  }

  /** After the last finish, of which some upstreams send two: what comes between is whole by itself. */
  #late(shows: boolean, tools: boolean): FrameClass {
    this.#open?.clear();
    return tools ? "tool-end" : shows ? "content" : "preamble";
  }

  #between(shows: boolean, tools: "none" | "more" | "next"): FrameClass {
    // Calls of several choices interleave: nothing is surely whole before their choices have finished.
    if (this.#several && this.#openCount > 0) return "tool";
    if (tools === "next") return "tool-next";
    if (tools === "more") return "tool";
    if (!shows) return "preamble";
    if (this.#openCount === 0) return "content";
    for (const call of this.#open ?? NO_CALLS) if (!isComplete(call)) return "tool";
    this.#open?.clear();
    return "tool-end";
  }

  #malformed(why: string): FrameClass {
    this.fault = fault("malformed-reply", why);
    return "malformed";
  }

  #learn(frame: Uint8Array, chunk: JsonObject, choices: readonly Choice[]): void {
    const key = onlyText(chunk, choices);
    this.#template.learn(frame, key);
    this.#templateShows = key === "content";
  }
}
