// Where JSON strings end, by bytes: one function skips a string as fast as it can, another one vouches for it as well, the
// third one vouches for how it is written, too.

/** Strings up to this length are walked in JavaScript: a native call costs more. */
const SHORT_STRING_BYTES = 24;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const LOWER_U = 0x75;
const SLASH = 0x2f;
/** 1 for what may follow a backslash, `u` apart. */
const ESCAPES = new Uint8Array(256);
for (const char of '"\\/bfnrt') ESCAPES[char.charCodeAt(0)] = 1;

/** Where the string whose opening quote is at `start` ends, exclusive; -1 when it does not. What is in it is not checked. */
export function stringEnd(body: Uint8Array, start: number): number {
  const near = Math.min(body.length, start + 1 + SHORT_STRING_BYTES);
  let at = start + 1;
  while (at < near) {
    const byte = body[at];
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  // The walk above stopped between two characters, so a run of backslashes counts from here.
  const floor = at;
  for (;;) {
    const quote = body.indexOf(QUOTE, at);
    if (quote < 0) return -1;
    let slashes = 0;
    while (quote - slashes > floor && body[quote - slashes - 1] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** Where the quote stands that ends the string whose first character is at `start`; -1 when it is not a valid one. */
export function stringBodyEnd(bytes: Uint8Array, start: number): number {
  const length = bytes.length;
  for (let at = start; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte < SPACE) return -1;
    if (byte !== BACKSLASH) continue;
    at++;
    const escaped = bytes[at] ?? 0;
    if (escaped === LOWER_U) {
      for (let digit = 1; digit <= 4; digit++) if (!isHex(bytes[at + digit] ?? 0)) return -1;
      at += 4;
    } else if (ESCAPES[escaped] !== 1) return -1;
  }
  return -1;
}

/**
 * The same for a string that `JSON.stringify` would write just so: UTF-8 without a flaw, and no escape that is not needed.
 * To copy it gives the bytes that reading and writing it would. -1 for others, most control characters' escapes among them.
 */
export function plainBodyEnd(bytes: Uint8Array, start: number): number {
  const length = bytes.length;
  for (let at = start; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte < SPACE) return -1;
    if (byte === BACKSLASH) {
      at++;
      const escaped = bytes[at] ?? 0;
      if (escaped === SLASH || ESCAPES[escaped] !== 1) return -1;
    } else if (byte >= 0x80) {
      const more = bytesAfter(bytes, at);
      if (more === 0) return -1;
      at += more;
    }
  }
  return -1;
}

/** How many bytes follow the first one of a character beyond ASCII; 0 where it is not valid UTF-8. */
function bytesAfter(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  // Overlong forms, surrogates and what is beyond Unicode show in the second byte.
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (first < 0xc2 || first > 0xf4 || second < least || second > most) return 0;
  const more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
  for (let i = 2; i <= more; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return more;
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
