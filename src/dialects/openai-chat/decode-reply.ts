// A Chat answer as canonical events, streamed or whole: a whole reply is read as one chunk, so that both ways agree. Tool
// fragments are gathered by call, and a call is only ended once its arguments are a JSON object.

import { type Fault, fault, isFault } from "../../core/fault.ts";
import type { StopReason, StreamEvent } from "../../core/stream-event.ts";
import type { Usage } from "../../core/usage.ts";
import type { Decoder, OpenText } from "../dialect.ts";
import { isObject, type JsonObject, listOf, objectOf, textOf } from "../json-object.ts";
import { plainBodyEnd } from "../json-string.ts";
import { madeToolId } from "../tool-id.ts";
import { type Choice, type Frame, onlyText, readFrame, toolFragments } from "./chunk.ts";
import { LearntTemplate } from "./content-template.ts";
import { errorInChoices, replyOf } from "./judge.ts";
import { explainsCut, type Fragment, isComplete, type ToolCall, ToolCallTable } from "./tool-calls.ts";
import { usageOf } from "./usage.ts";

const NOTHING: readonly StreamEvent[] = [];
/** Content that only this dialect has. */
const NATIVE_KEYS = ["audio", "images", "annotations"] as const;
const STOPS: Readonly<Record<string, StopReason>> = {
  stop: "end",
  length: "length",
  tool_calls: "tool-use",
  function_call: "tool-use",
  content_filter: "refusal",
};

type ChunkFrame = Extract<Frame, { readonly type: "chunk" }>;
type TextKind = "text" | "refusal" | "reasoning";

/** A decoder for one stream. */
export function openDecoder(): Decoder {
  return new ChatDecoder();
}

/** A whole reply as the events of the same answer streamed. */
export function decodeReply(body: Uint8Array): readonly StreamEvent[] | Fault {
  const reply = replyOf(body);
  if (isFault(reply)) return reply;
  const choices = listOf(reply.value.choices) ?? [];
  const failed = errorInChoices(choices);
  if (failed !== undefined) return failed;
  const choice = objectOf(choices[0]);
  const message = objectOf(choice?.message);
  if (choice === undefined || message === undefined) return fault("malformed-reply", "the reply has no message");
  const finish = textOf(choice.finish_reason);
  if (finish === undefined) return fault("malformed-reply", "the reply does not say why it finished");
  const decoder = new ChatDecoder();
  const events = decoder.chunk(reply.value, [{ index: 0, delta: message, finish, fields: choice }]);
  const error = events.find((event) => event.type === "error");
  return error === undefined ? [...events, ...decoder.end()] : error.fault;
}

/** How far the tool calls of an answer are; most have none. */
class ToolProgress {
  readonly table = new ToolCallTable();
  /** Those that were announced and have not ended, with their blocks. */
  readonly open = new Map<ToolCall, number>();
  readonly ended = new Set<ToolCall>();
  readonly nameless = new Set<ToolCall>();
  complete = 0;

  get isOpen(): boolean {
    return this.nameless.size > 0 || this.open.size > 0;
  }
}

class ChatDecoder implements Decoder {
  stopped = false;
  #started = false;
  #over = false;
  #usage: Usage | undefined;
  #stop: StopReason = "end";
  #stopSequence: string | undefined;
  #refused = false;
  #blocks = 0;
  #text: { readonly kind: TextKind; readonly block: number } | undefined;
  #tools: ToolProgress | undefined;
  #id = "";
  /** Of the frame that is being read. */
  #events: StreamEvent[] | undefined;
  readonly #template = new LearntTemplate();
  /** A frame whose form was not known when `more` was asked. */
  #unknown: Uint8Array | undefined;
  readonly #more = { block: 0, start: 0, end: 0 };

  more(frame: Uint8Array): OpenText | undefined {
    const text = this.#text;
    if (text?.kind !== "text" || this.#over) return undefined;
    const fit = this.#template.fits(frame);
    if (fit === undefined) {
      this.#unknown = frame;
      return undefined;
    }
    if (plainBodyEnd(frame, fit.textStart) !== fit.textEnd) return undefined;
    this.#more.block = text.block;
    this.#more.start = fit.textStart;
    this.#more.end = fit.textEnd;
    return this.#more;
  }

  decode(frame: Uint8Array): readonly StreamEvent[] {
    if (this.#over) return NOTHING;
    const read = readFrame(frame);
    const isUnknown = this.#unknown === frame;
    this.#unknown = undefined;
    switch (read.type) {
      case "ping":
      case "aside":
        return NOTHING;
      case "done":
        return this.end();
      case "chunk": {
        const events = this.chunk(read.chunk, read.choices);
        if (isUnknown) this.#learn(frame, read, events);
        return events;
      }
      default:
        // After the finish the answer is whole; what a provider says then no longer takes it back.
        if (this.stopped) return this.end();
        this.#fail(read.fault);
        return this.#take();
    }
  }

  /** One parsed chunk; also a whole reply, whose message is then the delta. */
  chunk(chunk: JsonObject, choices: readonly Choice[]): readonly StreamEvent[] {
    this.#usage = usageOf(chunk.usage) ?? this.#usage;
    const choice = choices.find(({ index }) => index === 0);
    if (choice === undefined) return NOTHING;
    if (!this.#started) {
      this.#started = true;
      this.#id = textOf(chunk.id) ?? "";
      this.#tell({ type: "message-start", id: this.#id, model: textOf(chunk.model) ?? "" });
    }
    const isLate = this.stopped;
    this.#delta(choice.delta);
    if (isLate && toolFragments(choice.delta).length > 0) this.#late();
    if (choice.finish !== undefined && !this.stopped && !this.#over) this.#finish(choice.finish, choice.fields);
    return this.#take();
  }

  /** From a frame that had nothing but text for the block that is open now. */
  #learn(frame: Uint8Array, { chunk, choices }: ChunkFrame, events: readonly StreamEvent[]): void {
    const key = events.length === 1 && events[0]?.type === "text-delta" ? onlyText(chunk, choices) : undefined;
    const [choice] = choices;
    const isText = key === "content" && choice !== undefined && toolFragments(choice.delta).length === 0;
    this.#template.learn(frame, isText ? key : undefined);
  }

  /** Tells the `message-end` that waited for usage; an answer without a finish has none. */
  end(): readonly StreamEvent[] {
    if (this.#over || !this.stopped) return NOTHING;
    this.#over = true;
    return [
      {
        type: "message-end",
        stop: this.#stop,
        ...(this.#stopSequence !== undefined && { stopSequence: this.#stopSequence }),
        ...(this.#usage !== undefined && { usage: this.#usage }),
      },
    ];
  }

  #delta(delta: JsonObject): void {
    // Some send the reasoning under both names.
    this.#say("reasoning", textOf(delta.reasoning_content) ?? textOf(delta.reasoning));
    if (Array.isArray(delta.content)) for (const part of delta.content) this.#part(part);
    else this.#say("text", textOf(delta.content));
    this.#say("refusal", textOf(delta.refusal));
    for (const key of NATIVE_KEYS) {
      const value = delta[key];
      if (value === undefined) continue;
      if (isObject(value) || (listOf(value)?.length ?? 0) > 0) this.#tell({ type: "native", what: key });
    }
    for (const value of toolFragments(delta)) {
      this.#tools ??= new ToolProgress();
      const fragment = this.#tools.table.add(value, 0);
      if (fragment === undefined) {
        this.#fail(fault("malformed-reply", "a tool call is not an object, or there is too much of it"));
        return;
      }
      this.#tool(this.#tools, fragment);
    }
  }

  /** Mistral's content is a list of parts. */
  #part(part: unknown): void {
    if (!isObject(part)) return;
    if (part.type === "text") this.#say("text", textOf(part.text));
    else if (part.type === "thinking") {
      for (const piece of listOf(part.thinking) ?? []) this.#say("reasoning", textOf(objectOf(piece)?.text));
    } else this.#tell({ type: "native", what: textOf(part.type) ?? "content part" });
  }

  #say(kind: TextKind, text: string | undefined): void {
    if (text === undefined || this.#over) return;
    if (kind === "refusal") this.#refused = true;
    if (this.#text?.kind !== kind) {
      this.#endText();
      this.#endCompleteTools();
      this.#text = { kind, block: this.#blocks++ };
    }
    const { block } = this.#text;
    if (kind === "reasoning") this.#tell({ type: "reasoning-delta", block, text });
    else if (kind === "refusal") this.#tell({ type: "text-delta", block, text, refusal: true });
    else this.#tell({ type: "text-delta", block, text });
  }

  #tool(tools: ToolProgress, { call, json }: Fragment): void {
    // What an upstream repeats after a call was whole would double its arguments.
    if (tools.ended.has(call)) return;
    const block = tools.open.get(call);
    if (block === undefined) this.#startTool(tools, call);
    else if (json !== "") this.#tell({ type: "tool-delta", block, json });
  }

  #startTool(tools: ToolProgress, call: ToolCall): void {
    // Without its name, which may come a fragment later, nothing can be announced.
    if (call.name === "") {
      tools.nameless.add(call);
      return;
    }
    tools.nameless.delete(call);
    this.#endText();
    this.#endCompleteTools();
    const block = this.#blocks++;
    tools.open.set(call, block);
    const id = call.id === "" ? madeToolId(`${this.#id} ${call.order} ${call.name}`) : call.id;
    this.#tell({ type: "tool-start", block, id, name: call.name });
    if (call.arguments !== "") this.#tell({ type: "tool-delta", block, json: call.arguments });
  }

  #finish(finish: string, fields: JsonObject): void {
    this.stopped = true;
    this.#stop = STOPS[finish] ?? "end";
    this.#endText();
    this.#endCompleteTools();
    // Cut by the limit or the filter, a call is left out, and the stop reason says why.
    if (explainsCut(finish)) return;
    const tools = this.#tools;
    if (tools !== undefined) this.#endEmptyTools(tools);
    if (tools?.isOpen) {
      this.#fail(fault("malformed-reply", "a tool call without a name, or its arguments are not a JSON object"));
      return;
    }
    // Told by what came: upstreams say "stop" after calls, and "tool_calls" without any.
    const stopString = textOf(fields.stop_reason) ?? textOf(fields.matched_stop);
    if (tools !== undefined && tools.complete > 0) this.#stop = "tool-use";
    else if (this.#refused) this.#stop = "refusal";
    else if (stopString !== undefined) {
      // vLLM and SGLang tell which stop string it was.
      this.#stop = "stop-sequence";
      this.#stopSequence = stopString;
    } else this.#stop = "end";
  }

  /** Calls after the finish, as some upstreams send them before a second one: nothing will come to make them whole. */
  #late(): void {
    this.#endCompleteTools();
    if (this.#tools?.isOpen) for (const event of this.end()) this.#tell(event);
    else if (this.#stop === "end") this.#stop = "tool-use";
  }

  #endText(): void {
    if (this.#text === undefined) return;
    this.#tell({ type: "block-end", block: this.#text.block });
    this.#text = undefined;
  }

  #endCompleteTools(): void {
    const tools = this.#tools;
    if (tools === undefined) return;
    for (const [call, block] of tools.open) if (isComplete(call)) this.#endTool(tools, call, block);
  }

  /** Those of which nothing follows: tools that take no arguments. */
  #endEmptyTools(tools: ToolProgress): void {
    for (const [call, block] of tools.open) if (call.arguments.trim() === "") this.#endTool(tools, call, block);
  }

  #endTool(tools: ToolProgress, call: ToolCall, block: number): void {
    tools.open.delete(call);
    tools.ended.add(call);
    tools.complete++;
    this.#tell({ type: "block-end", block });
  }

  #fail(reason: Fault): void {
    this.#over = true;
    this.#tell({ type: "error", fault: reason });
  }

  #tell(event: StreamEvent): void {
    this.#events ??= [];
    this.#events.push(event);
  }

  #take(): readonly StreamEvent[] {
    const events = this.#events;
    this.#events = undefined;
    return events ?? NOTHING;
  }
}
