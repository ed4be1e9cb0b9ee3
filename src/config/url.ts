// What may stand as a provider's url. Private addresses are allowed: whoever writes the configuration is trusted.

import type { DialectId } from "../core/call.ts";

export type UrlVerdict =
  | { readonly ok: true; readonly url: string; readonly warning?: string; readonly loopback: boolean }
  | { readonly ok: false; readonly message: string; readonly allowed: string };

const ALLOWED = "an http or https URL without credentials, query or fragment";

/** Checks and tidies (no closing slash). `dialect` is unknown where that was itself wrong. */
export function checkUrl(text: string, dialect: DialectId | undefined): UrlVerdict {
  // Not `URL.parse`: the library runs where that is not known yet, early Node 20 among them.
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  const no = (message: string, allowed = ALLOWED): UrlVerdict => ({ ok: false, message, allowed });
  if (url === null || url.hostname === "") return no("is not a URL");
  if (url.protocol !== "http:" && url.protocol !== "https:") return no(`${url.protocol}// is not spoken here`);
  if (url.username !== "" || url.password !== "") return no("holds credentials; they belong in `key`");
  if (/[?#]/.test(text)) return no("has a query or a fragment");
  const tidy = `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  const endpoint = /\/(?:v1\/)?(?:messages|chat\/completions)$/.exec(tidy)?.[0];
  if (endpoint !== undefined) return no(`ends with ${endpoint}, which is added for each call`, "the part before it");
  if (dialect === "anthropic-messages" && /\/v1$/.test(tidy)) {
    return no("ends with /v1, which is added for each call", tidy.slice(0, -"/v1".length));
  }
  const loopback = isLoopback(url.hostname);
  const bare = dialect === "openai-chat" && url.pathname === "/";
  const warning = `has no path; most OpenAI-compatible servers want ${url.origin}/v1`;
  return bare ? { ok: true, url: tidy, loopback, warning } : { ok: true, url: tidy, loopback };
}

/** True for names and addresses that never leave this machine. `host` may be in brackets (IPv6 in a URL). */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host.trim());
}
