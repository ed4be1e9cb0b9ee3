// The recorded and the made-up streams and replies of the two dialects, read in place, with what is known of them. Where
// the folder is absent everything here is empty, and the suites skip with a line that says so.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { DialectId } from "../../src/core/call.ts";

export interface WireStream {
  readonly name: string;
  readonly dialect: DialectId;
  /** Framed as the provider sends it, every frame with its closing blank line. */
  readonly bytes: Uint8Array;
  /** `whole`: good to its closing marker; `unclosed`: only that is missing; `bad`: never an answer. */
  readonly state: "whole" | "unclosed" | "bad";
}

export interface WireWhole {
  readonly name: string;
  readonly dialect: DialectId;
  readonly bytes: Uint8Array;
}

const ROOT = new URL("../../../shared/fixtures/wire/", import.meta.url).pathname;
export const hasFixtures = existsSync(ROOT);
export const FIXTURES_ABSENT = "skipped: ../shared/fixtures is absent";

const RECORDED: readonly (readonly [folder: string, dialect: DialectId])[] = [
  ["anthropic", "anthropic-messages"],
  ["openai/chat", "openai-chat"],
  ["openai-compatible/chat", "openai-chat"],
  ["groq", "openai-chat"],
  ["mistral", "openai-chat"],
  ["deepseek/chat", "openai-chat"],
];

/** What these files are is told by their names. */
const BAD: ReadonlySet<string> = new Set([
  "spliced-message-start#1",
  "anthropic.eof-mid-text",
  "anthropic.error-before-content",
  "anthropic.error-mid-text",
  "anthropic.error-mid-thinking",
  "anthropic.error-mid-tool-json",
  "chat.done-without-finish",
  "chat.eof-no-finish",
  "chat.error-mid-text",
  "chat.openrouter-error-mid-text",
]);
const UNCLOSED: ReadonlySet<string> = new Set(["anthropic.eof-after-message_delta"]);

/** Nothing but blocks that only their own dialect has: in another there is no content to tell. */
export const UNTELLABLE: ReadonlySet<string> = new Set(["anthropic-advisor-stop-reasons#1"]);

const encoder = new TextEncoder();

function filesIn(folder: string, ending: string): readonly string[] {
  const path = ROOT + folder;
  return hasFixtures ? readdirSync(path).filter((name) => name.endsWith(ending)) : [];
}

function stream(name: string, dialect: DialectId, text: string): WireStream {
  const state = BAD.has(name) ? "bad" : UNCLOSED.has(name) ? "unclosed" : "whole";
  return { name, dialect, bytes: encoder.encode(text), state };
}

/** A recording of Anthropic's may hold the replies of several turns, one after the other. */
function messageTurns(name: string, lines: readonly string[]): readonly WireStream[] {
  const turns: string[] = [];
  let ended = true;
  for (const line of lines) {
    const { type } = JSON.parse(line) as { type: string }; // every event of this dialect has one
    if (ended) turns.push("");
    ended = type === "message_stop";
    turns[turns.length - 1] += `event: ${type}\ndata: ${line}\n\n`;
  }
  return turns.map((text, index) => stream(`${name}#${index + 1}`, "anthropic-messages", text));
}

function recorded(folder: string, dialect: DialectId): readonly WireStream[] {
  const path = `vercel-ai/${folder}`;
  const chunked = filesIn(path, ".chunks.txt").flatMap((file) => {
    const lines = readFileSync(`${ROOT}${path}/${file}`, "utf8").split("\n").filter(Boolean);
    const name = file.replace(".chunks.txt", "");
    if (dialect === "anthropic-messages") return messageTurns(name, lines);
    return [stream(name, dialect, [...lines, "[DONE]"].map((line) => `data: ${line}\n\n`).join(""))];
  });
  const framed = filesIn(path, ".sse").map((file) => {
    const text = readFileSync(`${ROOT}${path}/${file}`, "utf8");
    // One of them was saved without its last blank line.
    return stream(file.replace(".sse", ""), dialect, `${text.trimEnd()}\n\n`);
  });
  return [...chunked, ...framed];
}

function madeUp(prefix: string, dialect: DialectId): readonly WireStream[] {
  return filesIn("synthetic", ".sse")
    .filter((name) => name.startsWith(prefix))
    .map((file) => stream(file.replace(".sse", ""), dialect, readFileSync(`${ROOT}synthetic/${file}`, "utf8")));
}

export const streams: readonly WireStream[] = [
  ...RECORDED.flatMap(([folder, dialect]) => recorded(folder, dialect)),
  ...madeUp("anthropic.", "anthropic-messages"),
  ...madeUp("chat.", "openai-chat"),
];

/** Bodies of good answers; error bodies lie in the same folders. */
export const wholes: readonly WireWhole[] = RECORDED.flatMap(([folder, dialect]) =>
  filesIn(`vercel-ai/${folder}`, ".json")
    .filter((file) => !file.endsWith("-error.json"))
    .map((file) => ({
      name: file.replace(".json", ""),
      dialect,
      bytes: new Uint8Array(readFileSync(`${ROOT}vercel-ai/${folder}/${file}`)),
    })),
).filter(({ bytes }) => /"(content|choices)":/.test(new TextDecoder().decode(bytes)));

/** Error bodies of providers with the status in the file's name. */
export const errorBodies: readonly (WireWhole & { readonly status: number })[] = filesIn("synthetic", ".json").map(
  (file) => ({
    name: file.replace(".json", ""),
    dialect: file.startsWith("http-error.anthropic") ? "anthropic-messages" : "openai-chat",
    bytes: new Uint8Array(readFileSync(`${ROOT}synthetic/${file}`)),
    status: Number(/\.(\d{3})/.exec(file)?.[1]),
  }),
);
