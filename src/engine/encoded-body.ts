// Bodies that are compressed although none was asked for: some proxies do that to every answer. The gateway passes bytes
// on as they come and reads them as text, so that such an answer is the provider's fault, and its message says which.

import { type Fault, fault } from "../core/fault.ts";
import type { HeaderMap } from "../core/runtime.ts";

const NAME = /^[\w., -]{1,40}$/;

/** The fault of an answer whose body cannot be read; `undefined` for one that is not encoded. */
export function encodedBody(headers: HeaderMap): Fault | undefined {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return undefined;
  const name = NAME.test(encoding) ? encoding : "unknown";
  return fault("malformed-reply", `the answer is compressed (content-encoding ${name}), which was not asked for`);
}
