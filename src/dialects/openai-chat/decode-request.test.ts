// Chat requests as prompts: what is carried, what is lost by name, what is refused.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Fault, isFault } from "../../core/fault.ts";
import type { Loss, Prompt } from "../../core/message.ts";
import { decodeRequest } from "./decode-request.ts";

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const USER = [{ role: "user", content: "hi" }];

function decoded(request: object): { value: Prompt; losses: readonly Loss[] } {
  const got = decodeRequest(encode({ model: "m", messages: USER, ...request }));
  if (isFault(got)) throw new Error(got.message);
  return got;
}

function refused(request: object): Fault {
  const got = decodeRequest(encode({ model: "m", messages: USER, ...request }));
  if (!isFault(got)) throw new Error("accepted");
  return got;
}

describe("decodeRequest", () => {
  test("messages of every kind", () => {
    const { value, losses } = decoded({
      messages: [
        { role: "system", content: "s1" },
        { role: "developer", content: [{ type: "text", text: "s2" }] },
        {
          role: "user",
          content: [
            { type: "text", text: "look" },
            { type: "text", text: "" },
            { type: "image_url", image_url: { url: "data:image/png;base64,AAAA", detail: "high" } },
            { type: "image_url", image_url: { url: "https://x/y.png" } },
            { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,BBBB" } },
          ],
        },
        {
          role: "assistant",
          content: null,
          reasoning_content: "hm",
          tool_calls: [
            { id: "a", type: "function", function: { name: "f", arguments: '{"x":1}' } },
            { id: "b", type: "function", function: { name: "g", arguments: "{oops" } },
            { id: "c", type: "function", function: { name: "h", arguments: "" } },
          ],
        },
        { role: "tool", tool_call_id: "a", content: "1" },
        { role: "tool", tool_call_id: "b", content: [{ type: "text", text: "2" }] },
        { role: "system", content: "later" },
        { role: "assistant", content: "so", refusal: null },
        { role: "user", content: "and", name: "bob" },
      ],
    });
    expect(value.system).toEqual(["s1", "s2"]);
    expect(value.turns).toEqual([
      {
        role: "user",
        parts: [
          { type: "text", text: "look" },
          { type: "image", source: { type: "base64", mediaType: "image/png", data: "AAAA" } },
          { type: "image", source: { type: "url", url: "https://x/y.png" } },
          { type: "document", mediaType: "application/pdf", data: "BBBB", title: "a.pdf" },
        ],
      },
      {
        role: "assistant",
        parts: [
          { type: "tool-use", id: "a", name: "f", input: { x: 1 } },
          { type: "tool-use", id: "b", name: "g", input: { _raw: "{oops" } },
          { type: "tool-use", id: "c", name: "h", input: {} },
        ],
      },
      {
        role: "user",
        parts: [
          { type: "tool-result", id: "a", parts: [{ type: "text", text: "1" }], isError: false },
          { type: "tool-result", id: "b", parts: [{ type: "text", text: "2" }], isError: false },
        ],
      },
      { role: "system", parts: [{ type: "text", text: "later" }] },
      { role: "assistant", parts: [{ type: "text", text: "so" }] },
      { role: "user", parts: [{ type: "text", text: "and" }] },
    ]);
    expect(losses.map(({ path }) => path)).toEqual([
      "messages[2].content[2].image_url.detail",
      "messages[3].reasoning_content",
      "messages[3].tool_calls[1].function.arguments",
      "messages[8].name",
    ]);
  });

  test("options", () => {
    const schema = { type: "object" };
    const { value, losses } = decoded({
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 5,
      temperature: 0.5,
      top_p: 0.9,
      top_k: 4,
      stop: "END",
      tools: [
        { type: "function", function: { name: "f", description: "d", parameters: schema, strict: true } },
        { type: "function", function: { name: "g" } },
      ],
      tool_choice: "required",
      parallel_tool_calls: false,
      response_format: { type: "json_schema", json_schema: { name: "n", schema, strict: true } },
      reasoning_effort: "xhigh",
      safety_identifier: "u1",
    });
    expect(losses).toEqual([]);
    expect(value).toMatchObject({
      stream: true,
      maxTokens: 5,
      temperature: 0.5,
      topP: 0.9,
      topK: 4,
      stop: ["END"],
      tools: [
        { name: "f", description: "d", schema, strict: true },
        { name: "g", schema: { type: "object", properties: {} } },
      ],
      toolChoice: { type: "any" },
      parallelTools: false,
      format: { type: "json-schema", name: "n", schema, strict: true },
      effort: "xhigh",
      user: "u1",
    });
  });

  test.each<[object, readonly string[]]>([
    [
      { logprobs: true, top_logprobs: 2, seed: 1, frequency_penalty: 1, presence_penalty: 1, logit_bias: { a: 1 } },
      ["logprobs", "top_logprobs", "seed", "frequency_penalty", "presence_penalty", "logit_bias"],
    ],
    [
      {
        verbosity: "low",
        prediction: {},
        store: true,
        metadata: { a: "b" },
        service_tier: "flex",
        prompt_cache_key: "k",
      },
      ["verbosity", "store", "metadata", "service_tier", "prompt_cache_key"],
    ],
    [
      {
        logprobs: false,
        seed: null,
        frequency_penalty: 0,
        logit_bias: {},
        store: false,
        service_tier: "auto",
        n: 1,
        modalities: ["text"],
      },
      [],
    ],
    [{ foo: 1, constructor: 1 }, ["foo", "constructor"]],
    [{ user: "a", safety_identifier: "b" }, ["safety_identifier"]],
    [{ reasoning_effort: "default" }, ["reasoning_effort"]],
  ])("%j loses %j", (request, losses) => {
    expect(decoded(request).losses.map(({ path }) => path)).toEqual([...losses]);
  });

  test.each<[object, string]>([
    [{ n: 2 }, "n"],
    [{ functions: [{ name: "f" }] }, "functions"],
    [{ function_call: "auto" }, "function_call"],
    [{ web_search_options: { search_context_size: "low" } }, "web_search_options"],
    [{ web_search_options: {} }, "web_search_options"],
    [{ modalities: ["text", "audio"] }, "modalities"],
    [{ tools: [{ type: "custom", custom: { name: "c" } }] }, "tools[0]"],
    [{ tool_choice: { type: "allowed_tools" } }, "tool_choice"],
    [{ messages: [{ role: "user", content: [{ type: "input_audio", input_audio: {} }] }] }, "messages[0].content[0]"],
    [
      { messages: [{ role: "user", content: [{ type: "file", file: { file_id: "f" } }] }] },
      "messages[0].content[0].file.file_id",
    ],
    [{ messages: [{ role: "function", name: "f", content: "x" }] }, "messages[0]"],
    [{ messages: [{ role: "assistant", function_call: { name: "f", arguments: "" } }] }, "messages[0].function_call"],
  ])("%j is unsupported, by name", (request, param) => {
    expect(refused(request)).toMatchObject({ kind: "unsupported", param });
  });

  test.each<[object, string]>([
    [{ messages: [1] }, "messages[0]"],
    [{ messages: [{ role: "king", content: "x" }] }, "messages[0].role"],
    [{ messages: [{ role: "user", content: 5 }] }, "messages[0].content"],
    [{ messages: [{ role: "user" }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: null }] }, "messages[0].content"],
    [{ user: 7 }, "user"],
    [{ user: "a", safety_identifier: ["a"] }, "safety_identifier"],
    [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].tool_call_id"],
    [
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "ftp://x" } }] }] },
      "messages[0].content[0].image_url.url",
    ],
    [{ temperature: "hot" }, "temperature"],
    [{ parallel_tool_calls: "no" }, "parallel_tool_calls"],
    [{ messages: [{ role: "assistant", tool_calls: "x" }] }, "messages[0].tool_calls"],
    [
      { messages: [{ role: "assistant", tool_calls: [{ id: "a", function: { name: "f", arguments: { a: 1 } } }] }] },
      "messages[0].tool_calls[0].function.arguments",
    ],
    [{ stop: [1] }, "stop"],
    [{ tools: [{ type: "function", function: {} }] }, "tools[0].function.name"],
    [{ tool_choice: "maybe" }, "tool_choice"],
    [{ response_format: { type: "xml" } }, "response_format"],
  ])("%j is invalid, by name", (request, param) => {
    expect(refused(request)).toMatchObject({ kind: "invalid-request", param });
  });

  test("arbitrary requests never throw", () => {
    const message = fc.record(
      {
        role: fc.constantFrom("user", "assistant", "tool", "system"),
        content: fc.jsonValue(),
        tool_calls: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(message, fc.jsonValue())), fc.jsonValue(), (messages, any) => {
        for (const key of ["tools", "tool_choice", "stop", "response_format"])
          decodeRequest(encode({ messages, [key]: any }));
      }),
    );
  });
});
