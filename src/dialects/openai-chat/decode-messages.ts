// The messages of a Chat request as turns: leading instructions apart, tool results gathered into the user's turn, parts in
// order. Nothing is left out without a loss that names its place.

import { type Fault, isFault } from "../../core/fault.ts";
import type { Part, Prompt, Turn } from "../../core/message.ts";
import { isObject, type JsonObject, listOf, objectOf, parseJson, textOf } from "../json-object.ts";
import type { Losses } from "../losses.ts";
import { addUnknown, invalidField, unsupportedField } from "./request-fields.ts";

/** What is read of a message, or declared of it where it is found. */
const MESSAGE_KEYS: ReadonlySet<string> = new Set([
  ...["role", "content", "name", "tool_calls", "tool_call_id", "function_call", "audio", "refusal"],
  ...["reasoning_content", "reasoning", "reasoning_details"],
]);
const PART_KEYS: ReadonlySet<string> = new Set(["type", "text", "image_url", "file"]);
const IMAGE_KEYS: ReadonlySet<string> = new Set(["url", "detail"]);
const FILE_KEYS: ReadonlySet<string> = new Set(["file_data", "filename", "file_id"]);
const DATA_URL = /^data:([^;,]+)((?:;[^;,]+)*?);base64,/;
/** The key under which arguments travel that are not a JSON object. */
export const RAW_ARGUMENTS = "_raw";

/** System texts and turns of the messages, in their order. */
export function decodeMessages(messages: readonly unknown[], losses: Losses): Pick<Prompt, "system" | "turns"> | Fault {
  const system: string[] = [];
  const turns: Turn[] = [];
  let results: Part[] | undefined;
  for (const [i, message] of messages.entries()) {
    const path = `messages[${i}]`;
    if (!isObject(message)) return invalidField(path, "an object");
    const role = message.role;
    if (role !== "tool") results = undefined;
    if (textOf(message.name) !== undefined) losses.add(`${path}.name`, "turns carry no name");
    addUnknown(losses, message, MESSAGE_KEYS, path);
    const parts = decodeMessage(message, path, losses);
    if (isFault(parts)) return parts;
    if (role === "tool") {
      // All results of one turn of calls belong into one turn of the user.
      if (results === undefined) {
        results = [];
        turns.push({ role: "user", parts: results });
      }
      results.push(...parts);
    } else if (role === "user" || role === "assistant") turns.push({ role, parts });
    else if (turns.length > 0) turns.push({ role: "system", parts });
    else for (const part of parts) if (part.type === "text") system.push(part.text);
  }
  return { system, turns };
}

function decodeMessage(message: JsonObject, path: string, losses: Losses): readonly Part[] | Fault {
  switch (message.role) {
    case "system":
    case "developer":
      return decodeTexts(message.content, `${path}.content`);
    case "user":
      // A turn that says nothing would be left out, and another one answered.
      if (message.content == null) return invalidField(`${path}.content`, "a string or an array of parts");
      return decodeContent(message.content, `${path}.content`, losses);
    case "assistant":
      return decodeAssistant(message, path, losses);
    case "tool": {
      const id = textOf(message.tool_call_id);
      if (id === undefined) return invalidField(`${path}.tool_call_id`, "the id of a tool call");
      const parts = decodeTexts(message.content, `${path}.content`);
      return isFault(parts) ? parts : [{ type: "tool-result", id, parts, isError: false }];
    }
    case "function":
      return unsupportedField(path, "the role function is not carried; use the role tool");
    default:
      return invalidField(`${path}.role`, '"system", "developer", "user", "assistant" or "tool"');
  }
}

/** Text as a string or as text parts; empty text is left out, as other dialects refuse it. */
function decodeTexts(content: unknown, path: string): readonly Part[] | Fault {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return textPart(content);
  const list = listOf(content);
  if (list === undefined) return invalidField(path, "a string or an array of parts");
  const parts: Part[] = [];
  for (const [i, item] of list.entries()) {
    const part = objectOf(item);
    if (part?.type !== "text" || typeof part.text !== "string") return invalidField(`${path}[${i}]`, "a text part");
    parts.push(...textPart(part.text));
  }
  return parts;
}

function decodeContent(content: unknown, path: string, losses: Losses): readonly Part[] | Fault {
  const list = listOf(content);
  if (list === undefined) return decodeTexts(content, path);
  const parts: Part[] = [];
  for (const [i, item] of list.entries()) {
    const decoded = decodePart(item, `${path}[${i}]`, losses);
    if (isFault(decoded)) return decoded;
    parts.push(...decoded);
  }
  return parts;
}

function decodePart(item: unknown, path: string, losses: Losses): readonly Part[] | Fault {
  const part = objectOf(item);
  addUnknown(losses, part ?? {}, PART_KEYS, path);
  switch (part?.type) {
    case "text":
      return typeof part.text === "string" ? textPart(part.text) : invalidField(`${path}.text`, "a string");
    case "image_url":
      return decodeImage(part.image_url, `${path}.image_url`, losses);
    case "file":
      addUnknown(losses, objectOf(part.file) ?? {}, FILE_KEYS, `${path}.file`);
      return decodeFile(objectOf(part.file) ?? {}, `${path}.file`);
    default:
      return typeof part?.type === "string"
        ? unsupportedField(path, `a part of type ${part.type.slice(0, 40)} is not carried`)
        : invalidField(path, "a content part with a type");
  }
}

function decodeImage(value: unknown, path: string, losses: Losses): readonly Part[] | Fault {
  const url = textOf(objectOf(value)?.url);
  if (url === undefined) return invalidField(`${path}.url`, "a URL");
  addUnknown(losses, objectOf(value) ?? {}, IMAGE_KEYS, path);
  const detail = textOf(objectOf(value)?.detail);
  if (detail !== undefined && detail !== "auto") losses.add(`${path}.detail`, "images carry no detail");
  if (/^https?:/i.test(url)) return [{ type: "image", source: { type: "url", url } }];
  const data = dataUrl(url);
  if (data === undefined) return invalidField(`${path}.url`, "an http, https or base64 data URL");
  return [{ type: "image", source: { type: "base64", ...data } }];
}

function decodeFile(file: JsonObject, path: string): readonly Part[] | Fault {
  const text = textOf(file.file_data);
  if (text === undefined) return unsupportedField(`${path}.file_id`, "a stored file is known to its provider only");
  const data = dataUrl(text);
  if (data?.mediaType !== "application/pdf")
    return unsupportedField(`${path}.file_data`, "only PDF data URLs are carried");
  const title = textOf(file.filename);
  return [{ type: "document", ...data, ...(title !== undefined && { title }) }];
}

function dataUrl(url: string): { readonly mediaType: string; readonly data: string } | undefined {
  // Only the head is matched: the data may be megabytes.
  const head = DATA_URL.exec(url.slice(0, 200));
  return head?.[1] === undefined ? undefined : { mediaType: head[1], data: url.slice(head[0].length) };
}

function decodeAssistant(message: JsonObject, path: string, losses: Losses): readonly Part[] | Fault {
  if (message.function_call != null) return unsupportedField(`${path}.function_call`, "use tool_calls");
  if (message.audio != null) return unsupportedField(`${path}.audio`, "stored audio is known to its provider only");
  for (const key of ["reasoning_content", "reasoning", "reasoning_details"]) {
    // Bound to the provider that wrote it: another one refuses it, or would take it for its own words.
    if (message[key] != null) losses.add(`${path}.${key}`, "reasoning is not shown to another provider");
  }
  const parts = decodeSaid(message, path, losses);
  if (isFault(parts)) return parts;
  const calls: Part[] = [];
  const asked = listOf(message.tool_calls ?? []);
  if (asked === undefined) return invalidField(`${path}.tool_calls`, "an array");
  for (const [i, value] of asked.entries()) {
    const call = decodeCall(value, `${path}.tool_calls[${i}]`, losses);
    if (isFault(call)) return call;
    calls.push(call);
  }
  return [...parts, ...calls];
}

/** Text and refusals; the latter also come as parts. */
function decodeSaid(message: JsonObject, path: string, losses: Losses): readonly Part[] | Fault {
  const list = listOf(message.content)?.map((part) =>
    isObject(part) && part.type === "refusal" ? { type: "text", text: part.refusal } : part,
  );
  const parts = decodeTexts(list ?? message.content, `${path}.content`);
  const refusal = textOf(message.refusal);
  if (isFault(parts) || refusal === undefined) return parts;
  losses.add(`${path}.refusal`, "carried as plain text");
  return [...parts, ...textPart(refusal)];
}

function decodeCall(value: unknown, path: string, losses: Losses): Part | Fault {
  const call = objectOf(value);
  if (call?.type !== undefined && call.type !== "function")
    return unsupportedField(path, "only function calls are carried");
  const id = textOf(call?.id);
  const fields = objectOf(call?.function);
  const name = textOf(fields?.name);
  if (id === undefined) return invalidField(`${path}.id`, "an id");
  if (name === undefined) return invalidField(`${path}.function.name`, "a name");
  const text = fields?.arguments ?? "";
  if (typeof text !== "string") return invalidField(`${path}.function.arguments`, "a string of JSON");
  const input = text.trim() === "" ? {} : parseJson(text);
  if (isObject(input)) return { type: "tool-use", id, name, input };
  losses.add(`${path}.function.arguments`, `not a JSON object; carried as {"${RAW_ARGUMENTS}": …}`);
  return { type: "tool-use", id, name, input: { [RAW_ARGUMENTS]: text } };
}

function textPart(text: string): readonly Part[] {
  return text === "" ? [] : [{ type: "text", text }];
}
