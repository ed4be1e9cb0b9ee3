// The response of a whole answer. Nearly all headers are the same for all answers of a target: they are made once, and each
// response begins with a copy of them. Set one by one they cost a call 1 µs more.

import type { HeaderMap } from "../core/runtime.ts";

/** What is shared by the answers that have the same trail, as far as it says the same in all of them. */
const SHARED = ["content-type", "x-holdfast-attempts", "x-holdfast-trail", "x-holdfast-target", "x-holdfast-served-by"];
const shared: ReadonlySet<string> = new Set(SHARED);
/** Trails for which they are kept; beyond it all are forgotten. */
const KEPT_MAX = 256;

interface Kept {
  /** In the order of `SHARED`. */
  readonly values: readonly (string | undefined)[];
  readonly headers: Headers;
}

const kept = new Map<string, Kept>();

export function wholeResponse(body: Uint8Array, status: number, map: HeaderMap): Response {
  const content = body as BodyInit; // a Uint8Array is one; the types disagree on its buffer
  const trail = map["x-holdfast-trail"];
  if (trail === undefined) return new Response(content, { status, headers: map });
  const response = new Response(content, { status, headers: sharedBy(map, trail) });
  const { headers } = response;
  for (const name in map) if (!shared.has(name)) headers.set(name, map[name] ?? "");
  return response;
}

function sharedBy(map: HeaderMap, trail: string): Headers {
  const known = kept.get(trail);
  if (known !== undefined && isOf(known, map)) return known.headers;
  if (kept.size >= KEPT_MAX) kept.clear();
  const headers = new Headers();
  for (const name of SHARED) if (map[name] !== undefined) headers.set(name, map[name]);
  kept.set(trail, { values: SHARED.map((name) => map[name]), headers });
  return headers;
}

function isOf({ values }: Kept, map: HeaderMap): boolean {
  for (let at = 0; at < SHARED.length; at++) if (values[at] !== map[SHARED[at] ?? ""]) return false;
  return true;
}
