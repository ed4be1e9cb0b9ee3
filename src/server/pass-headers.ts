// Which headers go along when a request is passed through. Of the client's only those on a list: whatever else there is
// may be a credential, a cookie or meant for this hop. Of the provider's all but those of its connection and its origin.

import type { HeaderMap } from "../core/runtime.ts";

const REQUEST: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "anthropic-beta",
  "anthropic-user-profile-id",
  "anthropic-version",
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "idempotency-key",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "openai-beta",
  "range",
  "traceparent",
  "tracestate",
]);

/** RFC 9110 §7.6.1, the length that the platform states anew, and what a browser would take for this gateway's own. */
const NOT_PASSED: ReadonlySet<string> = new Set([
  "alt-svc",
  "clear-site-data",
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "server",
  "set-cookie",
  "strict-transport-security",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "www-authenticate",
]);

export function passedRequestHeaders(headers: Headers): HeaderMap {
  const hop = namedByConnection(headers.get("connection"));
  const passed: Record<string, string> = {};
  for (const name of REQUEST) {
    const value = hop.has(name) ? null : headers.get(name);
    if (value !== null) passed[name] = value;
  }
  return passed;
}

export function passedResponseHeaders(headers: HeaderMap): HeaderMap {
  const hop = namedByConnection(headers.connection);
  const kept = Object.entries(headers).filter(([name]) => {
    return !NOT_PASSED.has(name) && !hop.has(name) && !name.startsWith("access-control-");
  });
  return Object.fromEntries(kept);
}

/** A header named there belongs to this connection alone. */
function namedByConnection(value: string | null | undefined): ReadonlySet<string> {
  return new Set((value ?? "").split(",").map((name) => name.trim().toLowerCase()));
}
