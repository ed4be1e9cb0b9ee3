// From an HTTP request to a `Call`: body within its limit, top level inspected, headers that steer the call checked. Every
// refusal is a fault that names the field or header and what is allowed.

import { concat } from "../core/bytes.ts";
import type { CacheWish, Call, Criticality, DialectId, Operation, ResumeMode } from "../core/call.ts";
import type { Callback } from "../core/deferral.ts";
import { type Fault, fault, isFault } from "../core/fault.ts";
import type { Runtime } from "../core/runtime.ts";
import { isWebhookSecret } from "../core/webhook-secret.ts";
import { wholeBody } from "../core/whole-body.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { EARLY_OPEN_MS } from "../engine/deliver.ts";
import { forwardedHeaders } from "../providers/provider.ts";
import type { Tenant } from "./access.ts";
import { callbackProblem } from "./callback-guard.ts";

/** The larger of the dialects' own limits (Anthropic: 32 MB). */
export const BODY_BYTES_MAX = 33_554_432;
/** Of the client's own deadline for headers; the rest is for the network and for a first keep-alive. */
const OPEN_SHARE = 0.4;
const RESUME_MODES: readonly ResumeMode[] = ["off", "text", "all"];
const CRITICALITIES: readonly Criticality[] = ["critical", "default", "sheddable"];

export interface Path {
  readonly dialect: DialectId;
  readonly operation: Operation;
}

/** `languages`: something is said in several. */
export function readCall(
  asked: CallRequest,
  body: Uint8Array,
  runtime: Runtime,
  languages: boolean | undefined,
): Call | Fault {
  const { request, path, query, tenant } = asked;
  const inspected = DIALECTS[path.dialect].wire.inspect(body, path.operation);
  if (isFault(inspected)) return inspected;
  const endUser = inspected.endUser === undefined ? undefined : asked.endUser?.(inspected.endUser);
  // Written out: a call is made for each request, and a spread costs more than all that reads its fields.
  const call: Draft = {
    id: asked.asker.id,
    operation: path.operation,
    dialect: path.dialect,
    model: inspected.model,
    stream: inspected.stream,
    body,
    inspected,
    headers: forwardedHeaders(path.dialect, request.headers),
    query,
    deadlineMs: Number.POSITIVE_INFINITY,
    tenant: tenant.name,
    endUser,
    routes: tenant.routes,
    criticality: undefined,
    retryCount: 0,
    strict: undefined,
    resume: undefined,
    cache: undefined,
    defer: undefined,
    language: languages ? (request.headers.get("accept-language") ?? undefined) : undefined,
  };
  return steer(call, request.headers, runtime) ?? call;
}

type Draft = { -readonly [Key in keyof Call]: Call[Key] };

/** When a stream without an answer is opened all the same. */
export function openMsOf(headers: Headers): number {
  // The SDKs' own headers are hints: what makes no sense is as good as absent.
  const timeoutS = Number(headers.get("x-stainless-timeout") ?? Number.NaN);
  return timeoutS > 0 ? Math.min(EARLY_OPEN_MS, timeoutS * 1_000 * OPEN_SHARE) : EARLY_OPEN_MS;
}

export interface CallRequest {
  readonly request: Request;
  readonly path: Path;
  readonly query: string;
  /** Its id is the call's. */
  readonly asker: { readonly id: string };
  readonly tenant: Tenant;
  /** Hashes the name of an end user; absent: nobody counts them. */
  readonly endUser?: ((name: string) => string) | undefined;
}

/** What its headers say of how it is to be served. */
function steer(call: Draft, headers: Headers, runtime: Runtime): Fault | undefined {
  const deadline = readNumber(headers, "x-holdfast-deadline-ms");
  if (isFault(deadline)) return deadline;
  const criticality = oneOf(headers, "x-holdfast-criticality", CRITICALITIES);
  if (isFault(criticality)) return criticality;
  const strict = headers.get("x-holdfast-strict");
  if (strict !== null && strict !== "true" && strict !== "false")
    return wrongHeader("x-holdfast-strict", "true, false");
  const resume = oneOf(headers, "x-holdfast-resume", RESUME_MODES);
  if (isFault(resume)) return resume;
  const prefer = headers.get("prefer");
  const defer = prefer === null ? undefined : deferWish(prefer, headers);
  if (isFault(defer)) return defer;
  const retryCount = Number(headers.get("x-stainless-retry-count") ?? 0);
  const wish = headers.get("cache-control");
  if (deadline !== undefined) call.deadlineMs = runtime.clock.now() + deadline;
  call.criticality = criticality;
  // A hint, as `x-stainless-timeout` is.
  if (Number.isInteger(retryCount) && retryCount > 0) call.retryCount = retryCount;
  if (wish !== null) call.cache = cacheWish(wish);
  call.defer = defer;
  if (strict !== null) call.strict = strict === "true";
  call.resume = resume;
  return undefined;
}

/** `max-stale` without a number: however stale. What is not known or makes no sense is passed over, as RFC 9111 wants it. */
export function cacheWish(text: string): CacheWish {
  const directives = text
    .toLowerCase()
    .split(",")
    .map((part) => part.trim());
  const msOf = (name: string): number | undefined => {
    const found = directives.find((part) => part.startsWith(`${name}=`));
    const seconds = found === undefined ? undefined : /^"?(\d{1,9})"?$/.exec(found.slice(name.length + 1))?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1_000;
  };
  const maxStaleMs = directives.includes("max-stale") ? Number.POSITIVE_INFINITY : msOf("max-stale");
  const [maxAgeMs, minFreshMs, staleIfErrorMs] = [msOf("max-age"), msOf("min-fresh"), msOf("stale-if-error")];
  return {
    noStore: directives.includes("no-store"),
    noCache: directives.includes("no-cache"),
    ...(maxStaleMs !== undefined && { maxStaleMs }),
    ...(maxAgeMs !== undefined && { maxAgeMs }),
    ...(minFreshMs !== undefined && { minFreshMs }),
    ...tagsIn(text),
    ...(staleIfErrorMs !== undefined && { staleIfErrorMs }),
    ...(directives.includes("only-if-cached") && { onlyIfCached: true }),
  };
}

const TAGS_MAX = 8;

/** An extension of ours (RFC 9111 §5.2.3): `tag=NAME`, several times for several. */
function tagsIn(text: string): Pick<CacheWish, "tags"> {
  const found = [...text.matchAll(/(?:^|,)\s*tag="?([\w.:/@-]{1,64})"?\s*(?=,|$)/gi)];
  const tags = [...new Set(found.flatMap(([, tag]) => tag ?? []))].slice(0, TAGS_MAX);
  return tags.length === 0 ? {} : { tags };
}

/** RFC 7240: what is not known of preferences is passed over. The key matters only to a call that may be deferred. */
function deferWish(prefer: string, headers: Headers): Call["defer"] | Fault {
  if (!prefer.split(",").some((part) => part.split(";", 1)[0]?.trim().toLowerCase() === "respond-async"))
    return undefined;
  const key = headers.get("idempotency-key");
  if (key !== null && !/^[\x20-\x7e]{1,255}$/.test(key))
    return wrongHeader("idempotency-key", "1 to 255 visible ASCII characters");
  const callback = callbackWish(headers);
  if (isFault(callback)) return callback;
  return { ...(key !== null && { key }), ...(callback && { callback }) };
}

const CALLBACK = "x-holdfast-callback";

/** Only of a call that may be deferred; where its host's name leads is looked up when it is. */
function callbackWish(headers: Headers): Callback | undefined | Fault {
  const url = headers.get(CALLBACK);
  if (url === null) return undefined;
  const problem = callbackProblem(url);
  if (problem !== undefined) return wrongHeader(CALLBACK, `a public https URL (${problem})`);
  const secret = headers.get(`${CALLBACK}-secret`);
  if (secret !== null && isWebhookSecret(secret)) return { url, secret };
  return wrongHeader(`${CALLBACK}-secret`, "`whsec_` and 24 to 64 bytes in base64; a callback is signed");
}

function oneOf<Word extends string>(headers: Headers, name: string, words: readonly Word[]): Word | undefined | Fault {
  const given = headers.get(name);
  return given === null ? undefined : wordIn(given, words, name);
}

function wordIn<Word extends string>(given: string, words: readonly Word[], name: string): Word | Fault {
  return words.find((word) => word === given) ?? wrongHeader(name, words.join(", "));
}

function readNumber(headers: Headers, name: string): number | undefined | Fault {
  const text = headers.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) && value > 0
    ? value
    : wrongHeader(name, "a positive number of milliseconds");
}

function wrongHeader(name: string, allowed: string): Fault {
  return fault("invalid-request", `The header ${name} is not valid; allowed: ${allowed}.`, { param: name });
}

/** The whole body, or why it is not taken. Rejects when the client leaves. */
export function readBody(request: Request): Fault | Promise<Uint8Array | Fault> {
  const encoding = request.headers.get("content-encoding");
  if (encoding !== null && encoding !== "identity") {
    return fault("invalid-request", `content-encoding ${encoding} is not accepted; send the JSON as it is.`);
  }
  const stated = request.headers.get("content-length");
  if (stated !== null && Number(stated) > BODY_BYTES_MAX) return tooLarge();
  if (stated === null) return readWithin(request, BODY_BYTES_MAX).then(orTooLarge);
  return wholeBody(request);
}

function orTooLarge(body: Uint8Array | undefined): Uint8Array | Fault {
  return body ?? tooLarge();
}

/** The body, or `undefined` beyond the limit. Rejects when the client leaves. */
export async function readWithin(request: Request, limitBytes: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of request.body ?? []) {
    length += part.length;
    if (length > limitBytes) return undefined;
    parts.push(part);
  }
  return parts.length === 0 ? new Uint8Array(0) : concat(parts);
}

function tooLarge(): Fault {
  return fault("too-large", `The request is over the limit of ${BODY_BYTES_MAX} bytes.`);
}
