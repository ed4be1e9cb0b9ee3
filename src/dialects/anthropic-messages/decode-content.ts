// The content blocks of a Messages request as canonical parts. What only Anthropic can read is refused by name or, where
// the answer's meaning does not hang on it, declared as a loss.

import { type Fault, fault, isFault } from "../../core/fault.ts";
import type { ImageSource, Part } from "../../core/message.ts";
import { clip, isList, isObject, type JsonObject } from "../json-object.ts";
import type { Losses } from "../losses.ts";
import { isForeignThinking } from "./foreign-thinking.ts";
import { addUnknown } from "./unknown-fields.ts";

const TEXT_KEYS: ReadonlySet<string> = new Set(["type", "text"]);
const IMAGE_KEYS: ReadonlySet<string> = new Set(["type", "source"]);
const DOCUMENT_KEYS: ReadonlySet<string> = new Set(["type", "source", "title"]);
const TOOL_USE_KEYS: ReadonlySet<string> = new Set(["type", "id", "name", "input"]);
const DIRECT_TOOL_USE_KEYS: ReadonlySet<string> = new Set([...TOOL_USE_KEYS, "caller"]);
const TOOL_RESULT_KEYS: ReadonlySet<string> = new Set(["type", "tool_use_id", "content", "is_error"]);

/** Reads `content`: a string or a list of blocks. `at` is its path in the request. */
export function decodeContent(content: unknown, at: string, losses: Losses): readonly Part[] | Fault {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  if (!isList(content)) return invalid(at, "Input should be a valid string or list");
  const parts: Part[] = [];
  for (const [i, block] of content.entries()) {
    const part = decodeBlock(block, `${at}[${i}]`, losses);
    if (isFault(part)) return part;
    if (part !== undefined) parts.push(part);
  }
  return parts;
}

/** `undefined` for a block that is left out, its loss declared. */
function decodeBlock(block: unknown, at: string, losses: Losses): Part | undefined | Fault {
  if (!isObject(block) || typeof block.type !== "string") return invalid(at, "Input should be a content block");
  switch (block.type) {
    case "text":
      if (typeof block.text !== "string") return invalid(`${at}.text`, "Input should be a valid string");
      addUnknown(losses, block, TEXT_KEYS, at);
      return { type: "text", text: block.text };
    case "image":
      return decodeImage(block, at, losses);
    case "document":
      return decodeDocument(block, at, losses);
    case "tool_use":
      return decodeToolUse(block, at, losses);
    case "tool_result":
      return decodeToolResult(block, at, losses);
    case "thinking":
    case "redacted_thinking":
      // What we put there ourselves was another provider's from the beginning.
      if (isForeignThinking(block)) return undefined;
      losses.add(at, "thinking can be read only by the provider that signed it");
      return undefined;
    case "fallback":
      losses.add(at, "a marker of the provider's own fallback");
      return undefined;
    default:
      return unsupported(at, `a ${clip(block.type, 60)} block cannot be carried to another provider`);
  }
}

function decodeImage(block: JsonObject, at: string, losses: Losses): Part | Fault {
  addUnknown(losses, block, IMAGE_KEYS, at);
  const source = imageSource(block.source, `${at}.source`);
  return isFault(source) ? source : { type: "image", source };
}

function imageSource(source: unknown, at: string): ImageSource | Fault {
  if (!isObject(source)) return invalid(at, "Field required");
  if (source.type === "base64" && typeof source.data === "string" && typeof source.media_type === "string")
    return { type: "base64", mediaType: source.media_type, data: source.data };
  if (source.type === "url" && typeof source.url === "string") return { type: "url", url: source.url };
  return sourceFault(source, at);
}

function decodeDocument(block: JsonObject, at: string, losses: Losses): Part | Fault {
  const source = block.source;
  if (!isObject(source)) return invalid(`${at}.source`, "Field required");
  addUnknown(losses, block, DOCUMENT_KEYS, at);
  const title = typeof block.title === "string" ? block.title : undefined;
  if (source.type === "base64" && source.media_type === "application/pdf" && typeof source.data === "string")
    return {
      type: "document",
      mediaType: source.media_type,
      data: source.data,
      ...(title === undefined ? undefined : { title }),
    };
  const text = source.type === "text" ? source.data : source.type === "content" ? source.content : undefined;
  if (typeof text !== "string") return sourceFault(source, `${at}.source`);
  losses.add(`${at}.source`, "the document is carried as text");
  return { type: "text", text: title === undefined ? text : `${title}\n\n${text}` };
}

function sourceFault(source: JsonObject, at: string): Fault {
  if (source.type === "base64") return invalid(at, "Input should have data and a media_type that is supported");
  const type = typeof source.type === "string" ? clip(source.type, 60) : "missing";
  return unsupported(at, `a source of type ${type} cannot be carried to another provider`);
}

function decodeToolUse(block: JsonObject, at: string, losses: Losses): Part | Fault {
  if (typeof block.id !== "string") return invalid(`${at}.id`, "Field required");
  if (typeof block.name !== "string") return invalid(`${at}.name`, "Field required");
  // Clients send back what they were told; a direct call is what every other provider's calls are.
  const isDirect = isObject(block.caller) && block.caller.type === "direct";
  addUnknown(losses, block, isDirect ? DIRECT_TOOL_USE_KEYS : TOOL_USE_KEYS, at);
  return { type: "tool-use", id: block.id, name: block.name, input: block.input ?? {} };
}

function decodeToolResult(block: JsonObject, at: string, losses: Losses): Part | Fault {
  if (typeof block.tool_use_id !== "string") return invalid(`${at}.tool_use_id`, "Field required");
  addUnknown(losses, block, TOOL_RESULT_KEYS, at);
  const parts = decodeContent(block.content ?? "", `${at}.content`, losses);
  if (isFault(parts)) return parts;
  return { type: "tool-result", id: block.tool_use_id, parts, isError: block.is_error === true };
}

export function invalid(param: string, what: string): Fault {
  return fault("invalid-request", `${param}: ${what}`, { param });
}

export function unsupported(param: string, what: string): Fault {
  return fault("unsupported", `${param}: ${what}`, { param });
}
