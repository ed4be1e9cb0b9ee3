// Canonical events as a Chat answer, streamed or whole. The only writer of Chat frames: the role first, tool calls whole with
// contiguous indices, one finish, then usage for those who asked, then `[DONE]`.

import { between, concat } from "../../core/bytes.ts";
import type { StopReason, StreamEvent } from "../../core/stream-event.ts";
import type { Usage } from "../../core/usage.ts";
import type { EncodeContext, Encoder, OpenText } from "../dialect.ts";
import type { JsonObject } from "../json-object.ts";
import { frameOf } from "../sse.ts";
import { madeToolId } from "../tool-id.ts";
import { usageJson } from "./usage.ts";

const FINISHES: Readonly<Record<StopReason, string>> = {
  end: "stop",
  "stop-sequence": "stop",
  "tool-use": "tool_calls",
  pause: "stop",
  length: "length",
  "context-full": "length",
  refusal: "content_filter",
};
const DONE = "[DONE]";
const utf8 = new TextEncoder();
/** What follows the text in its frame; as bytes with the text's quote. */
const TEXT_TAIL = '},"finish_reason":null}]}\n\n';
const TEXT_TAIL_BYTES = utf8.encode(`"${TEXT_TAIL}`);

type Encoded = { readonly bytes: Uint8Array; readonly content: boolean };

/** An encoder for one stream. An `error` event writes nothing: who settles the stream writes its error frame. */
export function openEncoder(context: EncodeContext): Encoder {
  const answer = new Answer(context);
  let opened = context.seam?.id !== undefined;
  let over = false;
  const chunk = (delta: JsonObject, finish: string | null): string =>
    JSON.stringify({ ...answer.head("chat.completion.chunk"), choices: [{ index: 0, delta, finish_reason: finish }] });

  /** Frames of the data given, after the role when that has not been said yet. */
  const frames = (data: readonly string[], content: boolean): Encoded => {
    const all = opened ? data : [chunk({ role: "assistant", content: "" }, null), ...data];
    opened = true;
    return { bytes: concat(all.map((text) => frameOf(text))), content };
  };

  /** By hand: nearly every frame is one of these. */
  const plain = (text: string): Encoded => {
    return { bytes: utf8.encode(answer.textHead() + JSON.stringify(text) + TEXT_TAIL), content: true };
  };

  /** The same as bytes, its quote included, once it was asked for. */
  let head: Uint8Array | undefined;
  const more = (from: Uint8Array, text: OpenText): Uint8Array | undefined => {
    if (!opened || over) return undefined;
    head ??= utf8.encode(`${answer.textHead()}"`);
    return between(head, from, text, TEXT_TAIL_BYTES);
  };

  const encode = (event: StreamEvent): Encoded | undefined => {
    if (over) return undefined;
    const step = answer.take(event);
    switch (step.type) {
      case "start":
        head = undefined;
        return frames([], false);
      case "delta":
        return opened && step.text !== undefined ? plain(step.text) : frames([chunk(step.delta, null)], true);
      case "end": {
        over = true;
        const asked = context.call.inspected.streamOptions?.includeUsage === true;
        const usage = asked ? usageJson(answer.usage) : undefined;
        const last =
          usage === undefined ? [] : [JSON.stringify({ ...answer.head("chat.completion.chunk"), choices: [], usage })];
        return frames([chunk({}, step.finish), ...last, DONE], false);
      }
      case "nothing":
        return undefined;
    }
  };
  return { encode, more };
}

/** A whole reply from the events of an answer that has ended well. */
export function encodeReply(events: readonly StreamEvent[], context: EncodeContext): Uint8Array {
  const answer = new Answer(context);
  const texts = { content: "", refusal: "", reasoning_content: "" };
  const toolCalls: unknown[] = [];
  let finish = FINISHES.end;
  for (const event of events) {
    const step = answer.take(event);
    if (step.type === "end") finish = step.finish;
    if (step.type !== "delta") continue;
    const { content, refusal, reasoning_content, tool_calls } = step.delta;
    texts.content += content ?? "";
    texts.refusal += refusal ?? "";
    texts.reasoning_content += reasoning_content ?? "";
    // The index is only for putting streamed fragments together.
    for (const { index, ...call } of tool_calls ?? []) toolCalls.push(call);
  }
  const message = {
    role: "assistant",
    content: texts.content === "" ? null : texts.content,
    refusal: texts.refusal === "" ? null : texts.refusal,
    ...(texts.reasoning_content !== "" && { reasoning_content: texts.reasoning_content }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
  };
  return utf8.encode(
    JSON.stringify({
      ...answer.head("chat.completion"),
      choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
      usage: usageJson(answer.usage),
    }),
  );
}

interface ToolCallJson {
  readonly index: number;
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

type Delta = {
  readonly content?: string;
  readonly refusal?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly ToolCallJson[];
};

type Step =
  | { readonly type: "start" }
  /** `text`: it is nothing but content. */
  | { readonly type: "delta"; readonly delta: Delta; readonly text?: string }
  | { readonly type: "end"; readonly finish: string }
  | { readonly type: "nothing" };

const NOTHING: Step = { type: "nothing" };

/** What both forms have in common: the head, the tool calls that are being gathered, the finish. */
class Answer {
  usage: Usage | undefined;
  readonly #context: EncodeContext;
  #id: string;
  readonly #createdS: number;
  #model: string;
  #textHead: string | undefined;
  readonly #tools = new Map<number, { readonly id: string; readonly name: string; json: string }>();
  #toolCount = 0;
  #toolsCut = false;
  #refused = false;

  constructor(context: EncodeContext) {
    this.#context = context;
    const { call, createdS, seam } = context;
    this.#id = seam?.id ?? `chatcmpl-${call.id}`;
    this.#createdS = seam?.createdS ?? createdS;
    this.#model = seam?.model ?? call.inspected.model;
    this.#toolCount = seam?.toolCalls ?? 0;
  }

  head(object: string): JsonObject {
    return { id: this.#id, object, created: this.#createdS, model: this.#model };
  }

  /** The frame of a piece of text, up to the text's quote. */
  textHead(): string {
    if (this.#textHead === undefined) {
      const open = JSON.stringify(this.head("chat.completion.chunk")).slice(0, -1);
      this.#textHead = `data: ${open},"choices":[{"index":0,"delta":{"content":`;
    }
    return this.#textHead;
  }

  take(event: StreamEvent): Step {
    switch (event.type) {
      case "message-start":
        this.#textHead = undefined;
        if (event.id !== "") this.#id = event.id;
        if (event.model !== "") this.#model = event.model;
        this.#addUsage(event.usage);
        return { type: "start" };
      case "text-delta":
        if (event.text === "") return NOTHING;
        if (event.refusal === true) this.#refused = true;
        return event.refusal === true
          ? { type: "delta", delta: { refusal: event.text } }
          : { type: "delta", delta: { content: event.text }, text: event.text };
      case "reasoning-delta":
        return event.text === "" ? NOTHING : { type: "delta", delta: { reasoning_content: event.text } };
      case "tool-start":
        this.#tools.set(event.block, { id: event.id, name: event.name, json: "" });
        return NOTHING;
      case "tool-delta": {
        const tool = this.#tools.get(event.block);
        if (tool !== undefined) tool.json += event.json;
        return NOTHING;
      }
      case "block-end":
        return this.#toolEnd(event.block);
      case "message-end":
        this.#addUsage(event.usage);
        // A call that never ended is cut, and not shown.
        this.#toolsCut = this.#tools.size > 0;
        return { type: "end", finish: this.#finish(event.stop) };
      case "error":
      case "native":
        return NOTHING;
    }
  }

  #toolEnd(block: number): Step {
    const tool = this.#tools.get(block);
    if (tool === undefined) return NOTHING;
    this.#tools.delete(block);
    const index = this.#toolCount++;
    const id = tool.id === "" ? madeToolId(`${this.#context.call.id} ${index}`) : tool.id;
    const json = tool.json.trim() === "" ? "{}" : tool.json;
    const call: ToolCallJson = { index, id, type: "function", function: { name: tool.name, arguments: json } };
    return { type: "delta", delta: { tool_calls: [call] } };
  }

  /** By what was delivered: a client that is told `stop` does not run the calls it has. */
  #finish(stop: StopReason): string {
    if (this.#toolsCut && (stop === "length" || stop === "context-full")) return FINISHES[stop];
    if (this.#toolCount > 0) return FINISHES["tool-use"];
    if (stop === "tool-use") return FINISHES.end;
    return stop === "refusal" && this.#refused ? FINISHES.end : FINISHES[stop];
  }

  /** Some providers tell the input at the start and only the output at the end. */
  #addUsage(usage: Usage | undefined): void {
    if (usage !== undefined) this.usage = { ...this.usage, ...usage };
  }
}
