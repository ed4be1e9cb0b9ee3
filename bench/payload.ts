// The bytes that the bench sends and receives: requests and replies of both dialects, rendered once, shaped like the
// vendors' own. Each piece of text holds one `#`, so that a client can count what arrived without parsing it.
// Not a codec and not a fixture of the tests: it knows only what the loads need.

export type BenchDialect = "anthropic" | "chat";

/** A stream in three parts: what comes at once, one frame per event, and the frames that end it. */
export interface StreamPayload {
  readonly opening: Uint8Array<ArrayBuffer>;
  readonly events: readonly Uint8Array<ArrayBuffer>[];
  readonly closing: readonly Uint8Array<ArrayBuffer>[];
  /** The text that the events spell. */
  readonly text: string;
}

export interface WholePayload {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly text: string;
}

/** One byte that is in each piece of text once and in no header, chunk size or field name. */
export const MARK = "#";
/** Pieces of text in a whole reply. */
export const WHOLE_MARKS = 6;

export const PATHS: Readonly<Record<BenchDialect, string>> = {
  anthropic: "/v1/messages",
  chat: "/v1/chat/completions",
};

/** What the last bytes of a complete stream hold, as the client of each dialect sees it. */
export const TERMINALS: Readonly<Record<BenchDialect, string>> = {
  anthropic: '"message_stop"',
  chat: "data: [DONE]",
};

const encoder = new TextEncoder();

/** About 30 characters; some need escapes or more than one byte, as real text does. */
function piece(index: number): string {
  const number = String(index).padStart(4, "0");
  if (index % 10 === 3) return `${MARK}${number} said "hold fast"\nto the kelp `;
  if (index % 10 === 7) return `${MARK}${number} naïve café, 海藻 in a storm `;
  return `${MARK}${number} and then the kelp holds on `;
}

function pieces(count: number): string[] {
  return Array.from({ length: count }, (_, index) => piece(index));
}

function named(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

function anthropicStream(count: number): StreamPayload {
  const message = {
    id: "msg_01BenchBenchBenchBenchBe",
    type: "message",
    role: "assistant",
    model: "claude-bench",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 212, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 },
  };
  const texts = pieces(count);
  const opening =
    named("message_start", { message }) +
    named("content_block_start", { index: 0, content_block: { type: "text", text: "" } }) +
    named("ping", {});
  const closing = [
    named("content_block_stop", { index: 0 }),
    named("message_delta", {
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: count * 8 },
    }),
    named("message_stop", {}),
  ];
  return {
    opening: encoder.encode(opening),
    events: texts.map((text) =>
      encoder.encode(named("content_block_delta", { index: 0, delta: { type: "text_delta", text } })),
    ),
    closing: closing.map((frame) => encoder.encode(frame)),
    text: texts.join(""),
  };
}

function chatChunk(choices: readonly object[], extra: object = {}): string {
  const chunk = {
    id: "chatcmpl-BenchBenchBenchBenchBenchBen",
    object: "chat.completion.chunk",
    created: 1_780_000_000,
    model: "gpt-bench",
    service_tier: "default",
    system_fingerprint: "fp_0bench0bench",
    choices,
    ...extra,
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function chatChoice(delta: object, finish: string | null): object {
  return { index: 0, delta, logprobs: null, finish_reason: finish };
}

function chatUsage(completion: number): object {
  return {
    prompt_tokens: 212,
    completion_tokens: completion,
    total_tokens: 212 + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}

/** As the vendor does: with `include_usage` each chunk carries `usage: null` and one more chunk comes before `[DONE]`. */
function chatStream(count: number, withUsage: boolean): StreamPayload {
  const texts = pieces(count);
  const extra = withUsage ? { usage: null } : {};
  const usage = withUsage ? [chatChunk([], { usage: chatUsage(count * 8) })] : [];
  const closing = [chatChunk([chatChoice({}, "stop")], extra), ...usage, "data: [DONE]\n\n"];
  return {
    opening: encoder.encode(chatChunk([chatChoice({ role: "assistant", content: "", refusal: null }, null)], extra)),
    events: texts.map((content) => encoder.encode(chatChunk([chatChoice({ content }, null)], extra))),
    closing: closing.map((frame) => encoder.encode(frame)),
    text: texts.join(""),
  };
}

/** The stream of `count` text events; `withUsage` matters to Chat alone. */
export function streamPayload(dialect: BenchDialect, count: number, withUsage: boolean): StreamPayload {
  return dialect === "anthropic" ? anthropicStream(count) : chatStream(count, withUsage);
}

/** A whole reply of about 0.5 KB. */
export function wholePayload(dialect: BenchDialect): WholePayload {
  const text = pieces(WHOLE_MARKS).join("");
  const reply =
    dialect === "anthropic"
      ? {
          id: "msg_01BenchBenchBenchBenchBe",
          type: "message",
          role: "assistant",
          model: "claude-bench",
          content: [{ type: "text", text }],
          stop_reason: "end_turn",
          stop_sequence: null,
          usage: { input_tokens: 212, cache_read_input_tokens: 0, output_tokens: 48 },
        }
      : {
          id: "chatcmpl-BenchBenchBenchBenchBenchBen",
          object: "chat.completion",
          created: 1_780_000_000,
          model: "gpt-bench",
          choices: [{ index: 0, message: { role: "assistant", content: text, refusal: null }, finish_reason: "stop" }],
          usage: { prompt_tokens: 212, completion_tokens: 48, total_tokens: 260 },
        };
  return { body: encoder.encode(JSON.stringify(reply)), text };
}

/** A request body of about 1 KB. */
export function requestBody(dialect: BenchDialect, model: string, stream: boolean): string {
  const question = "Which of these knots would hold a kelp boat in a westerly storm, and why that one? "
    .repeat(10)
    .trim();
  const system = "You answer for the harbour office. Be brief, name your sources, and say when you do not know.";
  const messages = [{ role: "user", content: question }];
  return JSON.stringify(
    dialect === "anthropic"
      ? { model, max_tokens: 1024, stream, temperature: 0.7, system, messages }
      : {
          model,
          max_completion_tokens: 1024,
          stream,
          temperature: 0.7,
          messages: [{ role: "system", content: system }, ...messages],
        },
  );
}

/** Headers like those of the vendors' SDKs, as one block without the request line, `host` and `content-length`. */
export function requestHeaders(dialect: BenchDialect): Readonly<Record<string, string>> {
  const common = {
    accept: "application/json",
    "content-type": "application/json",
    "user-agent": "Bench/JS 1.0.0",
    "x-stainless-lang": "js",
    "x-stainless-runtime": "node",
    "x-stainless-retry-count": "0",
    "x-stainless-timeout": "600",
  };
  return dialect === "anthropic"
    ? { ...common, "anthropic-version": "2023-06-01", "x-api-key": "bench" }
    : { ...common, authorization: "Bearer bench" };
}

/** The text of a streamed or whole reply, by a full parse: what the counting of marks cannot show. */
export function textOf(dialect: BenchDialect, stream: boolean, body: string): string {
  const documents = stream
    ? [...body.matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1] ?? "{}"))
    : [JSON.parse(body)];
  return documents
    .map((document) =>
      dialect === "anthropic"
        ? (document.delta?.text ?? document.content?.[0]?.text ?? "")
        : (document.choices?.[0]?.delta?.content ?? document.choices?.[0]?.message?.content ?? ""),
    )
    .join("");
}
