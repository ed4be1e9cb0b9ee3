// The response of a whole answer. Nearly all headers are the same for all answers of a target: they are made once, and each
// response begins with a copy of them. One by one they cost as much as all that belief does for the call.

import type { HeaderMap } from "../core/runtime.ts";

/** What is shared by the answers that have the same trail, as far as it says the same in all of them. */
const SHARED = ["content-type", "x-holdfast-attempts", "x-holdfast-trail", "x-holdfast-target", "x-holdfast-served-by"];
const isShared: Readonly<Record<string, true | undefined>> = Object.fromEntries(SHARED.map((name) => [name, true]));
/** Trails for which they are kept; beyond it all are forgotten. */
const KEPT_MAX = 256;

interface Kept {
  readonly map: HeaderMap;
  readonly headers: Headers;
}

const kept = new Map<string, Kept>();

export function wholeResponse(body: Uint8Array, status: number, map: HeaderMap): Response {
  const content = body as BodyInit; // a Uint8Array is one; the types disagree on its buffer
  const trail = map["x-holdfast-trail"];
  if (trail === undefined) return new Response(content, { status, headers: map });
  const response = new Response(content, { status, headers: sharedBy(map, trail) });
  const { headers } = response;
  for (const name in map) if (isShared[name] === undefined) headers.set(name, map[name] ?? "");
  return response;
}

function sharedBy(map: HeaderMap, trail: string): Headers {
  const known = kept.get(trail);
  if (known !== undefined && isAlike(known.map, map)) return known.headers;
  if (kept.size >= KEPT_MAX) kept.clear();
  const headers = new Headers();
  for (const name of SHARED) if (map[name] !== undefined) headers.set(name, map[name]);
  kept.set(trail, { map, headers });
  return headers;
}

function isAlike(one: HeaderMap, other: HeaderMap): boolean {
  for (const name of SHARED) if (one[name] !== other[name]) return false;
  return true;
}
