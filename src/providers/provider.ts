// Whom we call: a provider's address and what its requests carry in headers. Data and one small function; wire formats
// are the dialects' business, and which key to take is the caller's.

import type { DialectId } from "../core/call.ts";
import type { HeaderMap } from "../core/runtime.ts";
import type { ProviderSettings } from "../core/settings.ts";
import { VERSION } from "../core/version.ts";

export interface Provider {
  readonly name: string;
  readonly dialect: DialectId;
  /** Without a trailing slash; a dialect's path is appended. */
  readonly url: string;
  readonly tier: "remote" | "local";
  /** With the path of one of its dialect's operations. */
  urlOf(path: string): string;
  /**
   * Every header of a request to this provider. Of the client's headers only the dialect's allow-list passes: never a
   * credential, a cookie, or what the client's SDK says of itself. `key` is absent for a provider that needs none.
   */
  authorize(key: string | undefined, client: HeaderMap): HeaderMap;
}

interface DialectHeaders {
  /** Client headers that pass unchanged. What belongs to a credential (an organization, a workspace) does not. */
  readonly pass: readonly string[];
  /** Where the client sent none. */
  readonly defaults: HeaderMap;
  readonly credential: (key: string) => HeaderMap;
}

/** W3C Trace Context: what a provider notes of a request can be joined to the caller's trace. */
const TRACE = ["traceparent", "tracestate"];

const HEADERS: Readonly<Record<DialectId, DialectHeaders>> = {
  "anthropic-messages": {
    pass: ["anthropic-version", "anthropic-beta", "anthropic-user-profile-id", "idempotency-key", ...TRACE],
    defaults: { "anthropic-version": "2023-06-01" },
    credential: (key) => ({ "x-api-key": key }),
  },
  "openai-chat": {
    pass: ["idempotency-key", ...TRACE],
    defaults: {},
    credential: (key) => ({ authorization: `Bearer ${key}` }),
  },
};

const OWN: HeaderMap = {
  "content-type": "application/json",
  accept: "application/json",
  "user-agent": `holdfast/${VERSION}`,
};

export function createProvider({ name, dialect, url, tier }: ProviderSettings): Provider {
  const { pass, defaults, credential } = HEADERS[dialect];
  const base: HeaderMap = { ...OWN, ...defaults };
  const urls = new Map<string, string>();
  return {
    name,
    dialect,
    url,
    tier,
    urlOf(path) {
      // The same few strings for all requests: whoever looks at one again need not read it.
      const known = urls.get(path);
      if (known !== undefined) return known;
      const made = url + path;
      urls.set(path, made);
      return made;
    },
    authorize(key, client) {
      const headers: Record<string, string> = { ...base };
      for (const header of pass) {
        const value = client[header];
        if (value !== undefined) headers[header] = value;
      }
      return key === undefined ? headers : Object.assign(headers, credential(key));
    },
  };
}

/**
 * Of a client's headers those that a provider of the client's own dialect may see: what `Call.headers` carries. A provider
 * of another dialect takes only what its own list names too.
 */
export function forwardedHeaders(dialect: DialectId, headers: Pick<Headers, "get">): HeaderMap {
  const found: Record<string, string> = {};
  for (const name of HEADERS[dialect].pass) {
    const value = headers.get(name);
    if (value !== null) found[name] = value;
  }
  return found;
}
