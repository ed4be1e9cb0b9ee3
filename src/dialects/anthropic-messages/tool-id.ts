// Ids of tool calls within Anthropic's character set. Deterministic, so that a call and its result, and the same history
// sent again, get the same id; hashed rather than cut, so that two long ids never become one.

import { sha256 } from "@noble/hashes/sha2.js";

const VALID = /^[a-zA-Z0-9_-]+$/;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HASH_CHARS = 24;
const encoder = new TextEncoder();

/** The id itself where it is valid, else `call_` and 24 characters of its hash. */
export function toolId(id: string): string {
  if (VALID.test(id)) return id;
  let rest = 0n;
  for (const byte of sha256(encoder.encode(id))) rest = (rest << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < HASH_CHARS; i++) {
    text += ALPHABET[Number(rest % 62n)];
    rest /= 62n;
  }
  return `call_${text}`;
}
