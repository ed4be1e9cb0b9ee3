// How many tokens a request's body holds at the least, from its bytes by class of script. For telling that a prompt cannot
// fit, never for billing: real tokenizers give more, by a quarter in prose and a half in code. Large bodies are sampled, so
// that the time it takes does not grow with them.

const WINDOW_BYTES = 1_024;
const WINDOWS_MAX = 96;
/** No byte is worth more than this: a body this much smaller than a window of tokens needs no look. */
export const TOKENS_PER_BYTE_MAX = 0.25;

const LETTER = 0.2;
const MARK = 0.25;
/** A character of two bytes: Cyrillic, Greek, Arabic, Hebrew. */
const TWO_BYTES = 0.3;
/** Of three: Chinese, Japanese, Korean, and the scripts of India. */
const THREE_BYTES = 0.6;
const FOUR_BYTES = 0.8;

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

const known = new WeakMap<Uint8Array, number>();

/** The least number of tokens; remembered for as long as the body lives. Encoded pictures and files count for nothing. */
export function tokensAtLeast(body: Uint8Array): number {
  let tokens = known.get(body);
  if (tokens === undefined) {
    tokens = Math.floor(sampled(body));
    known.set(body, tokens);
  }
  return tokens;
}

function sampled(body: Uint8Array): number {
  const windows = Math.ceil(body.length / WINDOW_BYTES);
  const looked = Math.min(windows, WINDOWS_MAX);
  let tokens = 0;
  for (let i = 0; i < looked; i++) {
    const start = Math.floor((i * windows) / looked) * WINDOW_BYTES;
    tokens += windowTokens(body, start, Math.min(start + WINDOW_BYTES, body.length));
  }
  return looked === 0 ? 0 : (tokens * windows) / looked;
}

function windowTokens(body: Uint8Array, start: number, end: number): number {
  let tokens = 0;
  let isEncoded = end - start === WINDOW_BYTES;
  for (let at = start; at < end; at++) {
    const byte = body[at] ?? 0;
    if (byte === SPACE || byte === QUOTE || byte >= 0x80) isEncoded = false;
    if (isLetter(byte)) tokens += LETTER;
    else if (byte === BACKSLASH) {
      // `\uXXXX` stands for one character, most likely of three bytes: some clients write all others so.
      const isCode = body[at + 1] === LETTER_U;
      tokens += isCode ? TWO_BYTES : MARK;
      at += isCode ? 5 : 1;
      isEncoded = false;
    } else if (byte >= 0xf0) tokens += FOUR_BYTES;
    else if (byte >= 0xe0) tokens += THREE_BYTES;
    else if (byte >= 0xc0) tokens += TWO_BYTES;
    else if (byte > SPACE && byte < 0x7f) tokens += MARK;
  }
  return isEncoded ? 0 : tokens;
}

function isLetter(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39);
}
