// Our own status page over HTTP: `/status`, its API and its feed. Who may read it: everybody where it is public; else whoever
// has the admin key or a gateway key, and of a key that is limited to routes only those. What it says is `incidents/`'s.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Settings } from "../core/settings.ts";
import type { Desk } from "../incidents/desk.ts";
import { historyAtom } from "../incidents/page-atom.ts";
import { type PageFacts, pageFacts } from "../incidents/page-facts.ts";
import { statusHtml } from "../incidents/page-html.ts";
import { DOCUMENTS } from "../incidents/page-json.ts";
import type { Access } from "./access.ts";

const API = "/api/v2/";
/** A change must be seen within ten seconds: our own copies and those of caches live for less. */
const KEPT_MS = 2_000;
const MAX_AGE_S = 5;
const REFRESH_S = 60;
const COPIES_MAX = 64;

export interface StatusPage {
  /** `undefined`: the path is none of the page's. */
  answer(
    request: Request,
    path: string,
    asked: { readonly access: Access; readonly settings: Settings },
  ): Response | undefined;
}

interface Copy {
  readonly atMs: number;
  readonly body: string;
  readonly etag: string;
}

export function isStatusPath(path: string): boolean {
  return path === "/status" || path === "/history.atom" || documentOf(path) !== undefined;
}

export function createStatusPage(desk: Desk, url: () => string): StatusPage {
  const copies = new Map<string, Copy>();
  const copyOf = (path: string, routes: readonly string[] | undefined): Copy => {
    const key = JSON.stringify([path, routes]);
    const nowMs = desk.nowMs();
    const kept = copies.get(key);
    if (kept !== undefined && nowMs - kept.atMs < KEPT_MS && nowMs >= kept.atMs) return kept;
    if (copies.size >= COPIES_MAX) copies.clear();
    const body = render(path, pageFacts(desk, { url: url(), routes }));
    const made = { atMs: nowMs, body, etag: `"${bytesToHex(sha256(utf8ToBytes(body))).slice(0, 24)}"` };
    copies.set(key, made);
    return made;
  };
  return {
    answer(request, path, { access, settings }) {
      if (!isStatusPath(path)) return undefined;
      const { method } = request;
      if (method !== "GET" && method !== "HEAD") return new Response(null, { status: 405, headers: { allow: "GET" } });
      const isPublic = settings.statusPage === "public";
      const reader = isPublic ? {} : readerOf(request.headers, access);
      if (reader === undefined) return locked();
      const { body, etag } = copyOf(path, reader.routes);
      const headers = {
        "content-type": typeOf(path),
        etag,
        "cache-control": `${isPublic ? "public" : "private"}, max-age=${MAX_AGE_S}`,
        "content-security-policy":
          "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        ...(isPublic ? { "access-control-allow-origin": "*" } : { vary: "authorization, x-api-key" }),
      };
      const isKnown = (request.headers.get("if-none-match") ?? "")
        .split(",")
        .some((one) => one.trim().replace(/^W\//, "") === etag);
      if (isKnown) return new Response(null, { status: 304, headers });
      return new Response(method === "HEAD" ? null : body, { headers });
    },
  };
}

function documentOf(path: string): ((facts: PageFacts) => object) | undefined {
  if (!path.startsWith(API) || !path.endsWith(".json")) return undefined;
  const name = path.slice(API.length, -".json".length);
  return Object.hasOwn(DOCUMENTS, name) ? DOCUMENTS[name] : undefined;
}

function render(path: string, facts: PageFacts): string {
  const document = documentOf(path);
  if (document !== undefined) return JSON.stringify(document(facts));
  return path === "/history.atom" ? historyAtom(facts) : statusHtml(facts, REFRESH_S);
}

function typeOf(path: string): string {
  if (path.startsWith(API)) return "application/json; charset=utf-8";
  return path === "/history.atom" ? "application/atom+xml; charset=utf-8" : "text/html; charset=utf-8";
}

/** A browser shows its key as the password of Basic authentication, whatever the name. */
function readerOf(headers: Headers, access: Access): { readonly routes?: readonly string[] | undefined } | undefined {
  // Where there is no key at all, whoever reaches the gateway is on its own machine.
  if (!access.keyed && !access.adminKeyed) return {};
  const basic = /^basic +([A-Za-z0-9+/=]{1,1000})$/i.exec(headers.get("authorization")?.trim() ?? "")?.[1];
  const shown = basic === undefined ? headers : new Headers({ "x-api-key": passwordOf(basic) });
  if (access.isAdmin(shown)) return {};
  return access.keyed ? access.tenant(shown) : undefined;
}

function passwordOf(basic: string): string {
  try {
    // Only what a header can carry is a key of ours.
    const text = atob(basic);
    const password = text.slice(text.indexOf(":") + 1);
    return /^[\x21-\x7e]*$/.test(password) ? password : "";
  } catch {
    return "";
  }
}

function locked(): Response {
  return new Response("A key is needed: the admin key or a gateway key, as the password.\n", {
    status: 401,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "www-authenticate": 'Basic realm="Holdfast status", charset="UTF-8"',
    },
  });
}
