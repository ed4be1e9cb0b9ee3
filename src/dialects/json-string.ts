// Where JSON strings end, by bytes: one function skips a string as fast as it can, the other one vouches for it as well. And
// a string written, as often as a stream has pieces.

/** Strings up to this length are walked in JavaScript: a native call costs more. */
const SHORT_STRING_BYTES = 24;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const LOWER_U = 0x75;
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

/** The text as a JSON string: `JSON.stringify`, and for a few plain letters what that would give. */
export function quoted(text: string): string {
  if (text.length > SHORT_STRING_BYTES) return JSON.stringify(text);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < SPACE || code > 0x7e || code === QUOTE || code === BACKSLASH) return JSON.stringify(text);
  }
  return `"${text}"`;
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}
