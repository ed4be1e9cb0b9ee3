// Every field of a Messages request, and what becomes of it at a target that speaks Chat.

import { type FieldRow, fieldRow as row } from "../field-ledger.ts";

const CONTENT = "messages[].content[]";
const OWN = "this provider's own";
const EACH = "each provider's own";

export const MESSAGES_FIELDS: readonly FieldRow[] = [
  row("mapped", "model", "the target's model"),
  row("mapped", "stream", "`stream`, and usage is always asked for"),
  row("mapped", "max_tokens", "`max_tokens`, at OpenAI `max_completion_tokens`"),
  row("approximated", "max_tokens", "lowered to the target's largest output", { when: "above it" }),
  row("rejected", "max_tokens", "only Anthropic can be asked for no token", { when: "0" }),
  row("mapped", "temperature", "`temperature`"),
  row("mapped", "top_p", "`top_p`"),
  row("dropped", "top_k", "Chat has no such field"),
  row("mapped", "stop_sequences", "`stop`"),
  row("approximated", "stop_sequences", "the first four", { when: "more than four" }),
  row("mapped", "metadata.user_id", "`user`"),
  row("mapped", "system", "a system message; blocks are joined by a blank line"),
  row("dropped", "system[].cache_control", "cache hints are this dialect's own"),

  row("mapped", "tools", "function tools"),
  row("mapped", "tools[].description", "`function.description`"),
  row("mapped", "tools[].strict", "`function.strict`"),
  row("rejected", "tools[].type", "a tool that Anthropic runs or defines cannot be carried to another provider", {
    when: "not custom",
  }),
  row("mapped", "tools[].name", "`function.name`; one of over 64 characters is shortened with a hash, and given back"),
  row("dropped", "tools[].cache_control", "cache hints are this dialect's own"),
  row("dropped", "tools[].eager_input_streaming", "tool calls are delivered whole"),
  row("dropped", "tools[].defer_loading", "all tools are sent"),
  row("dropped", "tools[].input_examples", "examples of tool input are this dialect's own"),
  row("dropped", "tools[].allowed_callers", "who may call a tool is this dialect's own"),
  row("mapped", "tool_choice", "`any` is `required`, a tool is a function"),
  row("mapped", "tool_choice.disable_parallel_tool_use", "`parallel_tool_calls: false`"),

  row("approximated", "thinking", "`reasoning_effort: high`", { when: "adaptive" }),
  row("approximated", "thinking.budget_tokens", "an effort: under 4000 low, under 16000 medium, else high"),
  row("mapped", "thinking", "`reasoning_effort: none`", { when: "disabled" }),
  row("dropped", "thinking.display", "what is shown of thinking is this dialect's own"),
  row("mapped", "output_config.effort", "`reasoning_effort`"),
  row("mapped", "output_config.format", "`response_format`"),
  row("mapped", "output_format", "`response_format`"),

  row("dropped", "cache_control", "cache hints are this dialect's own"),
  row("dropped", "service_tier", `service tiers are ${EACH}`),
  row("dropped", "speed", `speeds are ${EACH}`),
  row("dropped", "inference_geo", `places of inference are ${EACH}`),
  row("dropped", "diagnostics", `diagnostics are ${OWN}`),
  row("dropped", "fallbacks", "a provider's own fallbacks end at that provider"),
  row("dropped", "fallback_credit_token", "a provider's own fallbacks end at that provider"),
  row("dropped", "billing_policy", `billing is ${EACH}`),
  row("dropped", "compaction", `compaction is ${OWN}`),
  row("rejected", "container", "stored at its provider"),
  row("rejected", "thread", "stored at its provider"),
  row("rejected", "mcp_servers", "the provider calls them itself"),
  row("rejected", "context_management", "the provider edits the history itself"),

  row("mapped", "messages[].role", "the same role", { when: "system" }),
  row("mapped", "messages[].content", "`content`"),
  row("mapped", `${CONTENT}.text`, "a text part"),
  row("dropped", `${CONTENT}.cache_control`, "cache hints are this dialect's own"),
  row("dropped", `${CONTENT}.citations`, "citations are this dialect's own"),
  row("mapped", CONTENT, "an `image_url` part", { when: "image, base64 or url" }),
  row("rejected", `${CONTENT}.source`, "a stored file is known to its provider only", { when: "file" }),
  row("dropped", `${CONTENT}.transformations`, "image transformations are this dialect's own"),
  row("mapped", CONTENT, "a `file` part", { when: "document, PDF in base64" }),
  row("approximated", `${CONTENT}.source`, "carried as text", { when: "document, text" }),
  row("rejected", `${CONTENT}.source`, "Chat takes no document by url", { when: "document, url" }),
  row("dropped", `${CONTENT}.context`, "a document's context is this dialect's own"),
  row("mapped", CONTENT, "`tool_calls`; an id that Chat does not take is replaced by its hash", { when: "tool_use" }),
  row("dropped", `${CONTENT}.caller`, "who called a tool is this dialect's own"),
  row("approximated", CONTENT, "text after a call is put before it", {
    when: "text after tool_use",
    named: "messages[].content",
  }),
  row("approximated", CONTENT, "a result that is an error is added", {
    when: "tool_use without its result",
    named: "messages",
  }),
  row("mapped", CONTENT, "a message of the role tool", { when: "tool_result" }),
  row("approximated", `${CONTENT}.is_error`, "`[tool error]` before its text"),
  row("approximated", CONTENT, "moved into a user message", {
    when: "image in a tool_result",
    named: `${CONTENT}.content[]`,
  }),
  row("approximated", CONTENT, "carried as text", { when: "tool_result without its call" }),
  row("dropped", CONTENT, "thinking can be read only by the provider that signed it", { when: "thinking" }),
  row("dropped", CONTENT, "thinking can be read only by the provider that signed it", { when: "redacted_thinking" }),
  row("dropped", CONTENT, "a marker of the provider's own fallback", { when: "fallback" }),
  row("rejected", CONTENT, "a server tool's block is read by its provider only", { when: "server_tool_use" }),
  row("rejected", CONTENT, "it has no counterpart", { when: "search_result" }),
  row("rejected", CONTENT, "stored at its provider", { when: "container_upload" }),
  row("approximated", "messages[]", "history: the model begins a new turn, it does not go on with this one", {
    when: "the last one is the assistant's",
  }),
];
