// A request to an address that was checked, instead of wherever its host's name leads to a moment later. The name stays what
// the certificate must be for and what the server is told (RFC 9110 §7.2, RFC 6066 §3). Bun's `fetch` takes both.

import type { WireRequest } from "../core/runtime.ts";

export interface PinnedRequest extends WireRequest {
  /** For Bun's `fetch`. */
  readonly init: { readonly tls?: { readonly serverName: string } };
}

/** `address`: an IP address in its usual text form. */
export function pinnedTo(request: WireRequest, address: string): PinnedRequest {
  const url = new URL(request.url);
  const { host, hostname, protocol } = url;
  url.hostname = address.includes(":") ? `[${address}]` : address;
  return {
    ...request,
    url: url.href,
    headers: { ...request.headers, host },
    init: protocol === "https:" ? { tls: { serverName: hostname } } : {},
  };
}
