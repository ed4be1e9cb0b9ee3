// One request for each row of the field ledgers: what is laid over a plain request of the dialect, by `field` or
// `field, when`. `model` is the target's, where the row is about it.

import type { JsonObject } from "../../src/dialects/json-object.ts";

export interface FieldExample {
  readonly over: JsonObject;
  readonly model?: string;
}

const text = (content: string) => ({ type: "text", text: content });
const SCHEMA = { type: "object", properties: { a: { type: "string" } } };
const PDF = "JVBERi0=";

const user = (...content: readonly JsonObject[]) => ({ messages: [{ role: "user", content }] });
const tool = (more: JsonObject) => ({ tools: [{ name: "f", input_schema: SCHEMA, ...more }] });
const USE = { type: "tool_use", id: "t1", name: "f", input: { a: "b" } };
const RESULT = { type: "tool_result", tool_use_id: "t1", content: "done" };
const called = (use: readonly JsonObject[], results: readonly JsonObject[]) => ({
  messages: [
    { role: "user", content: "go" },
    { role: "assistant", content: use },
    { role: "user", content: results },
  ],
});
const said = (block: JsonObject) => ({
  messages: [
    { role: "user", content: "a" },
    { role: "assistant", content: [block, text("b")] },
    { role: "user", content: "c" },
  ],
});
const IMAGE = { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBO" } };
const document = (source: JsonObject, more: JsonObject = {}) => user({ type: "document", source, ...more }, text("x"));
const C = "messages[].content[]";

export const MESSAGES_EXAMPLES: Readonly<Record<string, JsonObject>> = {
  model: {},
  stream: { stream: true },
  max_tokens: { max_tokens: 7 },
  "max_tokens, above it": { max_tokens: 9_999 },
  "max_tokens, 0": { max_tokens: 0 },
  temperature: { temperature: 0.5 },
  top_p: { top_p: 0.5 },
  top_k: { top_k: 5 },
  stop_sequences: { stop_sequences: ["END"] },
  "stop_sequences, more than four": { stop_sequences: ["a", "b", "c", "d", "e"] },
  "metadata.user_id": { metadata: { user_id: "u" } },
  system: { system: [text("a"), text("b")] },
  "system[].cache_control": { system: [{ ...text("a"), cache_control: { type: "ephemeral" } }] },
  tools: tool({}),
  "tools[].description": tool({ description: "d" }),
  "tools[].strict": tool({ strict: true }),
  "tools[].type, not custom": { tools: [{ type: "web_search_20250305", name: "web_search" }] },
  "tools[].name": tool({ name: "f".repeat(65) }),
  "tools[].cache_control": tool({ cache_control: { type: "ephemeral" } }),
  "tools[].eager_input_streaming": tool({ eager_input_streaming: true }),
  "tools[].defer_loading": tool({ defer_loading: true }),
  "tools[].input_examples": tool({ input_examples: [{ a: "b" }] }),
  "tools[].allowed_callers": tool({ allowed_callers: ["direct"] }),
  tool_choice: { ...tool({}), tool_choice: { type: "any" } },
  "tool_choice.disable_parallel_tool_use": {
    ...tool({}),
    tool_choice: { type: "auto", disable_parallel_tool_use: true },
  },
  "thinking, adaptive": { thinking: { type: "adaptive" } },
  "thinking.budget_tokens": { thinking: { type: "enabled", budget_tokens: 2_000 } },
  "thinking, disabled": { thinking: { type: "disabled" } },
  "thinking.display": { thinking: { type: "disabled", display: "omitted" } },
  "output_config.effort": { output_config: { effort: "low" } },
  "output_config.format": { output_config: { format: { type: "json_schema", schema: SCHEMA } } },
  output_format: { output_format: { type: "json_schema", schema: SCHEMA } },
  cache_control: { cache_control: { type: "ephemeral" } },
  service_tier: { service_tier: "auto" },
  speed: { speed: "fast" },
  inference_geo: { inference_geo: "eu" },
  diagnostics: { diagnostics: { previous_message_id: "msg_1" } },
  fallbacks: { fallbacks: [{ model: "m" }] },
  fallback_credit_token: { fallback_credit_token: "t" },
  billing_policy: { billing_policy: "p" },
  compaction: { compaction: { enabled: true } },
  container: { container: "container_1" },
  thread: { thread: { type: "create" } },
  mcp_servers: { mcp_servers: [{ type: "url", url: "https://e.test", name: "e" }] },
  context_management: { context_management: { edits: [] } },
  "messages[].role, system": {
    messages: [
      { role: "user", content: "a" },
      { role: "system", content: "b" },
    ],
  },
  "messages[].content": { messages: [{ role: "user", content: "other" }] },
  [`${C}.text`]: user(text("other")),
  [`${C}.cache_control`]: user({ ...text("hello"), cache_control: { type: "ephemeral" } }),
  [`${C}.citations`]: user({ ...text("hello"), citations: [{ type: "char_location" }] }),
  [`${C}, image, base64 or url`]: user(IMAGE),
  [`${C}.source, file`]: user({ type: "image", source: { type: "file", file_id: "file_1" } }),
  [`${C}.transformations`]: user({ ...IMAGE, transformations: { crop: 1 } }),
  [`${C}, document, PDF in base64`]: document({ type: "base64", media_type: "application/pdf", data: PDF }),
  [`${C}.source, document, text`]: document({ type: "text", media_type: "text/plain", data: "words" }),
  [`${C}.source, document, url`]: document({ type: "url", url: "https://e.test/a.pdf" }),
  [`${C}.context`]: document({ type: "base64", media_type: "application/pdf", data: PDF }, { context: "c" }),
  [`${C}, tool_use`]: called([{ ...USE, id: "t.1" }], [{ ...RESULT, tool_use_id: "t.1" }]),
  [`${C}.caller`]: called([{ ...USE, caller: { type: "code_execution_20260521" } }], [RESULT]),
  [`${C}, text after tool_use`]: called([USE, text("after")], [RESULT]),
  [`${C}, tool_use without its result`]: called([USE], [text("no")]),
  [`${C}, tool_result`]: called([USE], [RESULT]),
  [`${C}.is_error`]: called([USE], [{ ...RESULT, is_error: true }]),
  [`${C}, image in a tool_result`]: called([USE], [{ ...RESULT, content: [text("see"), IMAGE] }]),
  [`${C}, tool_result without its call`]: user(RESULT),
  [`${C}, thinking`]: said({ type: "thinking", thinking: "hm", signature: "s" }),
  [`${C}, redacted_thinking`]: said({ type: "redacted_thinking", data: "d" }),
  [`${C}, fallback`]: said({ type: "fallback", from: "a", to: "b" }),
  [`${C}, server_tool_use`]: said({ type: "server_tool_use", id: "s", name: "web_search", input: {} }),
  [`${C}, search_result`]: user({ type: "search_result", source: "s", title: "t", content: [] }),
  [`${C}, container_upload`]: user({ type: "container_upload", file_id: "f" }),
  "messages[], the last one is the assistant's": {
    messages: [
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
    ],
  },
};

const OLD = "claude-sonnet-4-5";
const NEW = "claude-sonnet-5";
const fn = (more: JsonObject = {}) => ({
  tools: [{ type: "function", function: { name: "f", parameters: SCHEMA, ...more } }],
});
const part = (value: JsonObject) => ({ messages: [{ role: "user", content: [value] }] });
const CALLED = { id: "c1", type: "function", function: { name: "f", arguments: '{"a":"b"}' } };
const answered = (call: JsonObject, more: readonly JsonObject[], message: JsonObject = {}) => ({
  messages: [
    { role: "user", content: "go" },
    { role: "assistant", content: null, tool_calls: [call], ...message },
    ...more,
    { role: "user", content: "on" },
  ],
});
const ANSWER = { role: "tool", tool_call_id: "c1", content: "done" };
const before = (message: JsonObject) => ({
  messages: [
    { role: "user", content: "a" },
    { role: "assistant", content: "b", ...message },
    { role: "user", content: "c" },
  ],
});
const P = "messages[].content[]";
const K = "messages[].tool_calls[]";

export const CHAT_EXAMPLES: Readonly<Record<string, FieldExample | JsonObject>> = {
  model: {},
  stream: { stream: true },
  stream_options: { stream: true, stream_options: { include_usage: true } },
  max_tokens: { max_tokens: 7 },
  max_completion_tokens: { max_completion_tokens: 7 },
  "max_completion_tokens, above it": { max_completion_tokens: 9_999 },
  "temperature, Claude before 4.7": { over: { temperature: 0.5 }, model: OLD },
  "temperature, above 1": { over: { temperature: 1.5 }, model: OLD },
  "temperature, Claude 4.7 and later": { over: { temperature: 0.5 }, model: NEW },
  "top_p, Claude before 4.7": { over: { top_p: 0.5 }, model: OLD },
  "top_p, Claude 4.7 and later": { over: { top_p: 0.5 }, model: NEW },
  "top_p, with temperature": { over: { top_p: 0.5, temperature: 0.5 }, model: OLD },
  "top_k, Claude before 4.7": { over: { top_k: 5 }, model: OLD },
  stop: { stop: ["END"] },
  "stop, white space alone": { stop: ["END", "\n"] },
  user: { user: "u" },
  safety_identifier: { safety_identifier: "u" },
  "safety_identifier, with user": { user: "u", safety_identifier: "v" },
  tools: fn(),
  "tools[].function.name": fn({ name: "find.file" }),
  "tools[].function.description": fn({ description: "d" }),
  "tools[].function.strict": fn({ strict: true }),
  "tools[], custom": { tools: [{ type: "custom", custom: { name: "f" } }] },
  tool_choice: { ...fn(), tool_choice: "required" },
  "tool_choice, forced, Fable and Mythos 5": { over: { ...fn(), tool_choice: "required" }, model: "claude-fable-5" },
  "tool_choice, allowed_tools": { ...fn(), tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto" } } },
  parallel_tool_calls: { ...fn(), parallel_tool_calls: false },
  "response_format, json_schema": {
    response_format: { type: "json_schema", json_schema: { name: "n", schema: SCHEMA } },
  },
  "response_format.json_schema.description": {
    response_format: { type: "json_schema", json_schema: { name: "n", schema: SCHEMA, description: "d" } },
  },
  "response_format, json_object": { response_format: { type: "json_object" } },
  reasoning_effort: { over: { reasoning_effort: "low" }, model: NEW },
  "reasoning_effort, minimal": { over: { reasoning_effort: "minimal" }, model: NEW },
  "reasoning_effort, none": { over: { reasoning_effort: "none" }, model: NEW },
  "reasoning_effort, Claude before 4.6": { over: { reasoning_effort: "low" }, model: OLD },
  "n, above 1": { n: 2 },
  functions: { functions: [{ name: "f" }] },
  function_call: { function_call: "auto" },
  web_search_options: { web_search_options: { search_context_size: "low" } },
  "modalities, more than text": { modalities: ["text", "audio"] },
  audio: { audio: { voice: "v", format: "mp3" } },
  frequency_penalty: { frequency_penalty: 1 },
  logit_bias: { logit_bias: { 1: 2 } },
  logprobs: { logprobs: true },
  metadata: { metadata: { a: "b" } },
  moderation: { moderation: { model: "m" } },
  prediction: { prediction: { type: "content", content: "c" } },
  presence_penalty: { presence_penalty: 1 },
  prompt_cache_key: { prompt_cache_key: "k" },
  prompt_cache_options: { prompt_cache_options: { ttl: "5m" } },
  prompt_cache_retention: { prompt_cache_retention: "24h" },
  seed: { seed: 1 },
  service_tier: { service_tier: "priority" },
  store: { store: true },
  top_logprobs: { top_logprobs: 2 },
  verbosity: { verbosity: "low" },
  "messages[].role, system or developer, before all others": {
    messages: [
      { role: "developer", content: "a" },
      { role: "user", content: "hello" },
    ],
  },
  "messages[].role, system or developer, later": {
    messages: [
      { role: "user", content: "hello" },
      { role: "system", content: "a" },
    ],
  },
  "messages[], function": { messages: [{ role: "function", name: "f", content: "a" }] },
  "messages[].name": { messages: [{ role: "user", content: "hello", name: "Ada" }] },
  "messages[].content": { messages: [{ role: "user", content: "other" }] },
  [`${P}, text`]: part(text("other")),
  [`${P}, image_url`]: part({ type: "image_url", image_url: { url: "https://e.test/a.png" } }),
  [`${P}.image_url.detail`]: part({ type: "image_url", image_url: { url: "https://e.test/a.png", detail: "low" } }),
  [`${P}, file, PDF in base64`]: part({ type: "file", file: { file_data: `data:application/pdf;base64,${PDF}` } }),
  [`${P}.file.file_id`]: part({ type: "file", file: { file_id: "file_1" } }),
  [`${P}, input_audio`]: part({ type: "input_audio", input_audio: { data: "a", format: "mp3" } }),
  [K]: answered({ ...CALLED, id: "c.1" }, [{ ...ANSWER, tool_call_id: "c.1" }]),
  [`${K}.function.arguments, no JSON object`]: answered({ ...CALLED, function: { name: "f", arguments: "[1" } }, [
    ANSWER,
  ]),
  [`${K}, custom`]: answered({ id: "c1", type: "custom", custom: { name: "f", input: "i" } }, [ANSWER]),
  [`${K}, without its result`]: answered(CALLED, []),
  "messages[].tool_call_id": answered(CALLED, [ANSWER]),
  "messages[].tool_call_id, without its call": { messages: [{ role: "user", content: "a" }, ANSWER] },
  "messages[].refusal": before({ content: null, refusal: "I will not." }),
  "messages[].audio": before({ audio: { id: "audio_1" } }),
  "messages[].function_call": before({ function_call: { name: "f", arguments: "{}" } }),
  "messages[].reasoning_content": before({ reasoning_content: "hm" }),
  "messages[].reasoning": before({ reasoning: "hm" }),
  "messages[].reasoning_details": before({ reasoning_details: [{ type: "reasoning.text", text: "hm" }] }),
  "messages[], the last one is the assistant's, Claude 4.6 and later": {
    over: {
      messages: [
        { role: "user", content: "a" },
        { role: "assistant", content: "b" },
      ],
    },
    model: NEW,
  },
};
