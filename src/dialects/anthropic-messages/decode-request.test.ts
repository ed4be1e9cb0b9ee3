import { describe, expect, test } from "bun:test";
import { isFault } from "../../core/fault.ts";
import type { Loss, Prompt } from "../../core/message.ts";
import { messagesCodec as codec } from "./codec.ts";

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const user = (content: unknown) => ({ role: "user", content });
const base = { model: "m", max_tokens: 9, messages: [user("hi")] };
const paths = (losses: readonly Loss[]): readonly string[] => losses.map(({ path }) => path);

function decode(request: object): { value: Prompt; losses: readonly Loss[] } {
  const result = codec.decodeRequest(json(request));
  if (isFault(result)) throw new Error(result.message);
  return result;
}

describe("decodeRequest", () => {
  test("what every dialect has", () => {
    const { value, losses } = decode({
      ...base,
      system: [
        { type: "text", text: "be brief" },
        { type: "text", text: "" },
      ],
      ...{ stream: true, temperature: 0.5, top_p: 0.9, top_k: 4, stop_sequences: ["END"], metadata: { user_id: "u" } },
      tools: [{ name: "f", description: "d", input_schema: { type: "object" }, strict: true, cache_control: null }],
      tool_choice: { type: "tool", name: "f", disable_parallel_tool_use: true },
      output_config: { effort: "xhigh", format: { type: "json_schema", schema: { type: "object" } } },
    });
    expect(losses).toEqual([]);
    expect(value).toEqual({
      ...{ stream: true, system: ["be brief"], temperature: 0.5, topP: 0.9, topK: 4, stop: ["END"], user: "u" },
      ...{ maxTokens: 9, parallelTools: false, effort: "xhigh", toolChoice: { type: "tool", name: "f" } },
      turns: [{ role: "user", parts: [{ type: "text", text: "hi" }] }],
      tools: [{ name: "f", description: "d", schema: { type: "object" }, strict: true }],
      format: { type: "json-schema", schema: { type: "object" } },
    });
  });

  test("content: one turn for each message, parts in order", () => {
    const messages = [
      user([
        { type: "image", source: { type: "base64", media_type: "image/png", data: "AA" } },
        { type: "image", source: { type: "url", url: "https://x/y.png" } },
        { type: "document", title: "t", source: { type: "base64", media_type: "application/pdf", data: "AA" } },
      ]),
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "s" },
          { type: "text", text: "calling" },
          { type: "tool_use", id: "t1", name: "f", input: { a: 1 }, caller: { type: "direct" } },
        ],
      },
      { role: "system", content: "now in French" },
      user([
        { type: "tool_result", tool_use_id: "t1", content: "42", is_error: true },
        {
          type: "tool_result",
          tool_use_id: "t2",
          content: [{ type: "text", text: "x", cache_control: { type: "e" } }],
        },
        { type: "tool_result", tool_use_id: "t3" },
      ]),
    ];
    const { value, losses } = decode({ ...base, messages });
    expect(paths(losses)).toEqual(["messages[1].content[0]", "messages[3].content[1].content[0].cache_control"]);
    expect(value.turns).toEqual([
      {
        role: "user",
        parts: [
          { type: "image", source: { type: "base64", mediaType: "image/png", data: "AA" } },
          { type: "image", source: { type: "url", url: "https://x/y.png" } },
          { type: "document", mediaType: "application/pdf", data: "AA", title: "t" },
        ],
      },
      {
        role: "assistant",
        parts: [
          { type: "text", text: "calling" },
          { type: "tool-use", id: "t1", name: "f", input: { a: 1 } },
        ],
      },
      { role: "system", parts: [{ type: "text", text: "now in French" }] },
      {
        role: "user",
        parts: [
          { type: "tool-result", id: "t1", parts: [{ type: "text", text: "42" }], isError: true },
          { type: "tool-result", id: "t2", parts: [{ type: "text", text: "x" }], isError: false },
          { type: "tool-result", id: "t3", parts: [], isError: false },
        ],
      },
    ]);
  });

  const losses: readonly (readonly [name: string, more: object, path: string])[] = [
    [
      "a cache hint",
      { system: [{ type: "text", text: "x", cache_control: { type: "ephemeral" } }] },
      "system[0].cache_control",
    ],
    ["an unknown field", { new_thing: 1 }, "new_thing"],
    ["a service tier", { service_tier: "auto" }, "service_tier"],
    ["other metadata", { metadata: { team: "x" } }, "metadata.team"],
    ["a thinking budget", { thinking: { type: "enabled", budget_tokens: 5000 } }, "thinking.budget_tokens"],
    ["an unknown effort", { output_config: { effort: "extreme" } }, "output_config.effort"],
    [
      "a text document",
      { messages: [user([{ type: "document", source: { type: "text", data: "x" } }])] },
      "messages[0].content[0].source",
    ],
  ];
  for (const [name, more, path] of losses)
    test(`loses ${name}`, () => expect(paths(decode({ ...base, ...more }).losses)).toEqual([path]));

  const refused: readonly (readonly [name: string, more: object, kind: string, param: string])[] = [
    [
      "a server's tool",
      { tools: [{ type: "web_search_20260318", name: "web_search" }] },
      "unsupported",
      "tools[0].type",
    ],
    ["MCP servers", { mcp_servers: [{}] }, "unsupported", "mcp_servers"],
    ["a container", { container: "c" }, "unsupported", "container"],
    ["a thread", { thread: { type: "create" } }, "unsupported", "thread"],
    ["no tokens", { max_tokens: 0 }, "unsupported", "max_tokens"],
    [
      "a file",
      { messages: [user([{ type: "image", source: { type: "file", file_id: "f" } }])] },
      "unsupported",
      "messages[0].content[0].source",
    ],
    ["a server's block", { messages: [user([{ type: "search_result" }])] }, "unsupported", "messages[0].content[0]"],
    ["a strange role", { messages: [{ role: "tool", content: "" }] }, "invalid-request", "messages[0].role"],
    ["content that is none", { messages: [user(1)] }, "invalid-request", "messages[0].content"],
    ["a tool without name", { tools: [{}] }, "invalid-request", "tools[0].name"],
    ["a number that is a word", { temperature: "hot" }, "invalid-request", "temperature"],
    ["a number below 0", { top_p: -1 }, "invalid-request", "top_p"],
    ["stop strings that are one", { stop_sequences: "END" }, "invalid-request", "stop_sequences"],
    ["a stop string that is none", { stop_sequences: ["a", 5] }, "invalid-request", "stop_sequences[1]"],
    ["thinking that is a word", { thinking: "on" }, "invalid-request", "thinking"],
    ["output_config that is a word", { output_config: "high" }, "invalid-request", "output_config"],
    [
      "a description that is none",
      { tools: [{ name: "f", description: 5 }] },
      "invalid-request",
      "tools[0].description",
    ],
    ["a user that is a number", { metadata: { user_id: 7 } }, "invalid-request", "metadata.user_id"],
    ["metadata that are a word", { metadata: "u" }, "invalid-request", "metadata"],
  ];
  for (const [name, more, kind, param] of refused)
    test(`refuses ${name}`, () =>
      expect(codec.decodeRequest(json({ ...base, ...more }))).toMatchObject({ kind, param }));

  test("refuses a number that is too large to be one", () => {
    const body = JSON.stringify(base).replace("{", '{"temperature":1e400,');
    expect(codec.decodeRequest(new TextEncoder().encode(body))).toMatchObject({ param: "temperature" });
  });

  test("thinking tells the effort when none was asked for", () => {
    const effort = (thinking: object, output_config?: object) =>
      decode({ ...base, thinking, output_config }).value.effort;
    expect(effort({ type: "disabled" })).toBe("none");
    expect(effort({ type: "adaptive" })).toBe("high");
    expect([2000, 4000, 16_000].map((budget_tokens) => effort({ type: "enabled", budget_tokens }))).toEqual([
      ...(["low", "medium", "high"] as const),
    ]);
    expect(effort({ type: "adaptive" }, { effort: "low" })).toBe("low");
  });

  test("losses are bounded", () => {
    const block = { type: "text", text: "x", cache_control: {} };
    const { losses } = decode({ ...base, messages: [user(Array.from({ length: 1000 }, () => block))] });
    expect(losses.length).toBe(65);
  });
});
