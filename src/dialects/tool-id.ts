// Ids of tool calls in the characters that every dialect takes. Deterministic, so that a call and its result, and the same
// history sent again, get the same id; hashed rather than cut, so that two long ids never become one.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const ALLOWED = /^[A-Za-z0-9_-]+$/;
const HASH_CHARS = 24;
const encoder = new TextEncoder();

/** The id itself where it has only such characters, and no more than `charsMax` of them; else one made from it. */
export function allowedToolId(id: string, charsMax: number = Number.POSITIVE_INFINITY): string {
  return id.length <= charsMax && ALLOWED.test(id) ? id : madeToolId(id);
}

/** An id from whatever tells one call from others. */
export function madeToolId(seed: string): string {
  return `call_${bytesToHex(sha256(encoder.encode(seed))).slice(0, HASH_CHARS)}`;
}
