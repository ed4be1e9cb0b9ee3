// The wire half of the Messages API, put together: every call of this dialect passes here, by bytes.

import type { Operation } from "../../core/call.ts";
import type { HeaderMap } from "../../core/runtime.ts";
import { actsAlone } from "../acts-alone.ts";
import { annotate } from "../annotate.ts";
import type { DialectWire } from "../dialect.ts";
import { frameOf } from "../sse.ts";
import { formatOf, toolsOf } from "./declared.ts";
import { faultFrom } from "./faults.ts";
import { errorFrame, faultTo } from "./final-error.ts";
import { goOn, takesPrefix } from "./go-on.ts";
import { inspect, patch } from "./inspect.ts";
import { judge } from "./judge.ts";
import { limitsOf } from "./limits.ts";
import { messagesTap } from "./tap.ts";

const PATHS: Readonly<Partial<Record<Operation, string>>> = {
  generate: "/v1/messages",
  "count-tokens": "/v1/messages/count_tokens",
};

// A tool without a type is the client's own. Others that a client runs (a shell, an editor) have dated types: new ones are
// not known here, and a call with them is just not hedged.
const ACTING = { clientTools: new Set([undefined, null, "custom"]), keys: ["mcp_servers", "container"] };

export const messagesWire: DialectWire = {
  id: "anthropic-messages",
  path: (operation) => PATHS[operation],
  inspect,
  patch,
  actsAlone: (body) => actsAlone(body, ACTING),
  tap: messagesTap,
  toolsOf,
  formatOf,
  takesPrefix,
  goOn,
  judge,
  faultFrom,
  faultTo,
  errorFrame,
  pingFrame: frameOf('{"type": "ping"}', "ping"),
  terminalFrame: frameOf('{"type":"message_stop"}', "message_stop"),
  annotate,
  limitsOf,
  passHeaders,
};

/** The provider's identity of the request and its limits. All that speaks of retrying or of the connection stays here. */
function passHeaders(headers: HeaderMap): HeaderMap {
  const passed: Record<string, string> = {};
  for (const name in headers) {
    const value = name === "request-id" || name.startsWith("anthropic-") ? headers[name] : undefined;
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}
