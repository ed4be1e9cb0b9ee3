// A strict client of the Chat stream: the role first, tool calls with indices from 0 and whole arguments, one finish, usage
// only when it was asked for, `[DONE]` once and last. Written from the format; for recordings, which are not that strict,
// its findings are ignored and only what it heard counts.

import { asObject, framesOf, type Heard, isArguments, type Json, parsed } from "./heard.ts";

interface Call {
  readonly index: unknown;
  readonly id: string;
  readonly name: string;
  json: string;
}

class ChatReader {
  text = "";
  reasoning = "";
  stop: string | undefined;
  usage: Json | undefined;
  closed = false;
  readonly errors: Json[] = [];
  readonly violations: string[] = [];
  readonly calls: Call[] = [];
  readonly #usageAsked: boolean;
  #head: string | undefined;

  constructor(usageAsked: boolean) {
    this.#usageAsked = usageAsked;
  }

  frame(text: string): void {
    if (text.split("\n").every((line) => line.startsWith(":"))) return;
    if (!text.startsWith("data: ") || text.includes("\n")) {
      this.#wrong(`not one data line: ${text}`);
      return;
    }
    if (this.closed || this.errors.length > 0) this.#wrong(`${text} after the end`);
    if (text === "data: [DONE]") {
      if (this.stop === undefined) this.#wrong("[DONE] without a finish");
      this.closed = true;
      return;
    }
    const data = asObject(parsed(text.slice(6)));
    if (data === undefined) {
      this.#wrong(`no JSON object: ${text}`);
      return;
    }
    if (data.error !== undefined && data.error !== null) {
      this.#error(data);
      return;
    }
    this.#chunk(data);
  }

  #error(data: Json): void {
    this.errors.push(data);
    if (typeof asObject(data.error)?.message !== "string") this.#wrong("an error without its words");
  }

  #chunk(data: Json): void {
    const { id, created, model, object } = data;
    const first = this.#head === undefined;
    const head = JSON.stringify([id, created, model]);
    this.#head ??= head;
    if (head !== this.#head || typeof created !== "number" || !id || !model) this.#wrong(`the head ${head}`);
    if (object !== "chat.completion.chunk") this.#wrong(`the object ${String(object)}`);
    const choices = Array.isArray(data.choices) ? data.choices.map(asObject) : [];
    const usage = asObject(data.usage);
    if (usage !== undefined) this.#usage(usage, choices.length);
    if (choices.length === 0) {
      if (usage === undefined) this.#wrong("a chunk without a choice and without usage");
      return;
    }
    const choice = choices.find((item) => item?.index === 0);
    if (choices.length !== 1 || choice === undefined) this.#wrong("not one choice of index 0");
    if (choice !== undefined) this.#choice(choice, asObject(choice.delta) ?? {}, first);
  }

  #usage(usage: Json, choices: number): void {
    if (!this.#usageAsked) this.#wrong("usage that was not asked for");
    if (choices > 0 || this.stop === undefined)
      this.#wrong("usage that is not in a chunk of its own, after the finish");
    if (typeof usage.prompt_tokens !== "number" && typeof usage.completion_tokens !== "number")
      this.#wrong("usage without tokens");
    this.usage = usage;
  }

  #choice(choice: Json, delta: Json, first: boolean): void {
    if (first !== (delta.role === "assistant")) this.#wrong("the role, not once and first");
    if (this.stop !== undefined && (Object.keys(delta).length > 0 || choice.finish_reason))
      this.#wrong("more after finish");
    this.#say(delta);
    for (const item of Array.isArray(delta.tool_calls) ? delta.tool_calls : []) this.#call(asObject(item) ?? {});
    if (typeof choice.finish_reason !== "string" || choice.finish_reason === "") return;
    this.stop ??= choice.finish_reason;
    const calls = this.calls.length > 0;
    if (calls !== (this.stop === "tool_calls")) this.#wrong(`${this.stop} ${calls ? "with" : "without"} tool calls`);
    for (const { json } of this.calls) if (!isArguments(json)) this.#wrong(`a call with the arguments ${json}`);
  }

  #say(delta: Json): void {
    if (typeof delta.content === "string") this.text += delta.content;
    if (Array.isArray(delta.content)) for (const part of delta.content) this.#part(asObject(part) ?? {});
    if (typeof delta.refusal === "string") this.text += delta.refusal;
    const reasoning = delta.reasoning_content ?? delta.reasoning;
    if (typeof reasoning === "string") this.reasoning += reasoning;
  }

  /** Mistral's content. */
  #part(part: Json): void {
    if (part.type === "text") this.text += String(part.text);
    if (part.type === "thinking" && Array.isArray(part.thinking))
      for (const piece of part.thinking) this.reasoning += String(asObject(piece)?.text ?? "");
  }

  #call(item: Json): void {
    const fields = asObject(item.function) ?? {};
    const last = this.calls.findLast((call) => call.index === item.index);
    // Some upstreams give every call the index 0: a new id with a name is a new call.
    const begins = last === undefined || (Boolean(item.id) && item.id !== last.id && Boolean(fields.name));
    const json = typeof fields.arguments === "string" ? fields.arguments : "";
    if (!begins) {
      last.json += json;
      return;
    }
    if (item.index !== this.calls.length) this.#wrong(`call ${String(item.index)} where ${this.calls.length} is next`);
    if (!item.id || !fields.name || item.type !== "function") this.#wrong("a call without id, type or name");
    this.calls.push({ index: item.index, id: String(item.id), name: String(fields.name), json });
  }

  #wrong(what: string): void {
    this.violations.push(what);
  }
}

/** Reads what has come of a stream; a stream that was cut has no violation for that alone. */
export function readChat(bytes: Uint8Array, usageAsked: boolean): Heard {
  const reader = new ChatReader(usageAsked);
  const { frames, rest } = framesOf(bytes);
  for (const frame of frames) reader.frame(frame);
  if (rest !== "") reader.violations.push("the stream ends inside a frame");
  const tools = reader.calls.map(({ id, name, json }) => ({ id, name, json, whole: isArguments(json) }));
  const { text, reasoning, stop, closed, errors, usage, violations } = reader;
  return { text, reasoning, tools, stop, closed, errors, usage, violations };
}
