// The input of one streamed tool call, gathered piece by piece: only the whole of it is JSON.

import { isObject, type JsonObject, parseJson } from "../json-object.ts";

/** Far more than any client's tool takes. */
const INPUT_BYTES_MAX = 16 * 1024 * 1024;
const FIRST_BYTES = 1_024;
/** Pieces up to this length are copied in JavaScript: two native calls cost more. */
const SHORT_PIECE_BYTES = 48;

const QUOTE = 0x22;
const decoder = new TextDecoder();
const NOTHING = new Uint8Array(0);

export class ToolInput {
  #text = "";
  /** Pieces that came after `#text`, still escaped, behind a quote: one parse of them all is cheaper than one of each. */
  #escaped = NOTHING;
  #escapedBytes = 0;
  #lengthBytes = 0;

  get isTooLong(): boolean {
    return this.#lengthBytes > INPUT_BYTES_MAX;
  }

  addText(text: string): void {
    this.#unescape();
    this.#text += text;
    this.#lengthBytes += text.length;
  }

  /** Copies what stands between the quotes of a valid JSON string. */
  addEscaped(bytes: Uint8Array, start: number, length: number): void {
    this.#reserve(length);
    const to = this.#escaped;
    const at = this.#escapedBytes;
    if (length > SHORT_PIECE_BYTES) to.set(bytes.subarray(start, start + length), at);
    else for (let i = 0; i < length; i++) to[at + i] = bytes[start + i] ?? 0;
    this.#escapedBytes += length;
    this.#lengthBytes += length;
  }

  /** The whole input; `undefined` when it is no JSON object. With nothing at all it is `initial`. Forgets what it has. */
  close(initial: JsonObject): JsonObject | undefined {
    this.#unescape();
    const text = this.#text;
    this.#text = "";
    this.#lengthBytes = 0;
    if (text === "") return initial;
    const input = parseJson(text);
    return isObject(input) ? input : undefined;
  }

  /** Room for a piece, and for the closing quote. */
  #reserve(length: number): void {
    if (this.#escapedBytes === 0) this.#escapedBytes = 1;
    const needed = this.#escapedBytes + length + 1;
    if (needed <= this.#escaped.length) return;
    const larger = new Uint8Array(Math.max(FIRST_BYTES, needed * 2));
    larger.set(this.#escaped.subarray(0, this.#escapedBytes));
    larger[0] = QUOTE;
    this.#escaped = larger;
  }

  #unescape(): void {
    if (this.#escapedBytes === 0) return;
    this.#escaped[this.#escapedBytes] = QUOTE;
    this.#text += JSON.parse(decoder.decode(this.#escaped.subarray(0, this.#escapedBytes + 1)));
    this.#escaped = NOTHING;
    this.#escapedBytes = 0;
  }
}
