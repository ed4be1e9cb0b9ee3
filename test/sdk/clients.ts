// The official SDKs as clients of the gateway, unmodified and with their own retries, behind one shape: a question in, what
// was heard out. What an SDK throws comes through as it is.

import Anthropic0 from "anthropic-sdk-0";
import Anthropic1 from "anthropic-sdk-1";
import OpenAI6 from "openai-6";
import OpenAI7 from "openai-7";
import type { DialectId } from "../../src/core/call.ts";
import type { Question } from "../support/providers.ts";

/** `raw`: the events of a stream, one by one; `helper`: the SDK's own accumulator of a stream; `whole`: no stream. */
export type Style = "raw" | "helper" | "whole";
export const STYLES: readonly Style[] = ["raw", "helper", "whole"];

/** An answer that the SDK reported as a success. */
export interface Heard {
  readonly text: string;
  /** `input` is parsed; text that does not parse is given as it came. */
  readonly tools: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  /** Why it ended; `null` when nobody said so. */
  readonly finish: string | null;
  readonly model: string;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** The SDK's own `timeout`, which is also the client's deadline for headers. */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further fields of the request's body. */
  readonly fields?: object;
  /** Runs at each piece of a raw stream. */
  readonly onPiece?: () => void;
}

export interface SdkClient {
  readonly name: string;
  readonly dialect: DialectId;
  ask(gateway: string, style: Style, question: Question, options?: AskOptions): Promise<Heard>;
}

export const MAX_TOKENS = 1_000;

/** `base` is the gateway's url. No retries of ours: the SDK's default. */
export function anthropic(version: 0 | 1, base: string): Anthropic1 {
  // What is called here has one shape in both versions; their types do not unite.
  const Sdk = version === 0 ? (Anthropic0 as unknown as typeof Anthropic1) : Anthropic1;
  return new Sdk({ apiKey: "unused", baseURL: base, logLevel: "off" });
}

export function openai(version: 6 | 7, base: string): OpenAI6 {
  // As above.
  const Sdk = version === 6 ? OpenAI6 : (OpenAI7 as unknown as typeof OpenAI6);
  return new Sdk({ apiKey: "unused", baseURL: `${base}/v1`, logLevel: "off" });
}

export const CLIENTS: readonly SdkClient[] = [
  { name: "openai 6", dialect: "openai-chat", ask: (base, ...asked) => askOpenai(openai(6, base), ...asked) },
  { name: "openai 7", dialect: "openai-chat", ask: (base, ...asked) => askOpenai(openai(7, base), ...asked) },
  {
    name: "anthropic 0",
    dialect: "anthropic-messages",
    ask: (base, ...asked) => askAnthropic(anthropic(0, base), ...asked),
  },
  {
    name: "anthropic 1",
    dialect: "anthropic-messages",
    ask: (base, ...asked) => askAnthropic(anthropic(1, base), ...asked),
  },
];

function optionsOf({ signal, timeoutMs, headers }: AskOptions) {
  return {
    ...(signal !== undefined && { signal }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    ...(headers !== undefined && { headers }),
  };
}

async function askAnthropic(
  sdk: Anthropic1,
  style: Style,
  { model, prompt, tools, choice }: Question,
  options: AskOptions = {},
): Promise<Heard> {
  const body = {
    model,
    max_tokens: MAX_TOKENS,
    messages: [{ role: "user" as const, content: prompt }],
    ...options.fields,
    ...(tools.length > 0 && {
      // The schemas of the tests are objects, which is all that the SDK's type asks.
      tools: tools.map(({ name, schema }) => ({ name, input_schema: schema as Anthropic1.Tool.InputSchema })),
      tool_choice: { type: choice === "any" ? ("any" as const) : ("auto" as const) },
    }),
  };
  switch (style) {
    case "whole":
      return heardMessage(await sdk.messages.create(body, optionsOf(options)));
    case "helper":
      return heardMessage(await sdk.messages.stream(body, optionsOf(options)).finalMessage());
    case "raw":
      return rawAnthropic(await sdk.messages.create({ ...body, stream: true }, optionsOf(options)), options);
  }
}

function heardMessage({ content, stop_reason, model }: Anthropic1.Message): Heard {
  return {
    text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
    tools: content.flatMap((block) =>
      block.type === "tool_use" ? [{ id: block.id, name: block.name, input: block.input }] : [],
    ),
    finish: stop_reason,
    model,
  };
}

async function rawAnthropic(
  stream: AsyncIterable<Anthropic1.RawMessageStreamEvent>,
  { onPiece }: AskOptions,
): Promise<Heard> {
  let text = "";
  let finish: string | null = null;
  let model = "";
  let stopped = false;
  const tools = new Map<number, { id: string; name: string; json: string }>();
  for await (const event of stream) {
    if (event.type === "message_start") model = event.message.model;
    if (event.type === "content_block_start" && event.content_block.type === "tool_use") {
      tools.set(event.index, { id: event.content_block.id, name: event.content_block.name, json: "" });
    }
    if (event.type === "content_block_delta") {
      const tool = tools.get(event.index);
      if (event.delta.type === "text_delta") text += event.delta.text;
      if (event.delta.type === "input_json_delta" && tool !== undefined) tool.json += event.delta.partial_json;
      onPiece?.();
    }
    if (event.type === "message_delta") finish = event.delta.stop_reason;
    if (event.type === "message_stop") stopped = true;
  }
  return { text, tools: parsed([...tools.values()]), finish: stopped ? finish : null, model };
}

async function askOpenai(
  sdk: OpenAI6,
  style: Style,
  { model, prompt, tools, choice }: Question,
  options: AskOptions = {},
): Promise<Heard> {
  const body = {
    model,
    messages: [{ role: "user" as const, content: prompt }],
    ...options.fields,
    ...(tools.length > 0 && {
      tools: tools.map(({ name, schema }) => ({
        type: "function" as const,
        // The schemas of the tests are objects.
        function: { name, parameters: schema as Record<string, unknown> },
      })),
      tool_choice: choice === "any" ? ("required" as const) : ("auto" as const),
    }),
  };
  switch (style) {
    case "whole":
      return heardCompletion(await sdk.chat.completions.create(body, optionsOf(options)));
    case "helper":
      return heardCompletion(await sdk.chat.completions.stream(body, optionsOf(options)).finalChatCompletion());
    case "raw":
      return rawOpenai(await sdk.chat.completions.create({ ...body, stream: true }, optionsOf(options)), options);
  }
}

function heardCompletion({ choices, model }: OpenAI6.ChatCompletion): Heard {
  const choice = choices[0];
  const tools = (choice?.message.tool_calls ?? []).flatMap((call) =>
    call.type === "function" ? [{ id: call.id, name: call.function.name, json: call.function.arguments }] : [],
  );
  // The SDK's type knows no absent reason; the wire does.
  const finish: string | null = choice?.finish_reason ?? null;
  return { text: choice?.message.content ?? "", tools: parsed(tools), finish, model };
}

async function rawOpenai(stream: AsyncIterable<OpenAI6.ChatCompletionChunk>, { onPiece }: AskOptions): Promise<Heard> {
  let text = "";
  let finish: string | null = null;
  let model = "";
  const tools = new Map<number, { id: string; name: string; json: string }>();
  for await (const chunk of stream) {
    model = chunk.model;
    const choice = chunk.choices[0];
    text += choice?.delta.content ?? "";
    for (const { index, id, function: called } of choice?.delta.tool_calls ?? []) {
      const tool = tools.get(index) ?? { id: id ?? "", name: called?.name ?? "", json: "" };
      tools.set(index, { ...tool, json: tool.json + (called?.arguments ?? "") });
    }
    finish = choice?.finish_reason ?? finish;
    if (choice?.delta.content || choice?.delta.tool_calls) onPiece?.();
  }
  return { text, tools: parsed([...tools.values()]), finish, model };
}

function parsed(tools: readonly { id: string; name: string; json: string }[]): Heard["tools"] {
  return tools.map(({ id, name, json }) => ({ id, name, input: jsonOr(json) }));
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
