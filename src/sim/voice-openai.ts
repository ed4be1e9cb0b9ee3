// OpenAI Chat Completions as a provider speaks it: whole replies, stream frames, errors. Thinking is shown as
// `reasoning_content`, the field that most compatible servers use.

import type { Ask, Problem } from "./ask.ts";
import type { Block, Completion } from "./completion.ts";
import { between, encodeText } from "./json.ts";
import type { Cause, Frame, Voice } from "./voice.ts";

const FINISH_REASONS = { end: "stop", length: "length", "stop-sequence": "stop", "tool-use": "tool_calls" } as const;

type Row = readonly [status: number, type: string, message: string, code: string | undefined, param?: string];

const PROBLEMS: Readonly<Record<Cause, Row>> = {
  overloaded: [503, "service_unavailable_error", "The server is overloaded.", "server_is_overloaded"],
  "rate-limit": [429, "tokens", "Rate limit reached. Please try again later.", "rate_limit_exceeded"],
  "server-error": [500, "server_error", "The server had an error while processing your request.", undefined],
  credential: [401, "invalid_request_error", "Incorrect API key provided.", "invalid_api_key"],
  "model-missing": [404, "invalid_request_error", "The model does not exist: ", "model_not_found", "model"],
  "bad-request": [400, "invalid_request_error", "The request was refused.", undefined],
  "context-too-long": [
    400,
    "invalid_request_error",
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 250000 tokens.",
    "context_length_exceeded",
    "messages",
  ],
  "no-such-path": [404, "invalid_request_error", "Invalid URL", undefined],
};

const TYPES: Readonly<Record<number, string>> = { 429: "tokens", 503: "service_unavailable_error", 504: "timeout" };

export const openaiVoice: Voice = {
  whole,
  frames,
  problem(cause, model) {
    const [status, type, message, code, param] = PROBLEMS[cause];
    return {
      status,
      type,
      message: cause === "model-missing" ? message + model : message,
      ...(code === undefined ? {} : { code }),
      ...(param === undefined ? {} : { param }),
    };
  },
  typeOf: (status) => TYPES[status] ?? (status >= 500 ? "server_error" : "invalid_request_error"),
  errorBody,
  errorFrame: (problem) => sse(errorBody(problem)),
  pingFrame: encodeText(": keep-alive\n\n"),
  malformedFrame: encodeText('data: {"id":"chatcmpl-broken","choices":[{"ind\n\n'),
  headers: (requestId) => ({ "x-request-id": requestId, "openai-organization": "sim" }),
};

function whole(completion: Completion, finished: boolean): unknown {
  const text = piecesOf(completion, "text");
  const thinking = piecesOf(completion, "thinking");
  const calls = toolsOf(completion).map(({ index: _, ...call }) => call);
  const message = {
    role: "assistant",
    content: text === undefined && calls.length > 0 ? null : (text ?? ""),
    refusal: null,
    ...(thinking === undefined ? {} : { reasoning_content: thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    annotations: [],
  };
  return {
    id: `chatcmpl-${completion.id}`,
    object: "chat.completion",
    created: completion.createdS,
    model: completion.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finished ? FINISH_REASONS[completion.stop] : null }],
    usage: usage(completion),
    system_fingerprint: "fp_sim",
  };
}

function piecesOf(completion: Completion, type: "text" | "thinking"): string | undefined {
  const block = completion.blocks.find((candidate) => candidate.type === type);
  return block === undefined || block.type === "tool" ? undefined : block.pieces.join("");
}

function toolsOf(completion: Completion) {
  return completion.blocks
    .filter((block) => block.type === "tool")
    .map((block, index) => ({
      index,
      id: `call_${block.id}`,
      type: "function",
      function: { name: block.name, arguments: JSON.stringify(block.input) },
    }));
}

function usage({ inputTokens, outputTokens, thinkingTokens, cachedTokens = 0 }: Completion) {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: thinkingTokens },
  };
}

function frames(completion: Completion, ask: Ask): readonly Frame[] {
  const { createdS, model } = completion;
  // The frames of a token are most of a stream: only what differs is made anew.
  const named = `"created":${createdS},"model":${JSON.stringify(model)}`;
  const head = `data: {"id":"chatcmpl-${completion.id}","object":"chat.completion.chunk",${named},"choices":[`;
  const tail = ask.includeUsage ? `],"usage":null}\n\n` : "]}\n\n";
  const before = encodeText(`${head}{"index":0,"delta":`);
  const after = encodeText(`,"logprobs":null,"finish_reason":null}${tail}`);
  const chunk = (kind: Frame["kind"], delta: string): Frame => ({ kind, bytes: between(before, delta, after) });
  const list: Frame[] = [chunk("preamble", '{"role":"assistant","content":"","refusal":null}')];
  let toolIndex = 0;
  for (const block of completion.blocks) {
    for (const delta of deltasOf(block, toolIndex)) list.push(chunk("content", delta));
    if (block.type === "tool") toolIndex++;
  }
  const finish = `{"index":0,"delta":{},"logprobs":null,"finish_reason":"${FINISH_REASONS[completion.stop]}"}`;
  list.push({ kind: "stop", bytes: encodeText(head + finish + tail) });
  if (ask.includeUsage) {
    list.push({ kind: "stop", bytes: encodeText(`${head}],"usage":${JSON.stringify(usage(completion))}}\n\n`) });
  }
  list.push({ kind: "terminal", bytes: encodeText("data: [DONE]\n\n") });
  return list;
}

function deltasOf(block: Block, index: number): readonly string[] {
  if (block.type === "text") return block.pieces.map((piece) => `{"content":${JSON.stringify(piece)}}`);
  if (block.type === "thinking") {
    return block.omitted ? [] : block.pieces.map((piece) => `{"reasoning_content":${JSON.stringify(piece)}}`);
  }
  const json = JSON.stringify(block.input);
  const half = Math.ceil(json.length / 2);
  const call = { index, id: `call_${block.id}`, type: "function", function: { name: block.name, arguments: "" } };
  const parts = [json.slice(0, half), json.slice(half)].filter((part) => part !== "");
  return [
    JSON.stringify({ tool_calls: [call] }),
    ...parts.map((part) => JSON.stringify({ tool_calls: [{ index, function: { arguments: part } }] })),
  ];
}

function errorBody({ message, type, param, code }: Problem): unknown {
  return { error: { message, type, param: param ?? null, code: code ?? null } };
}

function sse(data: unknown): Uint8Array {
  return encodeText(`data: ${JSON.stringify(data)}\n\n`);
}
