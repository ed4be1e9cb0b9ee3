// A strict client of the Messages stream: one open block, indices without gaps, message_start once and first, one
// message_delta, message_stop last, every frame with its event line. Written from the format; it repairs nothing.

import { asObject, framesOf, type Heard, isArguments, type Json, parsed } from "./heard.ts";

interface Block {
  readonly type: string;
  readonly id: string;
  readonly name: string;
  json: string;
  closed: boolean;
}

const DELTA_OF: Readonly<Record<string, string>> = {
  text_delta: "text",
  citations_delta: "text",
  thinking_delta: "thinking",
  signature_delta: "thinking",
  input_json_delta: "tool_use",
};
const STOPS = ["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "pause_turn"];
const BETA_STOPS = ["compaction", "model_context_window_exceeded"];

class MessagesReader {
  text = "";
  reasoning = "";
  stop: string | undefined;
  usage: Json | undefined;
  closed = false;
  readonly errors: Json[] = [];
  readonly violations: string[] = [];
  readonly blocks: Block[] = [];
  #started = false;
  #deltas = 0;

  frame(text: string): void {
    const lines = text.split("\n");
    const event = lines.find((line) => line.startsWith("event: "))?.slice(7);
    const data = asObject(parsed(lines.find((line) => line.startsWith("data: "))?.slice(6) ?? ""));
    if (lines.every((line) => line.startsWith(":"))) return;
    if (lines.length !== 2 || data === undefined) {
      this.#wrong(`not an event and its data: ${text}`);
      return;
    }
    if (data.type !== event) this.#wrong(`event ${event} with data of type ${String(data.type)}`);
    if (this.closed || this.errors.length > 0) this.#wrong(`${event} after the end`);
    this.#event(String(data.type), data);
  }

  #event(type: string, data: Json): void {
    if (!this.#started && type !== "message_start" && type !== "ping" && type !== "error")
      this.#wrong(`${type} before message_start`);
    switch (type) {
      case "ping":
        return;
      case "error":
        this.errors.push(data);
        this.#error(asObject(data.error));
        return;
      case "message_start":
        this.#start(asObject(data.message));
        return;
      case "content_block_start":
        this.#blockStart(data.index, asObject(data.content_block) ?? {});
        return;
      case "content_block_delta":
        this.#delta(data.index, asObject(data.delta) ?? {});
        return;
      case "content_block_stop":
        this.#blockStop(data.index);
        return;
      case "message_delta":
        this.#messageDelta(asObject(data.delta) ?? {}, asObject(data.usage));
        return;
      case "message_stop":
        if (this.stop === undefined) this.#wrong("message_stop without a stop reason");
        this.closed = true;
        return;
      default:
        this.#wrong(`unknown event ${type}`);
    }
  }

  #error(error: Json | undefined): void {
    if (typeof error?.type !== "string" || typeof error.message !== "string") this.#wrong("an error without its words");
  }

  #start(message: Json | undefined): void {
    if (this.#started) this.#wrong("a second message_start");
    this.#started = true;
    const fields = ["id", "model"].every((key) => typeof message?.[key] === "string" && message[key] !== "");
    const usage = asObject(message?.usage);
    if (!fields || message?.type !== "message" || message.role !== "assistant") this.#wrong("message_start's message");
    if (typeof usage?.input_tokens !== "number" || typeof usage.output_tokens !== "number")
      this.#wrong("message_start without usage");
    if (message?.stop_reason !== null && typeof message?.stop_reason === "string") this.stop = message.stop_reason;
    for (const item of Array.isArray(message?.content) ? message.content : []) {
      const block = asObject(item) ?? {};
      this.blocks.push({ ...open(block), closed: true });
      if (block.type === "text") this.text += String(block.text);
    }
    this.usage = usage;
  }

  #blockStart(index: unknown, block: Json): void {
    if (index !== this.blocks.length) this.#wrong(`block ${String(index)} where ${this.blocks.length} is next`);
    if (this.#open() !== undefined) this.#wrong("a block inside a block");
    if (this.stop !== undefined) this.#wrong("a block after the stop reason");
    this.blocks.push(open(block));
    if (block.type === "text") this.text += typeof block.text === "string" ? block.text : "";
    if (block.type === "tool_use" && (!block.id || !block.name || JSON.stringify(block.input) !== "{}"))
      this.#wrong("a tool_use that does not begin with id, name and an empty input");
  }

  #delta(index: unknown, delta: Json): void {
    const block = this.#open();
    if (block === undefined || index !== this.blocks.length - 1) {
      this.#wrong("a delta of no open block");
      return;
    }
    const type = String(delta.type);
    if (DELTA_OF[type] !== undefined && DELTA_OF[type] !== block.type && !block.type.startsWith("server_"))
      this.#wrong(`${type} in a ${block.type} block`);
    if (type === "text_delta") this.text += String(delta.text);
    if (type === "thinking_delta") this.reasoning += String(delta.thinking);
    if (type === "input_json_delta") block.json += String(delta.partial_json);
  }

  #blockStop(index: unknown): void {
    const block = this.#open();
    if (block === undefined || index !== this.blocks.length - 1) {
      this.#wrong("the end of no open block");
      return;
    }
    block.closed = true;
    if (block.type === "tool_use" && !isArguments(block.json)) this.#wrong(`a call with the input ${block.json}`);
  }

  #messageDelta(delta: Json, usage: Json | undefined): void {
    if (this.#deltas++ > 0) this.#wrong("a second message_delta");
    if (this.#open() !== undefined) this.#wrong("message_delta inside a block");
    if (typeof usage?.output_tokens !== "number") this.#wrong("message_delta without usage");
    const stop = delta.stop_reason;
    if (typeof stop !== "string" || ![...STOPS, ...BETA_STOPS].includes(stop)) {
      this.#wrong(`stop reason ${String(stop)}`);
      return;
    }
    this.stop = stop;
    this.usage = { ...this.usage, ...usage };
    const calls = this.blocks.some((block) => block.type === "tool_use");
    if (calls !== (stop === "tool_use")) this.#wrong(`${stop} ${calls ? "with" : "without"} tool calls`);
  }

  #open(): Block | undefined {
    const last = this.blocks.at(-1);
    return last?.closed === false ? last : undefined;
  }

  #wrong(what: string): void {
    this.violations.push(what);
  }
}

/** Some calls come with their input at once. */
function open({ type, id, name, input }: Json): Block {
  const json = JSON.stringify(input ?? {});
  return { type: String(type), id: String(id), name: String(name), json: json === "{}" ? "" : json, closed: false };
}

/** Reads what has come of a stream; a stream that was cut has no violation for that alone. */
export function readMessages(bytes: Uint8Array): Heard {
  const reader = new MessagesReader();
  const { frames, rest } = framesOf(bytes);
  for (const frame of frames) reader.frame(frame);
  if (rest !== "") reader.violations.push("the stream ends inside a frame");
  const tools = reader.blocks
    .filter(({ type }) => type === "tool_use")
    .map(({ id, name, json, closed }) => ({ id, name, json, whole: closed && isArguments(json) }));
  const { text, reasoning, stop, closed, errors, usage, violations } = reader;
  return { text, reasoning, tools, stop, closed, errors, usage, violations };
}
