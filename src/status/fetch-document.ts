// One document of a status page over the network: bounded in time and size, asked for conditionally, redirected a few times
// and only to public addresses, which are connected to as they were checked. It never throws and never hangs: whatever a host does, there is an answer in time.

import { concat } from "../core/bytes.ts";
import { CancelSource } from "../core/cancel.ts";
import { type Fault, fault, isFault } from "../core/fault.ts";
import { isPublicAddress } from "../core/public-address.ts";
import { retryAfterMs } from "../core/retry-after.ts";
import type { HeaderMap, Runtime, WireResponse } from "../core/runtime.ts";
import type { PageError } from "../core/status-page.ts";
import { VERSION } from "../core/version.ts";
import { DOCUMENT_BYTES_MAX } from "./parse.ts";

/** The addresses behind a host's name; absent where the platform cannot tell: then no redirect leaves its host. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

export interface Reach {
  readonly runtime: Runtime;
  readonly resolveHost?: ResolveHost;
}

/** What makes the next request conditional. */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export type Fetched =
  | { readonly kind: "new"; readonly bytes: Uint8Array; readonly contentType: string; readonly validators: Validators }
  | { readonly kind: "same" }
  /** `absent`: the host is there and has no such document. */
  | { readonly kind: "failed"; readonly error: PageError; readonly absent: boolean; readonly retryAfterMs?: number };

const DOCUMENT_MS = 10_000;
const CONNECT_MS = 5_000;
const REDIRECTS_MAX = 3;

export async function fetchDocument(reach: Reach, url: string, known: Validators): Promise<Fetched> {
  const cancel = new CancelSource();
  const late = fault("deadline-exceeded", `no whole answer within ${DOCUMENT_MS / 1_000} s`);
  const disarm = reach.runtime.clock.after(DOCUMENT_MS, () => cancel.cancel(late));
  try {
    return await orCancelled(cancel, follow(reach, url, known, cancel));
  } catch {
    return failed("network", "the request failed inside");
  } finally {
    disarm();
    cancel.cancel(fault("cancelled", "read"));
  }
}

/** A transport that does not heed its token must not keep us either. */
function orCancelled(cancel: CancelSource, work: Promise<Fetched>): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    cancel.onCancel(() => resolve(failed("timeout", `no whole answer within ${DOCUMENT_MS / 1_000} s`)));
    work.then(resolve, reject);
  });
}

async function follow(reach: Reach, first: string, known: Validators, cancel: CancelSource): Promise<Fetched> {
  let place: Place = { url: first };
  for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
    const headers = { ...HEADERS, ...conditions(known) };
    const response = await reach.runtime.transport({ method: "GET", ...place, headers, connectMs: CONNECT_MS }, cancel);
    if (isFault(response)) return failed(codeOf(response), response.message);
    if (![301, 302, 303, 307, 308].includes(response.status)) return received(response, cancel, reach.runtime.wallMs());
    response.body.cancel(fault("cancelled", "a redirect"));
    const next = await targetOf(reach, place, response.headers.location);
    if (!("url" in next)) return next;
    place = next;
  }
  return failed("http", `more than ${REDIRECTS_MAX} redirects`);
}

interface Place {
  readonly url: string;
  /** What its host's name led to when that was checked; absent: it stands in the configuration, or is an address itself. */
  readonly address?: string;
}

const HEADERS: HeaderMap = {
  accept: "application/json, application/atom+xml, application/rss+xml, text/xml;q=0.9, */*;q=0.1",
  "accept-encoding": "identity",
  "user-agent": `holdfast/${VERSION} (status page reader)`,
};

function conditions({ etag, lastModified }: Validators): HeaderMap {
  return {
    ...(etag !== undefined && { "if-none-match": etag }),
    ...(lastModified !== undefined && { "if-modified-since": lastModified }),
  };
}

/** Where a redirect leads, or why it is not followed. */
async function targetOf({ resolveHost }: Reach, from: Place, location: string | undefined): Promise<Place | Fetched> {
  if (location === undefined || !URL.canParse(location, from.url)) return failed("http", "a redirect to nowhere");
  const to = new URL(location, from.url);
  const before = new URL(from.url);
  if (to.username !== "" || to.password !== "") return failed("http", "a redirect with a password in it");
  if (to.protocol !== "https:" && to.protocol !== before.protocol)
    return failed("http", "a redirect to less than https");
  if (to.protocol !== "https:" && to.protocol !== "http:") return failed("http", "a redirect to another protocol");
  if (to.host === before.host) return { ...from, url: to.href };
  const refused = failed("blocked", `a redirect to ${to.host.slice(0, 100)}, which is not followed`);
  if (/^[\d.]+$|:/.test(to.hostname)) return isPublicAddress(to.hostname) ? { url: to.href } : refused;
  if (resolveHost === undefined) return refused;
  const addresses = await resolveHost(to.hostname).catch(() => []);
  const [address] = addresses;
  return address !== undefined && addresses.every(isPublicAddress) ? { url: to.href, address } : refused;
}

async function received(response: WireResponse, cancel: CancelSource, wallMs: number): Promise<Fetched> {
  const { status, headers, body } = response;
  if (status !== 200) {
    body.cancel(fault("cancelled", "not wanted"));
    if (status === 304) return { kind: "same" };
    const awayMs = retryAfterMs(headers, wallMs) ?? 0;
    const blocked = [401, 403, 405, 429].includes(status);
    return {
      ...failed(blocked ? "blocked" : "http", `HTTP ${status}`),
      absent: status === 404 || status === 410,
      ...(awayMs > 0 && { retryAfterMs: awayMs }),
    };
  }
  const whole = await body.whole(DOCUMENT_BYTES_MAX);
  if (isFault(whole)) return failed(cancel.fault === undefined ? codeOf(whole) : "timeout", whole.message);
  const bytes = await decompressed(whole, headers["content-encoding"]);
  if (bytes === undefined) return failed("schema", "a body that is not to be decoded, or too large when it is");
  const { etag, "last-modified": lastModified } = headers;
  return {
    kind: "new",
    bytes,
    contentType: headers["content-type"] ?? "",
    validators: { ...(etag && { etag }), ...(lastModified && { lastModified }) },
  };
}

/** Some hosts compress what they were asked not to. */
async function decompressed(bytes: Uint8Array, encoding: string | undefined): Promise<Uint8Array | undefined> {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return bytes;
  if (name !== "gzip" && name !== "deflate") return undefined;
  try {
    // Its buffer is no shared one: the types leave it open.
    const source = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream(name));
    const reader = source.getReader();
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return concat(parts);
      length += value.length;
      if (length > DOCUMENT_BYTES_MAX) {
        await reader.cancel();
        return undefined;
      }
      parts.push(value);
    }
  } catch {
    return undefined;
  }
}

function failed(code: PageError["code"], detail: string): Extract<Fetched, { kind: "failed" }> {
  return { kind: "failed", error: { code, detail }, absent: false };
}

function codeOf({ kind }: Fault): PageError["code"] {
  if (kind === "too-large") return "too-large";
  return kind === "deadline-exceeded" || kind === "connect-timeout" ? "timeout" : "network";
}
