// The codec half of the Messages API, put together: only for calls whose target speaks another dialect.

import type { DialectCodec } from "../dialect.ts";
import { decodeReply, messagesDecoder } from "./decode-reply.ts";
import { decodeRequest } from "./decode-request.ts";
import { encodeReply, messagesEncoder } from "./encode-reply.ts";
import { encodeRequest } from "./encode-request.ts";
import { sentName } from "./tool-name.ts";

/** Keys of `Prompt` in the client's own names, where they differ. */
const CLIENT_KEYS: Readonly<Record<string, string>> = {
  turns: "messages",
  maxTokens: "max_tokens",
  topP: "top_p",
  topK: "top_k",
  stop: "stop_sequences",
  toolChoice: "tool_choice",
  parallelTools: "tool_choice.disable_parallel_tool_use",
  format: "output_config.format",
  effort: "output_config.effort",
  user: "metadata.user_id",
};

export const messagesCodec: DialectCodec = {
  id: "anthropic-messages",
  clientPath,
  decodeRequest,
  encodeRequest,
  sentName,
  decodeReply,
  encodeReply,
  decoder: messagesDecoder,
  encoder: messagesEncoder,
};

function clientPath(path: string): string {
  const key = /^\w*/.exec(path)?.[0] ?? "";
  const rest = path.slice(key.length);
  const head = Object.hasOwn(CLIENT_KEYS, key) ? (CLIENT_KEYS[key] ?? key) : key;
  return (
    head +
    rest
      .replaceAll(".parts", ".content")
      .replace(/\.isError$/, ".is_error")
      .replace(/\.schema\b/, key === "tools" ? ".input_schema" : ".schema")
  );
}
