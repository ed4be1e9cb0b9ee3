// Bytes to text, and a stranger's markup to plain words: tags go with what scripts and styles hold, entities are resolved
// once, controls become blanks. What comes out may still hold `<`: whoever shows it escapes it.

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  ndash: "–",
  mdash: "—",
  hellip: "…",
  rsquo: "’",
  lsquo: "‘",
  rdquo: "”",
  ldquo: "“",
};

/** By its byte-order mark, else by the zero bytes of plain ASCII in UTF-16, else UTF-8. Never throws. */
export function decodeText(bytes: Uint8Array): string {
  const [a, b, c] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return utf8(bytes.subarray(3));
  if (a === 0xfe && b === 0xff) return utf16(bytes.subarray(2), true);
  if (a === 0xff && b === 0xfe) return utf16(bytes.subarray(2), false);
  if (a === 0 && b !== undefined && b !== 0) return utf16(bytes, true);
  if (a !== undefined && a !== 0 && b === 0) return utf16(bytes, false);
  return utf8(bytes);
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes);
}

/** By hand: not every platform's decoder knows the big-endian one. */
function utf16(bytes: Uint8Array, bigEndian: boolean): string {
  const even = bytes.length - (bytes.length % 2);
  if (!bigEndian) return new TextDecoder("utf-16le").decode(bytes.subarray(0, even));
  const swapped = new Uint8Array(even);
  for (let at = 0; at < even; at += 2) {
    swapped[at] = bytes[at + 1] ?? 0;
    swapped[at + 1] = bytes[at] ?? 0;
  }
  return new TextDecoder("utf-16le").decode(swapped);
}

export function entitiesResolved(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/gi, (whole, name: string) => {
    if (name.startsWith("#")) {
      const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
      return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : " ";
    }
    const key = name.toLowerCase();
    return Object.hasOwn(ENTITIES, key) ? (ENTITIES[key] ?? whole) : whole;
  });
}

/** Markup to words on one line, at most `charsMax` of them. */
export function plainText(markup: string, charsMax: number): string {
  // Far more markup than words may come; it is not worth looking at all of it.
  const bounded = markup.slice(0, charsMax * 8);
  const bare = bounded
    .replace(/<(script|style)\b[^<>]*>[\s\S]*?(?:<\/\1\s*>|$)/gi, " ")
    .replace(/<!--[\s\S]*?(?:-->|$)/g, " ")
    .replace(/<\/?[a-z][^<>]*(?:>|$)/gi, " ");
  const words = oneLine(entitiesResolved(bare));
  return words.length > charsMax ? `${words.slice(0, charsMax - 1).trimEnd()}…` : words;
}

/** Controls (a terminal would obey them) and marks that turn text around become blanks. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gu, " ").trim();
}
