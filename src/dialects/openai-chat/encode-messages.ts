// The turns of a prompt as Chat messages. Chat has no order of text and calls within a message, no pictures in tool results
// and no mark for a failed tool, and wants the results of all calls right behind them: what is moved, marked or repaired
// is declared as a loss.

import type { Part, Prompt, Turn } from "../../core/message.ts";
import type { JsonObject } from "../json-object.ts";
import type { Losses } from "../losses.ts";
import { NO_RESULT, OpenCalls, RESULT_MARK } from "../open-calls.ts";
import { callId, sentName } from "./tool-names.ts";

type ToolResult = Extract<Part, { type: "tool-result" }>;

/** A part and its path in the prompt. */
interface Placed {
  readonly part: Part;
  readonly path: string;
}

/** Between text blocks that become one string. */
const BLOCK_GAP = "\n\n";
const TOOL_ERROR = "[tool error] ";

export function encodeMessages(prompt: Pick<Prompt, "system" | "turns">, losses: Losses): readonly JsonObject[] {
  const encoder = new MessagesEncoder(losses);
  const { messages } = encoder;
  if (prompt.system.length > 0) messages.push({ role: "system", content: prompt.system.join(BLOCK_GAP) });
  const { turns } = prompt;
  for (let first = 0, next = 0; first < turns.length; first = next) {
    const turn = turns[first];
    const isAnswer = turn?.role === "assistant";
    while (next < turns.length && (turns[next]?.role === "assistant") === isAnswer) next++;
    if (turn !== undefined && next === first + 1 && encoder.askedPlainly(turn)) continue;
    const run = turns.slice(first, next);
    if (isAnswer) encoder.answers(run, first);
    else encoder.asked(run, first);
  }
  encoder.asked([], turns.length);
  const last = turns.at(-1);
  if (last?.role === "assistant" && last.parts.every((part) => part.type !== "tool-use")) {
    losses.add(
      `turns[${turns.length - 1}]`,
      "history here: the model begins a new turn and does not go on with this one",
    );
  }
  return messages;
}

class MessagesEncoder {
  readonly messages: JsonObject[] = [];
  readonly #losses: Losses;
  readonly #calls: OpenCalls;

  constructor(losses: Losses) {
    this.#losses = losses;
    this.#calls = new OpenCalls(callId, losses);
  }

  /** Turns of the assistant that follow each other. What comes after a call joins it: only results may stand behind one. */
  answers(turns: readonly Turn[], first: number): void {
    const placed = turns.map(({ parts }, i) => placedParts(parts, `turns[${first + i}]`));
    const calling = placed.findIndex((parts) => parts.some(({ part }) => part.type === "tool-use"));
    const alone = calling === -1 ? placed : placed.slice(0, calling);
    const joined = calling === -1 ? [] : [placed.slice(calling).flat()];
    for (const [i, parts] of [...alone, ...joined].entries()) {
      this.messages.push(this.#answer(parts, `turns[${first + i}]`));
    }
  }

  /** The same of a single one that is all words, as most are; false for any other. */
  askedPlainly({ role, parts }: Turn): boolean {
    const [only] = parts;
    if (role !== "user" || parts.length !== 1 || only?.type !== "text" || this.#calls.areOpen) return false;
    this.messages.push({ role: "user", content: only.text });
    return true;
  }

  /** Turns up to the assistant's next. Every result of the calls before comes first; a call without one gets an error. */
  asked(turns: readonly Turn[], first: number): void {
    if (turns.length === 0 && !this.#calls.areOpen) return;
    const results: JsonObject[] = [];
    const messages: JsonObject[] = [];
    for (const [i, turn] of turns.entries()) {
      if (turn.role === "system") {
        messages.push({ role: "system", content: textsOf(turn.parts).join(BLOCK_GAP) });
        continue;
      }
      const [only] = turn.parts;
      if (turn.parts.length === 1 && only?.type === "text") {
        messages.push({ role: "user", content: only.text });
        continue;
      }
      const content: JsonObject[] = [];
      for (const { part, path } of placedParts(turn.parts, `turns[${first + i}]`)) {
        if (part.type !== "tool-result") content.push(...this.#parts([{ part, path }]));
        else results.push(...this.#result(part, path, content));
      }
      // A turn of results alone says nothing more; one that was empty from the start stays a turn.
      const onlyResults = turn.parts.length > 0 && turn.parts.every((part) => part.type === "tool-result");
      if (content.length > 0 || !onlyResults) messages.push({ role: "user", content: simplest(content) });
    }
    const missing = this.#calls
      .closeRest()
      .map((id) => ({ role: "tool", tool_call_id: id, content: TOOL_ERROR + NO_RESULT }));
    this.messages.push(...results, ...missing, ...messages);
  }

  /** The result as a message; what no such message holds goes into the user's `content`. */
  #result(result: ToolResult, path: string, content: JsonObject[]): readonly JsonObject[] {
    const parts = placedParts(result.parts, path);
    const id = this.#calls.close(result.id, path);
    if (id === undefined) {
      content.push(textPart(RESULT_MARK + result.id), ...this.#parts(parts));
      return [];
    }
    const texts: string[] = [];
    for (const [k, placed] of parts.entries()) {
      const { part } = placed;
      if (part.type === "text") texts.push(part.text);
      else {
        const [encoded] = this.#parts([placed]);
        if (encoded === undefined) continue;
        texts.push(`[${part.type} ${k + 1}: see the next user message]`);
        content.push(textPart(`[${part.type} ${k + 1} of the result of tool call ${id}]`), encoded);
        this.#losses.add(placed.path, "moved into a user message: tool results are text only");
      }
    }
    const text = texts.join(BLOCK_GAP);
    if (result.isError) this.#losses.add(`${path}.isError`, `marked by "${TOOL_ERROR.trim()}" in the text`);
    return [{ role: "tool", tool_call_id: id, content: result.isError ? `${TOOL_ERROR}${text}` : text }];
  }

  #answer(parts: readonly Placed[], path: string): JsonObject {
    const calls: JsonObject[] = [];
    let text = "";
    let reordered = false;
    for (const { part, path } of parts) {
      if (part.type === "text") {
        // Blocks of one answer continue each other.
        text += part.text;
        if (calls.length > 0 && part.text.trim() !== "") reordered = true;
      } else if (part.type === "tool-use") {
        calls.push({
          id: this.#calls.add(part.id),
          type: "function",
          function: { name: sentName(part.name), arguments: JSON.stringify(part.input ?? {}) },
        });
      } else this.#losses.add(path, "an assistant message holds text and calls only");
    }
    if (reordered) this.#losses.add(`${path}.parts`, "text after a tool call is put before it");
    return {
      role: "assistant",
      content: text === "" && calls.length > 0 ? null : text,
      ...(calls.length > 0 && { tool_calls: calls }),
    };
  }

  #parts(placed: readonly Placed[]): readonly JsonObject[] {
    const all: JsonObject[] = [];
    for (const { part, path } of placed) {
      const encoded = encodePart(part);
      if (encoded !== undefined) all.push(encoded);
      else this.#losses.add(path, "calls and results are no content of a user's message");
    }
    return all;
  }
}

function encodePart(part: Part): JsonObject | undefined {
  switch (part.type) {
    case "text":
      return textPart(part.text);
    case "image": {
      const { source } = part;
      const url = source.type === "url" ? source.url : `data:${source.mediaType};base64,${source.data}`;
      return { type: "image_url", image_url: { url } };
    }
    case "document": {
      const filename = part.title ?? "document.pdf";
      return { type: "file", file: { filename, file_data: `data:${part.mediaType};base64,${part.data}` } };
    }
    default:
      return undefined;
  }
}

function placedParts(parts: readonly Part[], path: string): readonly Placed[] {
  return parts.map((part, i) => ({ part, path: `${path}.parts[${i}]` }));
}

function textPart(text: string): JsonObject {
  return { type: "text", text };
}

/** Text alone as a string, which every server takes; many know no parts. */
function simplest(content: readonly JsonObject[]): string | readonly JsonObject[] {
  return content.every((part) => part.type === "text") ? content.map((part) => part.text).join(BLOCK_GAP) : content;
}

function textsOf(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
}
