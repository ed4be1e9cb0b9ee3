// The wire half of Chat Completions: the few answers that are too small for a file of their own, and the rest by name.

import type { HeaderMap } from "../../core/runtime.ts";
import { actsAlone } from "../acts-alone.ts";
import { annotate } from "../annotate.ts";
import type { DialectWire } from "../dialect.ts";
import { formatOf, toolsOf } from "./declared.ts";
import { errorFrame, faultTo } from "./error-reply.ts";
import { faultFrom } from "./faults.ts";
import { goOn, takesPrefix } from "./go-on.ts";
import { judge } from "./judge.ts";
import { limitsOf } from "./limits.ts";
import { inspect, patch } from "./request-scan.ts";
import { openTap } from "./tap.ts";

const PATHS = { generate: "/chat/completions", embed: "/embeddings", "count-tokens": undefined } as const;
const LOWER_O = 0x6f;
const LOWER_X = 0x78;
const PASSED_HEADER = /^(x-request-id$|openai-|x-ratelimit-)/;

const encoder = new TextEncoder();

/** Closes every stream that ended well; after an error it must not come. */
export const TERMINAL_FRAME = encoder.encode("data: [DONE]\n\n");

const ACTING = { clientTools: new Set(["function", "custom"]), keys: ["web_search_options"] };

export const wire: DialectWire = {
  id: "openai-chat",
  path: (operation) => PATHS[operation],
  inspect,
  patch,
  actsAlone: (body) => actsAlone(body, ACTING),
  tap: openTap,
  toolsOf,
  formatOf,
  takesPrefix,
  goOn,
  judge,
  faultFrom,
  faultTo,
  errorFrame,
  // The SDKs break on events they do not know; comments pass everywhere.
  pingFrame: encoder.encode(": holdfast\n\n"),
  terminalFrame: TERMINAL_FRAME,
  annotate,
  limitsOf,
  passHeaders,
};

function passHeaders(headers: HeaderMap): HeaderMap {
  const passed: Record<string, string> = {};
  for (const name in headers) {
    const initial = name.charCodeAt(0);
    const value = (initial === LOWER_O || initial === LOWER_X) && PASSED_HEADER.test(name) ? headers[name] : undefined;
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}
