// OpenAI Chat Completions and embeddings, and the many servers that speak them.

import type { Dialect, DialectCodec } from "../dialect.ts";
import { decodeReply, openDecoder } from "./decode-reply.ts";
import { decodeRequest } from "./decode-request.ts";
import { encodeReply, openEncoder } from "./encode-reply.ts";
import { encodeRequest } from "./encode-request.ts";
import { clientPath } from "./request-fields.ts";
import { sentName } from "./tool-names.ts";
import { wire } from "./wire.ts";

const codec: DialectCodec = {
  id: "openai-chat",
  clientPath,
  decodeRequest,
  encodeRequest,
  sentName,
  decodeReply,
  encodeReply,
  decoder: openDecoder,
  encoder: openEncoder,
};

export const openaiChat: Dialect = { wire, codec };
