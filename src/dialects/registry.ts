// The dialects that this version speaks, by id. Adding one is a folder and a line here.

import type { DialectId } from "../core/call.ts";
import { anthropicMessages } from "./anthropic-messages/dialect.ts";
import type { Dialect } from "./dialect.ts";
import { openaiChat } from "./openai-chat/dialect.ts";

export const DIALECTS: Readonly<Record<DialectId, Dialect>> = {
  "anthropic-messages": anthropicMessages,
  "openai-chat": openaiChat,
};
