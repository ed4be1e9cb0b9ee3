// Refusals before a call reaches the engine, in the dialect of whoever asks. What a fault looks like there is the dialect's.

import type { DialectId } from "../core/call.ts";
import { type Fault, fault } from "../core/fault.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { refusal } from "../engine/deliver.ts";
import type { Asides } from "./asides.ts";

/** Whom a refusal is for: `dialect` words it, `id` is the call's. */
export interface Asker {
  readonly id: string;
  readonly dialect: DialectId;
  /** Where refusals are remembered; absent: nowhere. */
  readonly asides?: Asides | undefined;
}

/** `code`: instead of the status that the dialect has for such a fault. */
export function refuse(
  asker: Asker,
  reason: Fault,
  more: Readonly<Record<string, string>> = {},
  code?: number,
): Response {
  const { id, dialect, asides } = asker;
  const {
    status: usual,
    headers,
    body,
  } = refusal(DIALECTS[dialect].wire, { id }, { ok: false, fault: reason, trail: [] });
  const status = code ?? usual;
  asides?.refused(asker, reason, status);
  // A Uint8Array is a body; the types disagree on its buffer.
  return new Response(body instanceof Uint8Array ? (body as BodyInit) : null, {
    status,
    headers: { ...headers, ...more },
  });
}

/** The same for a missing key and a wrong one: it says nothing more. */
export function unauthorized(asker: Asker): Response {
  return refuse(asker, fault("unauthorized", "A valid gateway key is needed."), { "www-authenticate": "Bearer" });
}

export function notAllowed(asker: Asker, method: string, allow: string): Response {
  const reason = fault("invalid-request", `${method} is not allowed here; use ${allow}.`);
  return refuse(asker, reason, { allow }, 405);
}

/** No attempt was spent: another replica may take the very same request at once. */
export function draining(asker: Asker): Response {
  const reason = fault("draining", "This gateway is shutting down.", { retryAfterMs: 1_000 });
  return refuse(asker, reason, { "x-should-retry": "true", connection: "close" });
}

export function full(asker: Asker): Response {
  return refuse(asker, fault("busy", "This gateway is at its limit of open calls."));
}

export function notFound(asker: Asker, message: string): Response {
  return refuse(asker, fault("not-found", message));
}

/** On paths that both dialects share, the Anthropic SDKs are known by the version they always send. */
export function dialectOf(headers: Headers): DialectId {
  return headers.has("anthropic-version") ? "anthropic-messages" : "openai-chat";
}
