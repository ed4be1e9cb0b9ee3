// Prompts as Chat requests, and the way there and back.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isFault } from "../../core/fault.ts";
import type { Loss, Prompt } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import { type JsonObject, listOf, objectOf, parseJson } from "../json-object.ts";
import { openaiChat } from "./dialect.ts";

const { codec, wire } = openaiChat;
const USER = [{ role: "user", content: "hi" }];
const encode = (value: unknown) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const TARGET: Target = { id: "p/m", provider: "p", model: "m", dialect: "openai-chat", domain: "p", tier: "remote" };
const PROMPT: Prompt = {
  stream: false,
  system: [],
  turns: [{ role: "user", parts: [{ type: "text", text: "hi" }] }],
  tools: [],
  stop: [],
};

function decoded(request: object): { value: Prompt; losses: readonly Loss[] } {
  const got = codec.decodeRequest(encode({ model: "m", messages: USER, ...request }));
  if (isFault(got)) throw new Error(got.message);
  return got;
}

function encoded(
  prompt: Partial<Prompt>,
  target: Partial<Target> = {},
): { request: JsonObject; losses: readonly string[] } {
  const got = codec.encodeRequest({ ...PROMPT, ...prompt }, { ...TARGET, ...target });
  if (isFault(got)) throw new Error(got.message);
  return { request: objectOf(parseJson(got.value)) ?? {}, losses: got.losses.map(({ path }) => path) };
}

describe("encodeRequest", () => {
  test("results first, text apart, images hoisted, errors marked", () => {
    const { request, losses } = encoded({
      system: ["a", "b"],
      turns: [
        {
          role: "user",
          parts: [
            { type: "text", text: "go" },
            { type: "text", text: "on" },
          ],
        },
        {
          role: "assistant",
          parts: [
            { type: "text", text: "ok" },
            { type: "tool-use", id: "t.1", name: "f", input: { x: 1 } },
          ],
        },
        {
          role: "user",
          parts: [
            { type: "text", text: "here" },
            {
              type: "tool-result",
              id: "t.1",
              isError: true,
              parts: [
                { type: "text", text: "no" },
                { type: "image", source: { type: "base64", mediaType: "image/png", data: "AA" } },
              ],
            },
          ],
        },
        { role: "system", parts: [{ type: "text", text: "mind" }] },
        { role: "user", parts: [{ type: "document", mediaType: "application/pdf", data: "BB", title: "t.pdf" }] },
      ],
    });
    const messages = (listOf(request.messages) ?? []).map((message) => objectOf(message) ?? {});
    expect(messages.map((message) => message.role)).toEqual([
      "system",
      "user",
      "assistant",
      "tool",
      "user",
      "system",
      "user",
    ]);
    expect(messages[0]?.content).toBe("a\n\nb");
    expect(messages[1]?.content).toBe("go\n\non");
    const id = String(messages[3]?.tool_call_id);
    expect(id).toMatch(/^call_[0-9a-f]{24}$/);
    expect(messages[2]).toEqual({
      role: "assistant",
      content: "ok",
      tool_calls: [{ id, type: "function", function: { name: "f", arguments: '{"x":1}' } }],
    });
    expect(messages[3]?.content).toBe("[tool error] no\n\n[image 2: see the next user message]");
    expect(messages[4]?.content).toEqual([
      { type: "text", text: "here" },
      { type: "text", text: `[image 2 of the result of tool call ${id}]` },
      { type: "image_url", image_url: { url: "data:image/png;base64,AA" } },
    ]);
    expect(messages[6]?.content).toEqual([
      { type: "file", file: { filename: "t.pdf", file_data: "data:application/pdf;base64,BB" } },
    ]);
    expect(losses).toEqual(["turns[2].parts[1].parts[1]", "turns[2].parts[1].isError"]);
  });

  test("orphans are repaired and declared", () => {
    const call = (id: string) => ({ type: "tool-use", id, name: "f", input: {} }) as const;
    const result = (id: string, text: string) =>
      ({ type: "tool-result", id, parts: [{ type: "text", text }], isError: false }) as const;
    const say = (text: string) => ({ type: "text", text }) as const;
    const { request, losses } = encoded({
      turns: [
        { role: "user", parts: [result("gone", "old")] },
        { role: "assistant", parts: [call("a"), call("b"), call("same"), call("same")] },
        // An instruction between a call and its result, and another answer right behind a call.
        { role: "system", parts: [say("mind")] },
        { role: "user", parts: [result("same", "1"), result("a", "x"), result("same", "2"), result("a", "again")] },
        { role: "assistant", parts: [say("so"), call("c")] },
        { role: "assistant", parts: [say(" on")] },
        { role: "user", parts: [result("c", "y")] },
        { role: "assistant", parts: [call("last")] },
      ],
    });
    const calls = (...ids: string[]) =>
      ids.map((id) => ({ id, type: "function", function: { name: "f", arguments: "{}" } }));
    const tool = (id: string, content: string) => ({ role: "tool", tool_call_id: id, content });
    expect(request.messages).toEqual([
      { role: "user", content: "[tool result] gone\n\nold" },
      { role: "assistant", content: null, tool_calls: calls("a", "b", "same", "same_2") },
      ...[tool("same", "1"), tool("a", "x"), tool("same_2", "2"), tool("b", "[tool error] no result")],
      { role: "system", content: "mind" },
      { role: "user", content: "[tool result] a\n\nagain" },
      { role: "assistant", content: "so on", tool_calls: calls("c") },
      tool("c", "y"),
      { role: "assistant", content: null, tool_calls: calls("last") },
      tool("last", "[tool error] no result"),
    ]);
    expect(losses).toEqual(["turns[0].parts[0]", "turns[3].parts[3]", "turns", "turns[4].parts", "turns"]);
  });

  test("options", () => {
    const { request, losses } = encoded({
      stream: true,
      tools: [{ name: "f", schema: { type: "object" } }],
      toolChoice: { type: "any" },
      parallelTools: false,
      maxTokens: 9,
      topK: 3,
      stop: ["1", "2", "3", "4", "5"],
      format: { type: "json-schema", schema: {} },
      effort: "max",
      user: "u",
    });
    expect(request).toMatchObject({
      model: "m",
      stream: true,
      stream_options: { include_usage: true },
      tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
      tool_choice: "required",
      parallel_tool_calls: false,
      max_tokens: 9,
      stop: ["1", "2", "3", "4"],
      response_format: { type: "json_schema", json_schema: { name: "response", schema: {} } },
      reasoning_effort: "max",
      user: "u",
    });
    expect(losses).toEqual(["topK", "stop"]);
    expect(encoded({ maxTokens: 9 }, { provider: "openai" }).request).toMatchObject({ max_completion_tokens: 9 });
    expect(encoded({ maxTokens: 9 }, { maxOutputTokens: 5 })).toMatchObject({
      request: { max_tokens: 5 },
      losses: ["maxTokens"],
    });
    expect(encoded({ toolChoice: { type: "none" }, parallelTools: true }).request).not.toHaveProperty("tool_choice");
  });

  test.each<[Partial<Prompt>, string]>([[{ maxTokens: 0 }, "maxTokens"]])("%j is unsupported", (prompt, param) => {
    expect(codec.encodeRequest({ ...PROMPT, ...prompt }, TARGET)).toMatchObject({ kind: "unsupported", param });
  });

  test("what it writes is a request of this dialect that decodes to the same prompt", () => {
    const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
    const id = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
    const said = fc.record({ type: fc.constant("text" as const), text: word });
    const use = fc.record({
      type: fc.constant("tool-use" as const),
      id,
      name: id,
      input: fc.dictionary(word, fc.constantFrom(1, "x", null)),
    });
    const turns = fc.array(fc.tuple(said, fc.option(said), fc.array(use, { maxLength: 2 }), fc.array(said)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(turns, fc.array(word), (rounds, system) => {
        const prompt: Prompt = {
          ...PROMPT,
          system,
          turns: rounds.flatMap(([user, text, uses, said], round) => {
            const calls = uses.map((call, i) => ({ ...call, id: `${call.id}_${round}_${i}` }));
            const results = calls.map(({ id }, i) => ({
              type: "tool-result" as const,
              ...{ id, isError: false, parts: said.slice(i, i + 1) },
            }));
            return [
              { role: "user" as const, parts: [user] },
              { role: "assistant" as const, parts: [...(text === null ? [] : [text]), ...calls] },
              ...(results.length > 0 ? [{ role: "user" as const, parts: results }] : []),
              { role: "assistant" as const, parts: [user] },
            ];
          }),
        };
        const { request } = encoded(prompt);
        const back = decoded(request);
        expect(isFault(wire.inspect(encode(request), "generate"))).toBe(false);
        expect(back.losses).toEqual([]);
        expect(back.value.turns).toEqual(prompt.turns);
        expect(back.value.system.join()).toBe(system.join("\n\n"));
      }),
    );
  });
});

test.each([
  ["topK", "top_k"],
  ["maxTokens", "max_completion_tokens"],
  ["tools[2].strict", "tools[2].function.strict"],
  ["tools[0].schema.type", "tools[0].function.parameters.type"],
  ["format.schema", "response_format.json_schema.schema"],
  ["turns[3].parts[0]", "messages"],
  ["system", "messages"],
  ["stop", "stop"],
])("clientPath %s", (path, expected) => {
  expect(codec.clientPath(path)).toBe(expected);
});
