import { describe, expect, test } from "bun:test";
import { hear, isCorrupt } from "./heard.ts";

const event = (json: unknown): string => `data: ${typeof json === "string" ? json : JSON.stringify(json)}\n\n`;
const delta = (text: string) => event({ choices: [{ delta: { content: text } }] });
const call = (index: number, id: string | undefined, json: string) =>
  event({ choices: [{ delta: { tool_calls: [{ index, ...(id && { id }), function: { arguments: json } }] } }] });
const said = (text: string) => event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
const tool = (index: number, id: string) =>
  event({ type: "content_block_start", index, content_block: { type: "tool_use", id } });
const input = (index: number, json: string) =>
  event({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: json } });
const stop = event({ type: "message_stop" });

describe("what a client has", () => {
  const chat = { dialect: "openai-chat", stream: true } as const;
  const messages = { dialect: "anthropic-messages", stream: true } as const;
  test.each<[string, string, Parameters<typeof hear>[1], string]>([
    ["a chat stream", delta("This ") + delta("is.") + event("[DONE]"), chat, "complete 1 This is. whole"],
    ["one that broke", delta("This ") + event({ error: { message: "no" } }), chat, "error 1 This  whole"],
    ["one that stops", delta("This "), chat, "open 0 This  whole"],
    ["one with two ends", delta("a") + event("[DONE]") + event("[DONE]"), chat, "complete 2 a whole"],
    ["tool calls", call(0, "a", '{"x"') + call(0, undefined, ":1}") + event("[DONE]"), chat, "complete 1  whole"],
    ["a tool call that is cut", call(0, "a", '{"x"') + event("[DONE]"), chat, "complete 1  corrupt"],
    ["one call twice", call(0, "a", "{}") + call(1, "a", "{}") + event("[DONE]"), chat, "complete 1  corrupt"],
    ["a messages stream", `: ping\n\n${said("This ")}${said("is.")}${stop}`, messages, "complete 1 This is. whole"],
    ["its tool call", tool(0, "a") + input(0, '{"x":') + input(0, "1}") + stop, messages, "complete 1  whole"],
    ["its tool call, cut", tool(0, "a") + input(0, '{"x":') + stop, messages, "complete 1  corrupt"],
    ["its error", said("a") + event({ type: "error", error: {} }), messages, "error 1 a whole"],
    ["an error before a stream", '{"error":{"message":"no"}}', messages, "error 1  whole"],
    ["a whole reply", '{"content":[{"type":"text","text":"a"}]}', { ...messages, stream: false }, "complete 1 a whole"],
    ["a whole chat", '{"choices":[{"message":{"content":"a"}}]}', { ...chat, stream: false }, "complete 1 a whole"],
    ["no JSON", "<html>", { ...chat, stream: false }, "open 0  whole"],
  ])("%s", (_, text, how, expected) => {
    const heard = hear(text, how);
    const { end, endings } = heard;
    expect(`${end} ${endings} ${heard.text} ${isCorrupt(heard) ? "corrupt" : "whole"}`).toBe(expected);
  });
});
