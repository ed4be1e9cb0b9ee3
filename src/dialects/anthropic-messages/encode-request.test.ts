import { describe, expect, test } from "bun:test";
import { isFault } from "../../core/fault.ts";
import type { Prompt } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import { allowedToolId as toolId } from "../tool-id.ts";
import { claudeLimits } from "./claude-limits.ts";
import { messagesCodec as codec } from "./codec.ts";

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const user = (content: unknown) => ({ role: "user", content });

const EMPTY: Prompt = { stream: false, system: [], turns: [], tools: [], stop: [] };
const asked: Prompt = { ...EMPTY, turns: [{ role: "user", parts: [{ type: "text", text: "hi" }] }] };

function target(model: string, maxOutputTokens?: number): Target {
  const most = maxOutputTokens === undefined ? {} : { maxOutputTokens };
  return {
    id: `p/${model}`,
    provider: "p",
    model,
    dialect: "anthropic-messages",
    domain: "p",
    tier: "remote",
    ...most,
  };
}

interface Encoded {
  readonly value: { messages: { role: string; content: unknown }[]; [key: string]: unknown };
  readonly losses: readonly string[];
}

function encode(prompt: Prompt, to: Target = target("claude-haiku-4-5")): Encoded {
  const result = codec.encodeRequest(prompt, to);
  if (isFault(result)) throw new Error(result.message);
  return { value: JSON.parse(new TextDecoder().decode(result.value)), losses: result.losses.map(({ path }) => path) };
}

describe("encodeRequest", () => {
  test("what every dialect has", () => {
    const { value, losses } = encode({
      ...asked,
      ...{ stream: true, system: ["a", "b"], maxTokens: 7, temperature: 0.5, topK: 3, stop: ["END"], user: "u" },
      tools: [{ name: "f", description: "d", schema: {}, strict: true }],
      ...{
        toolChoice: { type: "any" },
        parallelTools: false,
        format: { type: "json-schema", name: "n", schema: { a: 1 } },
      },
    });
    expect(losses).toEqual([]);
    expect(value).toEqual({
      ...{
        model: "claude-haiku-4-5",
        max_tokens: 7,
        stream: true,
        temperature: 0.5,
        top_k: 3,
        stop_sequences: ["END"],
      },
      messages: [user([{ type: "text", text: "hi" }])],
      system: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
      tools: [{ name: "f", description: "d", input_schema: { type: "object" }, strict: true }],
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      output_config: { format: { type: "json_schema", schema: { a: 1 } } },
      metadata: { user_id: "u" },
    });
  });

  test("max_tokens: asked, else the model's most, else 32000; never above the model's", () => {
    const most = (maxTokens: number | undefined, limit?: number) =>
      encode({ ...asked, ...(maxTokens === undefined ? {} : { maxTokens }) }, target("claude-x", limit));
    expect(most(undefined).value.max_tokens).toBe(32_000);
    expect(most(undefined, 8192).value.max_tokens).toBe(8192);
    expect(most(9000, 8192)).toMatchObject({ value: { max_tokens: 8192 }, losses: ["maxTokens"] });
  });

  const rows: readonly (readonly [
    name: string,
    model: string,
    more: Partial<Prompt>,
    has: object,
    losses: readonly string[],
  ])[] = [
    ["a high temperature", "claude-haiku-4-5", { temperature: 1.7 }, { temperature: 1 }, ["temperature"]],
    ["temperature and top_p", "claude-haiku-4-5", { temperature: 1, topP: 0.5 }, { temperature: 1 }, ["topP"]],
    [
      "the same on an old model",
      "claude-3-5-sonnet-20241022",
      { temperature: 1, topP: 0.5 },
      { temperature: 1, top_p: 0.5 },
      [],
    ],
    [
      "sampling on a new model",
      "claude-opus-4-7",
      { temperature: 1, topP: 1, topK: 1 },
      {},
      ["temperature", "topP", "topK"],
    ],
    ["blank stop sequences", "m", { stop: ["\n", "X"] }, { stop_sequences: ["X"] }, ["stop"]],
    ["minimal effort", "claude-sonnet-5", { effort: "minimal" }, { output_config: { effort: "low" } }, ["effort"]],
    ["no effort", "claude-sonnet-5", { effort: "none" }, {}, ["effort"]],
    ["effort on an old model", "claude-haiku-4-5", { effort: "high" }, {}, ["effort"]],
    ["xhigh before 4.7", "claude-sonnet-4-6", { effort: "xhigh" }, { output_config: { effort: "high" } }, ["effort"]],
    [
      "a JSON object",
      "m",
      { format: { type: "json-object" } },
      { system: "Answer with one JSON object only." },
      ["format"],
    ],
    [
      "parallel off alone",
      "m",
      { tools: [{ name: "f", schema: {} }], parallelTools: false },
      { tool_choice: { type: "auto", disable_parallel_tool_use: true } },
      [],
    ],
    [
      "a forced tool on Fable 5",
      "claude-fable-5-1",
      { tools: [{ name: "f", schema: {} }], toolChoice: { type: "any" } },
      { tool_choice: { type: "auto" } },
      ["toolChoice"],
    ],
  ];
  for (const [name, model, more, has, losses] of rows)
    test(name, () => {
      const encoded = encode({ ...asked, ...more }, target(model));
      const { model: _, max_tokens: __, messages: ___, tools: ____, ...rest } = encoded.value;
      expect(rest).toEqual({ ...has });
      expect(encoded.losses).toEqual(losses);
    });

  test("a tool's results come in one message, first; ids are made valid and stay together", () => {
    const { value, losses } = encode({
      ...asked,
      turns: [
        ...asked.turns,
        {
          role: "assistant",
          parts: [
            { type: "text", text: " " },
            { type: "tool-use", id: "f:0", name: "f", input: {} },
            { type: "tool-use", id: "same", name: "f", input: {} },
            { type: "tool-use", id: "same", name: "f", input: {} },
          ],
        },
        {
          role: "user",
          parts: [{ type: "tool-result", id: "same", parts: [{ type: "text", text: "1" }], isError: false }],
        },
        { role: "user", parts: [{ type: "text", text: "note" }] },
        { role: "user", parts: [{ type: "tool-result", id: "f:0", parts: [], isError: true }] },
        {
          role: "user",
          parts: [{ type: "tool-result", id: "same", parts: [{ type: "text", text: "2" }], isError: false }],
        },
      ],
    });
    expect(losses).toEqual([]);
    expect(value.messages.slice(1)).toEqual([
      {
        role: "assistant",
        content: [toolId("f:0"), "same", "same_2"].map((id) => ({ type: "tool_use", id, name: "f", input: {} })),
      },
      user([
        { type: "tool_result", tool_use_id: "same", content: "1" },
        { type: "tool_result", tool_use_id: toolId("f:0"), content: [], is_error: true },
        { type: "tool_result", tool_use_id: "same_2", content: "2" },
        { type: "text", text: "note" },
      ]),
    ]);
  });

  test("orphans are repaired and declared", () => {
    const { value, losses } = encode({
      ...asked,
      turns: [
        {
          role: "user",
          parts: [{ type: "tool-result", id: "x", parts: [{ type: "text", text: "1" }], isError: false }],
        },
        { role: "assistant", parts: [{ type: "tool-use", id: "y", name: "f", input: "raw" }] },
      ],
    });
    expect(losses).toEqual(["turns[0].parts[0]", "turns[1]", "turns"]);
    expect(value.messages).toEqual([
      user([
        { type: "text", text: "[tool result] x" },
        { type: "text", text: "1" },
      ]),
      { role: "assistant", content: [{ type: "tool_use", id: "y", name: "f", input: { _raw: "raw" } }] },
      user([{ type: "tool_result", tool_use_id: "y", content: "no result", is_error: true }]),
    ]);
  });

  test("turns alternate, begin with the user's and are not empty", () => {
    const say = (role: "user" | "assistant" | "system", text: string) =>
      ({ role, parts: [{ type: "text", text }] }) as const;
    const messages = (...turns: Prompt["turns"]) => encode({ ...asked, turns });
    const hi = [{ type: "text", text: "hi" }];
    const dot = [{ type: "text", text: "." }];
    expect(messages(say("assistant", "hi"), say("user", "hi"))).toMatchObject({
      value: { messages: [user(dot), { role: "assistant", content: hi }, user(hi)] },
      losses: ["turns[0]"],
    });
    expect(messages()).toMatchObject({ value: { messages: [user(dot)] }, losses: ["turns[0]"] });
    expect(messages(say("user", " "))).toMatchObject({ value: { messages: [user(dot)] }, losses: ["turns"] });
    expect(messages(say("user", "hi"), say("assistant", ""), say("user", "hi")).value.messages).toEqual([
      user([...hi, ...hi]),
    ]);
    expect(messages(say("user", "hi"), say("assistant", "hi"), say("system", "s"), say("user", "hi"))).toMatchObject({
      value: { messages: [{}, {}, user([{ type: "text", text: "[system] s" }, ...hi])] },
      losses: ["turns[2].role"],
    });
  });

  test("a prefill is refused where it would be a 400, else its end is trimmed", () => {
    const prefill: Prompt = {
      ...asked,
      turns: [...asked.turns, { role: "assistant", parts: [{ type: "text", text: "So \n" }] }],
    };
    for (const model of ["claude-opus-4-6", "claude-haiku-5-5", "claude-sonnet-5", "claude-unheard-of"])
      expect(codec.encodeRequest(prefill, target(model))).toMatchObject({ kind: "unsupported" });
    expect(encode(prefill).value.messages[1]?.content).toEqual([{ type: "text", text: "So" }]);
  });

  test("what no message holds is unsupported", () => {
    const image = { type: "image", source: { type: "url", url: "x" } } as const;
    const text = { type: "document", mediaType: "text/csv", data: "" } as const;
    for (const turn of [{ role: "assistant", parts: [image] } as const, { role: "user", parts: [text] } as const])
      expect(codec.encodeRequest({ ...asked, turns: [turn] }, target("m"))).toMatchObject({ kind: "unsupported" });
  });
});

test("a request that is read and written again is the same request", () => {
  const request = {
    model: "claude-haiku-4-5",
    max_tokens: 9,
    messages: [
      user([
        { type: "text", text: "look" },
        { type: "image", source: { type: "base64", media_type: "image/png", data: "AA" } },
        { type: "document", source: { type: "base64", media_type: "application/pdf", data: "AA" }, title: "t" },
      ]),
      { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: { a: [1, null] } }] },
      user([
        { type: "tool_result", tool_use_id: "t1", content: "x", is_error: true },
        { type: "text", text: "go on" },
      ]),
    ],
    ...{ system: "s", temperature: 0.5, top_k: 3, stop_sequences: ["E"], metadata: { user_id: "u" }, stream: true },
    tools: [{ name: "f", input_schema: { type: "object" } }],
    tool_choice: { type: "auto" },
  };
  const prompt = codec.decodeRequest(json(request));
  if (isFault(prompt)) throw new Error(prompt.message);
  expect([encode(prompt.value), prompt.losses]).toEqual([{ value: request, losses: [] }, []]);
});

test("clientPath", () => {
  const rows = {
    topK: "top_k",
    maxTokens: "max_tokens",
    "turns[3].parts[0]": "messages[3].content[0]",
    "tools[0].schema": "tools[0].input_schema",
    effort: "output_config.effort",
    "system[0]": "system[0]",
  };
  for (const [path, expected] of Object.entries(rows)) expect(codec.clientPath(path)).toBe(expected);
});

test("versions of Claude are read from every form of name", () => {
  const refusing = [
    "claude-opus-4-7",
    "claude-sonnet-5",
    "anthropic.claude-opus-4-8-v1:0",
    "claude-sonnet-5-5",
    "claude-haiku-5.5",
  ];
  const taking = [
    "claude-opus-4-6",
    "claude-opus-4-20250514",
    "claude-haiku-4-5-20251001",
    "claude-3-haiku-20240307",
    "glm-5",
    "claude-x",
  ];
  expect(refusing.filter((model) => !claudeLimits(model).refusesSampling)).toEqual([]);
  expect(taking.filter((model) => claudeLimits(model).refusesSampling)).toEqual([]);
});

test("ids: valid ones stay, others are hashed, never cut", () => {
  expect(toolId("toolu_01-a")).toBe("toolu_01-a");
  expect(toolId("functions.f:0")).toMatch(/^call_[0-9A-Za-z]{24}$/);
  expect(toolId("functions.f:0")).not.toBe(toolId("functions.f:1"));
});
