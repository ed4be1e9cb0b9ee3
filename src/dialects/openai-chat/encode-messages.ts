// The turns of a prompt as Chat messages. Chat has no order of text and calls within a message, no pictures in tool results
// and no mark for a failed tool: what is moved or marked instead is declared as a loss.

import { type Fault, fault, isFault } from "../../core/fault.ts";
import type { Loss, Part, Prompt, Turn } from "../../core/message.ts";
import type { JsonObject } from "./json-shape.ts";
import { allowedToolId, isAllowedName } from "./tool-ids.ts";

type ToolResult = Extract<Part, { type: "tool-result" }>;

/** Between text blocks that become one string. */
const BLOCK_GAP = "\n\n";
const TOOL_ERROR = "[tool error] ";

/** The messages; `unsupported` for a tool name that Chat does not take. */
export function encodeMessages(
  prompt: Pick<Prompt, "system" | "turns">,
  losses: Loss[],
): readonly JsonObject[] | Fault {
  const messages: JsonObject[] = [];
  if (prompt.system.length > 0) messages.push({ role: "system", content: prompt.system.join(BLOCK_GAP) });
  const { turns } = prompt;
  for (let i = 0; i < turns.length; i++) {
    const turn = turns[i];
    if (turn === undefined) break;
    if (turn.role === "user") {
      const first = i;
      while (turns[i + 1]?.role === "user") i++;
      messages.push(...encodeUserTurns(turns.slice(first, i + 1), first, losses));
    } else if (turn.role === "assistant") {
      const message = encodeAssistant(turn, `turns[${i}]`, losses);
      if (isFault(message)) return message;
      messages.push(message);
    } else messages.push({ role: "system", content: textsOf(turn.parts).join(BLOCK_GAP) });
  }
  return messages;
}

/** Every result of the calls before comes first: Chat refuses a call whose result does not follow at once. */
function encodeUserTurns(turns: readonly Turn[], first: number, losses: Loss[]): readonly JsonObject[] {
  const results: JsonObject[] = [];
  const messages: JsonObject[] = [];
  for (const [i, turn] of turns.entries()) {
    const content: JsonObject[] = [];
    for (const [j, part] of turn.parts.entries()) {
      const path = `turns[${first + i}].parts[${j}]`;
      if (part.type === "tool-result") results.push(encodeResult(part, path, content, losses));
      else {
        const encoded = encodePart(part);
        if (encoded === undefined) losses.push({ path, why: "only the assistant calls tools" });
        else content.push(encoded);
      }
    }
    // A turn of results alone says nothing more; one that was empty from the start stays a turn.
    const onlyResults = turn.parts.length > 0 && turn.parts.every((part) => part.type === "tool-result");
    if (content.length > 0 || !onlyResults) messages.push({ role: "user", content: simplest(content) });
  }
  return [...results, ...messages];
}

function encodeResult(result: ToolResult, path: string, hoisted: JsonObject[], losses: Loss[]): JsonObject {
  const texts: string[] = [];
  for (const [k, part] of result.parts.entries()) {
    if (part.type === "text") {
      texts.push(part.text);
      continue;
    }
    const encoded = encodePart(part);
    if (encoded === undefined) {
      losses.push({ path: `${path}.parts[${k}]`, why: "a tool result holds no calls" });
      continue;
    }
    const id = allowedToolId(result.id);
    texts.push(`[${part.type} ${k + 1}: see the next user message]`);
    hoisted.push({ type: "text", text: `[${part.type} ${k + 1} of the result of tool call ${id}]` }, encoded);
    losses.push({ path: `${path}.parts[${k}]`, why: "moved into a user message: tool results are text only" });
  }
  const text = texts.join(BLOCK_GAP);
  if (result.isError) losses.push({ path: `${path}.isError`, why: `marked by "${TOOL_ERROR.trim()}" in the text` });
  return {
    role: "tool",
    tool_call_id: allowedToolId(result.id),
    content: result.isError ? `${TOOL_ERROR}${text}` : text,
  };
}

function encodeAssistant(turn: Turn, path: string, losses: Loss[]): JsonObject | Fault {
  const calls: JsonObject[] = [];
  let text = "";
  let reordered = false;
  for (const [j, part] of turn.parts.entries()) {
    if (part.type === "text") {
      // Blocks of one answer continue each other.
      text += part.text;
      if (calls.length > 0 && part.text.trim() !== "") reordered = true;
    } else if (part.type === "tool-use") {
      if (!isAllowedName(part.name)) return unsupportedName(`${path}.parts[${j}].name`);
      calls.push({
        id: allowedToolId(part.id),
        type: "function",
        function: { name: part.name, arguments: JSON.stringify(part.input ?? {}) },
      });
    } else losses.push({ path: `${path}.parts[${j}]`, why: "an assistant message holds text and calls only" });
  }
  if (reordered) losses.push({ path: `${path}.parts`, why: "text after a tool call is put before it" });
  return {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** A name cannot be replaced: the client knows its tools by it. */
export function unsupportedName(param: string): Fault {
  return fault("unsupported", "a tool name may only have 1 to 64 of the characters a-z A-Z 0-9 _ -", { param });
}

function encodePart(part: Part): JsonObject | undefined {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
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

/** Text alone as a string, which every server takes; many know no parts. */
function simplest(content: readonly JsonObject[]): string | readonly JsonObject[] {
  return content.every((part) => part.type === "text") ? content.map((part) => part.text).join(BLOCK_GAP) : content;
}

function textsOf(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
}
