// Anthropic Messages as a provider speaks it: whole replies, stream frames, errors.

import type { Problem } from "./ask.ts";
import type { Block, Completion } from "./completion.ts";
import { between, encodeText } from "./json.ts";
import type { Cause, Frame, Voice } from "./voice.ts";

const STOP_REASONS = {
  end: "end_turn",
  length: "max_tokens",
  "stop-sequence": "stop_sequence",
  "tool-use": "tool_use",
} as const;
/** Opaque to everybody, as the real ones are. */
const SIGNATURE = "c2ltdWxhdGVk";

const PROBLEMS: Readonly<Record<Cause, readonly [number, string, string]>> = {
  overloaded: [529, "overloaded_error", "Overloaded"],
  "rate-limit": [
    429,
    "rate_limit_error",
    "This request would exceed your account's rate limit. Please try again later.",
  ],
  "server-error": [500, "api_error", "Internal server error"],
  credential: [401, "authentication_error", "invalid x-api-key"],
  "model-missing": [404, "not_found_error", "model: "],
  "bad-request": [400, "invalid_request_error", "The request was refused."],
  "context-too-long": [400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"],
  "no-such-path": [404, "not_found_error", "Not found"],
};

const DELTA_END = encodeText("}\n\n");

const TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
  504: "timeout_error",
  529: "overloaded_error",
};

export const anthropicVoice: Voice = {
  whole,
  frames,
  problem(cause, model) {
    const [status, type, message] = PROBLEMS[cause];
    return { status, type, message: cause === "model-missing" ? message + model : message };
  },
  typeOf: (status) => TYPES[status] ?? (status >= 500 ? "api_error" : "invalid_request_error"),
  errorBody,
  errorFrame: (problem, requestId) => sse("error", errorBody(problem, requestId)),
  pingFrame: sse("ping", { type: "ping" }),
  malformedFrame: encodeText('event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"del\n\n'),
  headers: (requestId) => ({ "request-id": requestId, "anthropic-organization-id": "sim" }),
};

function whole(completion: Completion, finished: boolean): unknown {
  return {
    ...message(completion),
    content: completion.blocks.map(contentOf),
    stop_reason: finished ? STOP_REASONS[completion.stop] : null,
    stop_sequence: completion.stopSequence ?? null,
    usage: usage(completion, completion.outputTokens),
  };
}

function message({ id, model }: Completion) {
  return { id: `msg_01${id}`, type: "message", role: "assistant", model, content: [], stop_details: null };
}

function usage(completion: Completion, outputTokens: number) {
  const thinking = completion.thinkingTokens;
  return {
    input_tokens: completion.inputTokens - (completion.cachedTokens ?? 0),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: completion.cachedTokens ?? 0,
    output_tokens: outputTokens,
    ...(thinking > 0 && outputTokens >= thinking ? { output_tokens_details: { thinking_tokens: thinking } } : {}),
    service_tier: "standard",
  };
}

function contentOf(block: Block): unknown {
  switch (block.type) {
    case "text":
      return { type: "text", text: block.pieces.join(""), citations: null };
    case "thinking":
      return { type: "thinking", thinking: block.omitted ? "" : block.pieces.join(""), signature: SIGNATURE };
    case "tool":
      return { type: "tool_use", id: `toolu_01${block.id}`, name: block.name, input: block.input };
  }
}

function frames(completion: Completion): readonly Frame[] {
  const start = {
    ...message(completion),
    stop_reason: null,
    stop_sequence: null,
    usage: usage(completion, 1),
  };
  const list: Frame[] = [
    { kind: "preamble", bytes: sse("message_start", { type: "message_start", message: start }) },
    { kind: "preamble", bytes: anthropicVoice.pingFrame },
  ];
  for (const [index, block] of completion.blocks.entries()) list.push(...blockFrames(block, index));
  const delta = { stop_reason: STOP_REASONS[completion.stop], stop_sequence: completion.stopSequence ?? null };
  list.push({
    kind: "stop",
    bytes: sse("message_delta", { type: "message_delta", delta, usage: usage(completion, completion.outputTokens) }),
  });
  list.push({ kind: "terminal", bytes: sse("message_stop", { type: "message_stop" }) });
  return list;
}

function blockFrames(block: Block, index: number): readonly Frame[] {
  const list: Frame[] = [
    {
      kind: "preamble",
      bytes: sse("content_block_start", { type: "content_block_start", index, content_block: opening(block) }),
    },
  ];
  // The frames of a token are most of a stream: only what differs is made anew.
  const head = encodeText(`event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":`);
  const push = (delta: string) => list.push({ kind: "content", bytes: between(head, delta, DELTA_END) });
  if (block.type === "text") {
    for (const piece of block.pieces) push(`{"type":"text_delta","text":${JSON.stringify(piece)}}`);
  } else if (block.type === "thinking") {
    const shown = block.omitted ? [] : block.pieces;
    for (const piece of shown) push(`{"type":"thinking_delta","thinking":${JSON.stringify(piece)}}`);
    push(`{"type":"signature_delta","signature":"${SIGNATURE}"}`);
  } else {
    const json = JSON.stringify(block.input);
    const third = Math.ceil(json.length / 3);
    for (const part of ["", json.slice(0, third), json.slice(third, 2 * third), json.slice(2 * third)]) {
      push(`{"type":"input_json_delta","partial_json":${JSON.stringify(part)}}`);
    }
  }
  list.push({ kind: "preamble", bytes: sse("content_block_stop", { type: "content_block_stop", index }) });
  return list;
}

function opening(block: Block): unknown {
  switch (block.type) {
    case "text":
      return { type: "text", text: "", citations: null };
    case "thinking":
      return { type: "thinking", thinking: "", signature: "" };
    case "tool":
      return { type: "tool_use", id: `toolu_01${block.id}`, name: block.name, input: {} };
  }
}

function errorBody(problem: Problem, requestId: string): unknown {
  return {
    type: "error",
    error: { details: null, type: problem.type, message: problem.message },
    request_id: requestId,
  };
}

function sse(event: string, data: unknown): Uint8Array {
  return encodeText(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
