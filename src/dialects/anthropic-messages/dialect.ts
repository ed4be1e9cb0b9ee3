// Anthropic's Messages API as a dialect: `POST /v1/messages` and `/v1/messages/count_tokens`, of both API versions.

import type { Dialect } from "../dialect.ts";
import { messagesCodec } from "./codec.ts";
import { messagesWire } from "./wire.ts";

export const anthropicMessages: Dialect = { wire: messagesWire, codec: messagesCodec };
