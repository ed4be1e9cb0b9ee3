// What a client has at the end of a call, read from its bytes alone, in either dialect: how it ended, its words, its tool calls.
// As cheap as can be, since drills read every call so; the strict grammar of a stream is the tests' business.

import type { DialectId } from "../core/call.ts";
import { asRecord, asText, type JsonRecord, parseText, recordsIn } from "./json.ts";

export interface HeardTool {
  readonly id: string;
  json: string;
}

export interface Heard {
  /** `open`: it just stopped, and looks like nothing that a client could trust. */
  readonly end: "complete" | "error" | "open";
  /** Endings that it has: one, if all is well. */
  readonly endings: number;
  readonly text: string;
  readonly tools: readonly HeardTool[];
}

interface Hearing {
  endings: number;
  errors: number;
  text: string;
  readonly tools: Map<string, HeardTool>;
}

const DATA = "\ndata: ";
/** How a piece of text looks in the frames of either dialect, where nothing in it is escaped. */
const PLAIN = ['"text_delta","text":"', '"delta":{"content":"'] as const;
/** Frames that tell more than that something goes on. */
const TELLING = /"(?:error|message_stop|tool_use|tool_calls|input_json_delta|text_delta|content":")/;

/** `text`: all of the body. */
export function hear(
  text: string,
  { dialect, stream }: { readonly dialect: DialectId; readonly stream: boolean },
): Heard {
  const hearing: Hearing = { endings: 0, errors: 0, text: "", tools: new Map() };
  const note = dialect === "anthropic-messages" ? noteAnthropic : noteChat;
  // An error before the stream is a body of its own.
  const isStream = stream && !text.startsWith("{");
  if (!isStream) noteWhole(hearing, asRecord(parseText(text)), dialect);
  else {
    for (const json of dataOf(`\n${text}`)) {
      const plain = plainIn(json);
      if (plain !== undefined) hearing.text += plain;
      else if (json === "[DONE]") hearing.endings++;
      else if (TELLING.test(json)) note(hearing, asRecord(parseText(json)) ?? {});
    }
  }
  const { endings, errors } = hearing;
  const end = errors > 0 ? "error" : endings > 0 ? "complete" : "open";
  return { end, endings: endings + errors, text: hearing.text, tools: [...hearing.tools.values()] };
}

function* dataOf(text: string): Generator<string> {
  for (let at = text.indexOf(DATA); at >= 0; at = text.indexOf(DATA, at)) {
    at += DATA.length;
    const end = text.indexOf("\n", at);
    yield end < 0 ? text.slice(at) : text.slice(at, end);
  }
}

/** Most frames are one piece of text: those are not parsed. */
function plainIn(json: string): string | undefined {
  for (const before of PLAIN) {
    const at = json.indexOf(before);
    if (at < 0) continue;
    const from = at + before.length;
    const text = json.slice(from, json.indexOf('"', from));
    return text.includes("\\") ? undefined : text;
  }
  return undefined;
}

/** A tool call in it was cut or broken, or came twice. */
export function isCorrupt({ tools }: Heard): boolean {
  const ids = new Set(tools.map(({ id }) => id));
  return ids.size < tools.length || tools.some(({ json }) => !isObject(json));
}

function isObject(json: string): boolean {
  return asRecord(parseText(json === "" ? "{}" : json)) !== undefined;
}

function noteAnthropic(hearing: Hearing, event: JsonRecord): void {
  const place = String(event.index);
  if (event.type === "message_stop") hearing.endings++;
  else if (event.type === "error") hearing.errors++;
  else if (event.type === "content_block_start") {
    const block = asRecord(event.content_block);
    if (block?.type === "tool_use") hearing.tools.set(place, { id: asText(block.id) ?? place, json: "" });
  } else if (event.type === "content_block_delta") {
    const delta = asRecord(event.delta);
    const tool = hearing.tools.get(place);
    if (delta?.type === "text_delta") hearing.text += asText(delta.text) ?? "";
    else if (delta?.type === "input_json_delta" && tool !== undefined) tool.json += asText(delta.partial_json) ?? "";
  }
}

function noteChat(hearing: Hearing, event: JsonRecord): void {
  if (event.error !== undefined) hearing.errors++;
  for (const choice of recordsIn(event.choices)) noteMessage(hearing, asRecord(choice.delta) ?? {});
}

function noteMessage(hearing: Hearing, { content, tool_calls: calls }: JsonRecord): void {
  hearing.text += asText(content) ?? "";
  for (const [at, call] of recordsIn(calls).entries()) {
    const place = String(call.index ?? at);
    const tool = hearing.tools.get(place) ?? { id: asText(call.id) ?? place, json: "" };
    hearing.tools.set(place, tool);
    tool.json += asText(asRecord(call.function)?.arguments) ?? "";
  }
}

function noteWhole(hearing: Hearing, body: JsonRecord | undefined, dialect: DialectId): void {
  if (body === undefined) return;
  if (body.error !== undefined && body.error !== null) {
    hearing.errors++;
    return;
  }
  hearing.endings++;
  if (dialect === "openai-chat") {
    for (const choice of recordsIn(body.choices)) noteMessage(hearing, asRecord(choice.message) ?? {});
    return;
  }
  for (const [at, block] of recordsIn(body.content).entries()) {
    if (block.type === "text") hearing.text += asText(block.text) ?? "";
    if (block.type !== "tool_use") continue;
    hearing.tools.set(String(at), { id: asText(block.id) ?? "", json: JSON.stringify(block.input) });
  }
}
