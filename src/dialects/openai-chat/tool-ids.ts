// Names for tool calls that Chat accepts. A name that is not allowed is replaced by a hash of itself, never cut: cut ids
// collide, and a result must still find its call.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const ALLOWED = /^[A-Za-z0-9_-]{1,64}$/;
const HASH_CHARS = 24;
const encoder = new TextEncoder();

/** True for a tool id or a tool name that Chat takes as it is. */
export function isAllowedName(name: string): boolean {
  return ALLOWED.test(name);
}

/** The id itself where Chat takes it, else one made from it: the same for the call and its result, in every turn. */
export function allowedToolId(id: string): string {
  return isAllowedName(id) ? id : madeToolId(id);
}

/** An id from whatever tells one call from others. */
export function madeToolId(seed: string): string {
  return `call_${bytesToHex(sha256(encoder.encode(seed))).slice(0, HASH_CHARS)}`;
}
