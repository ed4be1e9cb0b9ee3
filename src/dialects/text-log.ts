// The text that a stream has shown, kept as it came: still escaped, in pieces that are never copied again. It is read only
// when the stream breaks, so that one that does not break pays for the copy of its words and nothing else.

import { concat, SHORT_PIECE_BYTES } from "../core/bytes.ts";

/** Each page is twice the one before, up to the largest: an answer holds little more than it is long. */
const FIRST_BYTES = 512;
const PAGE_BYTES = 8_192;
/** An answer that is longer is not continued. */
const TEXT_BYTES_MAX = 4_194_304;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const QUOTE_BYTES = Uint8Array.of(QUOTE);

const encoder = new TextEncoder();
// A mark at its beginning is part of a text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

interface Page {
  readonly bytes: Uint8Array;
  readonly used: number;
}

export class TextLog {
  /** Those that are full, oldest first. */
  #pages: Page[] | undefined;
  #page: Uint8Array | undefined;
  #used = 0;
  lengthBytes = 0;
  readonly #endOnly: boolean;

  /** `endOnly`: what came long ago is forgotten, so that only `tail` has an answer. */
  constructor(endOnly = false) {
    this.#endOnly = endOnly;
  }

  /** What stands between the quotes of a valid JSON string. */
  addEscaped(bytes: Uint8Array, start: number, length: number): void {
    this.lengthBytes += length;
    if (this.lengthBytes > TEXT_BYTES_MAX && !this.#endOnly) {
      this.#pages = undefined;
      this.#page = undefined;
      return;
    }
    const page = this.#room(length);
    const at = this.#used;
    if (length > SHORT_PIECE_BYTES) page.set(bytes.subarray(start, start + length), at);
    else for (let i = 0; i < length; i++) page[at + i] = bytes[start + i] ?? 0;
    this.#used = at + length;
  }

  addText(text: string): void {
    if (text.length <= SHORT_PIECE_BYTES && this.#addPlain(text)) return;
    const escaped = encoder.encode(JSON.stringify(text));
    this.addEscaped(escaped, 1, escaped.length - 2);
  }

  /** A few letters of ASCII that need no escape, as nearly all pieces are; false for any other. */
  #addPlain(text: string): boolean {
    const { length } = text;
    if (this.lengthBytes + length > TEXT_BYTES_MAX && !this.#endOnly) return false;
    const page = this.#room(length);
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return false;
      page[this.#used + i] = code;
    }
    this.#used += length;
    this.lengthBytes += length;
    return true;
  }

  /** All of it; `undefined` when it was too much, or when only its end is kept. */
  read(): string | undefined {
    if (this.#endOnly || this.lengthBytes > TEXT_BYTES_MAX) return undefined;
    const parts = this.#parts(0);
    if (!parts.some((part) => part.includes(BACKSLASH))) return decoder.decode(concat(parts));
    // It was the inside of valid JSON strings, one after the other. Quotes put around a string would be a copy more of it.
    return JSON.parse(decoder.decode(concat([QUOTE_BYTES, ...parts, QUOTE_BYTES]))) as string;
  }

  /** The end of it as it came, still escaped: where text repeats itself, so do its escapes. Of no more than `bytesMax`. */
  tail(bytesMax: number): string {
    const before = this.#pages ?? [];
    let first = before.length;
    let wanted = bytesMax - this.#used;
    while (wanted > 0 && first > 0) wanted -= before[--first]?.used ?? 0;
    return decoder.decode(concat(this.#parts(first)).subarray(Math.max(0, -wanted)));
  }

  /** From the page `first` on. */
  #parts(first: number): Uint8Array[] {
    const parts = (this.#pages ?? []).slice(first).map(({ bytes, used }) => bytes.subarray(0, used));
    if (this.#page !== undefined) parts.push(this.#page.subarray(0, this.#used));
    return parts;
  }

  #room(length: number): Uint8Array {
    const page = this.#page;
    if (page !== undefined && this.#used + length <= page.length) return page;
    const nextBytes = page === undefined ? FIRST_BYTES : Math.min(page.length * 2, PAGE_BYTES);
    const next = new Uint8Array(Math.max(length, nextBytes));
    if (page !== undefined) {
      // The end alone is in the last page of full size and what came behind it.
      if (this.#endOnly && page.length >= PAGE_BYTES) this.#pages = undefined;
      this.#pages ??= [];
      this.#pages.push({ bytes: page, used: this.#used });
    }
    this.#page = next;
    this.#used = 0;
    return next;
  }
}
