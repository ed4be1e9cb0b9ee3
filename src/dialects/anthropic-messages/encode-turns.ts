// Canonical turns as the messages of a Messages request. Anthropic wants turns that alternate and begin with the user's,
// no empty text, and the results of one turn's tool calls all together, first in the user's next message. What does not
// fit is repaired and the repair declared.

import { type Fault, isFault } from "../../core/fault.ts";
import type { Part, Turn } from "../../core/message.ts";
import { isObject, type JsonObject } from "../json-object.ts";
import type { Losses } from "../losses.ts";
import { NO_RESULT, OpenCalls, RESULT_MARK } from "../open-calls.ts";
import { allowedToolId } from "../tool-id.ts";
import { unsupported } from "./decode-content.ts";
import { sentName } from "./tool-name.ts";

type ToolUse = Extract<Part, { type: "tool-use" }>;
type ToolResult = Extract<Part, { type: "tool-result" }>;

interface Message {
  readonly role: "user" | "assistant";
  /** Results of the assistant's calls before; user messages only. */
  readonly results: JsonObject[];
  readonly blocks: JsonObject[];
}

/** What an empty user message holds: the least that is accepted. */
const FILLER = ".";
const SYSTEM_MARK = "[system] ";

/** Messages in order, none empty, the first one the user's. `unsupported` for what no message of this dialect holds. */
export function encodeTurns(turns: readonly Turn[], losses: Losses): readonly JsonObject[] | Fault {
  const builder = new Messages(losses);
  for (const [i, turn] of turns.entries()) {
    const broken = turn.role === "assistant" ? builder.assistant(turn, i) : builder.user(turn, i);
    if (isFault(broken)) return broken;
  }
  return builder.finish();
}

class Messages {
  readonly #losses: Losses;
  readonly #list: Message[] = [];
  readonly #calls: OpenCalls;

  constructor(losses: Losses) {
    this.#losses = losses;
    this.#calls = new OpenCalls(allowedToolId, losses);
  }

  assistant(turn: Turn, index: number): Fault | undefined {
    if (turn.parts.every((part) => part.type === "text" && part.text.trim() === "")) return undefined;
    if (this.#list.at(-1)?.role === "user") this.#closeCalls();
    const { blocks } = this.#message("assistant");
    for (const [i, part] of turn.parts.entries()) {
      if (part.type === "text") pushText(blocks, part.text);
      else if (part.type === "tool-use") blocks.push(this.#toolUse(part, index));
      else return unsupported(`turns[${index}].parts[${i}]`, `Anthropic takes no ${part.type} from the assistant`);
    }
    return undefined;
  }

  user(turn: Turn, index: number): Fault | undefined {
    const message = this.#message("user");
    if (turn.role === "system") this.#losses.add(`turns[${index}].role`, "carried as the user's text");
    for (const [i, part] of turn.parts.entries()) {
      const at = `turns[${index}].parts[${i}]`;
      if (part.type === "tool-result") {
        const broken = this.#result(part, message, at);
        if (broken !== undefined) return broken;
      } else if (part.type === "text" && turn.role === "system") {
        if (part.text.trim() !== "") message.blocks.push(textBlock(SYSTEM_MARK + part.text));
      } else {
        const broken = pushPart(message.blocks, part, at);
        if (broken !== undefined) return broken;
      }
    }
    return undefined;
  }

  finish(): readonly JsonObject[] {
    this.#closeCalls();
    if (this.#list[0]?.role !== "user") {
      this.#list.unshift({ role: "user", results: [], blocks: [textBlock(FILLER)] });
      this.#losses.add("turns[0]", "a user's message was put before it: a conversation must begin with one");
    }
    return this.#list.map(({ role, results, blocks }) => {
      const content = [...results, ...blocks];
      if (content.length > 0) return { role, content };
      this.#losses.add("turns", "an empty message of the user was filled");
      return { role, content: [textBlock(FILLER)] };
    });
  }

  /** The last message if it is of this role, else a new one. */
  #message(role: Message["role"]): Message {
    const last = this.#list.at(-1);
    if (last?.role === role) return last;
    const message: Message = { role, results: [], blocks: [] };
    this.#list.push(message);
    return message;
  }

  #toolUse(call: ToolUse, index: number): JsonObject {
    const id = this.#calls.add(call.id);
    let { input } = call;
    if (!isObject(input)) {
      this.#losses.add(`turns[${index}]`, "the input of a tool call is not an object and was wrapped in one");
      input = { _raw: input };
    }
    return { type: "tool_use", id, name: sentName(call.name), input };
  }

  #result(result: ToolResult, message: Message, at: string): Fault | undefined {
    const content: JsonObject[] = [];
    for (const [i, part] of result.parts.entries()) {
      const broken = pushPart(content, part, `${at}.parts[${i}]`);
      if (broken !== undefined) return broken;
    }
    const id = this.#calls.close(result.id, at);
    if (id === undefined) {
      message.blocks.push(textBlock(RESULT_MARK + result.id), ...content);
      return undefined;
    }
    const only = content.length === 1 && content[0]?.type === "text" ? content[0].text : undefined;
    message.results.push({
      type: "tool_result",
      tool_use_id: id,
      content: only ?? content,
      ...(result.isError ? { is_error: true } : undefined),
    });
    return undefined;
  }

  /** Every call needs a result in the message that follows it. */
  #closeCalls(): void {
    for (const id of this.#calls.closeRest())
      this.#message("user").results.push({ type: "tool_result", tool_use_id: id, content: NO_RESULT, is_error: true });
  }
}

/** Anthropic rejects text that is only white space, and it says nothing. */
function pushText(blocks: JsonObject[], text: string): void {
  if (text.trim() !== "") blocks.push(textBlock(text));
}

function pushPart(blocks: JsonObject[], part: Part, at: string): Fault | undefined {
  switch (part.type) {
    case "text":
      pushText(blocks, part.text);
      return undefined;
    case "image": {
      const { source } = part;
      if (source.type === "url") blocks.push({ type: "image", source: { type: "url", url: source.url } });
      else blocks.push({ type: "image", source: { type: "base64", media_type: source.mediaType, data: source.data } });
      return undefined;
    }
    case "document":
      if (part.mediaType !== "application/pdf")
        return unsupported(`${at}.mediaType`, "Anthropic takes only PDF documents");
      blocks.push({
        type: "document",
        source: { type: "base64", media_type: part.mediaType, data: part.data },
        ...(part.title === undefined ? undefined : { title: part.title }),
      });
      return undefined;
    default:
      return unsupported(at, `Anthropic takes no ${part.type} here`);
  }
}

function textBlock(text: string): JsonObject {
  return { type: "text", text };
}
