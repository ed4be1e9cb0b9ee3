// Server-sent events as bytes (WHATWG HTML §9.2): cuts a stream into whole frames, reads the fields of one, writes one.
// It knows no dialect and never changes a byte it passes on.

import { concat } from "../core/bytes.ts";

const LF = 10;
const CR = 13;
const NOTHING: readonly Uint8Array[] = [];
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * Cuts a byte stream into whole frames; a frame includes its closing blank line. Lines may end with LF, CRLF or CR, and
 * input may be split at any byte: which frames come out depends on the bytes alone. Blank lines before a frame are its
 * first bytes, so that `concat(all frames) + rest()` is all input. A frame is a view of the pushed chunk, which must not
 * be written to afterwards; only a frame that spans chunks is copied.
 */
export class FrameCutter {
  readonly #limitBytes: number;
  /** What has come of a frame that is not closed yet. */
  #parts: Uint8Array[] | undefined;
  #heldBytes = 0;
  /** No byte of the current line has come. */
  #lineEmpty = true;
  /** The current frame has a line that is not blank. */
  #begun = false;
  /** The last byte was a CR; an LF that follows belongs to the same line end. */
  #afterCr = false;
  /** The last line ended with a CR alone, so that a CR now is a whole blank line and needs no look at the next byte. */
  #bareCr = false;
  /** The frame is closed by a CR whose LF may be still to come. */
  #closing = false;
  #overflowed = false;

  /** A frame longer than `limitBytes` is an overflow. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** True once a frame was over the limit: from there nothing more comes out. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** Bytes of the frame that is not closed yet; empty between frames. */
  rest(): Uint8Array {
    return concat(this.#parts ?? NOTHING);
  }

  /** True between two frames: nothing is held and no byte of the next one has come. */
  get atRest(): boolean {
    return this.#heldBytes === 0 && !this.#begun && this.#lineEmpty && !this.#afterCr && !this.#closing;
  }

  /** The frames that this chunk completes, in order. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    const length = chunk.length;
    if (length === 0 || this.#overflowed) return NOTHING;
    let frames: Uint8Array[] | undefined;
    let start = 0;
    let at = this.#resume(chunk);
    let lf = chunk.indexOf(LF, at);
    let cr = chunk.indexOf(CR, at);
    if (this.#closing) {
      frames = [];
      if (!this.#close(chunk, 0, at, frames)) return frames;
      start = at;
    }
    for (;;) {
      if (lf !== -1 && lf < at) lf = chunk.indexOf(LF, at);
      if (cr !== -1 && cr < at) cr = chunk.indexOf(CR, at);
      const end = lf === -1 ? cr : cr === -1 ? lf : Math.min(lf, cr);
      if (end === -1) {
        if (at < length) this.#lineEmpty = false;
        break;
      }
      if (end > at) this.#lineEmpty = false;
      const closes = this.#lineEmpty && this.#begun;
      at = closes ? this.#closeLine(chunk, end) : this.#endLine(chunk, end);
      if (!closes) continue;
      if (this.#closing) break;
      frames ??= [];
      if (!this.#close(chunk, start, at, frames)) return frames;
      start = at;
    }
    if (start < length) this.#hold(start === 0 ? chunk : chunk.subarray(start));
    return frames ?? NOTHING;
  }

  /** What a CR at the end of the last chunk left open. Gives where reading goes on. */
  #resume(chunk: Uint8Array): number {
    const joins = chunk[0] === LF;
    if (this.#afterCr) {
      this.#afterCr = false;
      this.#bareCr = !joins;
      return joins ? 1 : 0;
    }
    return this.#closing && joins ? 1 : 0;
  }

  /** The line end at `end` is not the frame's last. Gives where the next line starts. */
  #endLine(chunk: Uint8Array, end: number): number {
    if (!this.#lineEmpty) this.#begun = true;
    this.#lineEmpty = true;
    this.#bareCr = false;
    if (chunk[end] === LF) return end + 1;
    if (end + 1 === chunk.length) this.#afterCr = true;
    else if (chunk[end + 1] === LF) return end + 2;
    else this.#bareCr = true;
    return end + 1;
  }

  /** The line end at `end` closes the frame. Gives where the frame ends, unless its LF may be still to come. */
  #closeLine(chunk: Uint8Array, end: number): number {
    if (chunk[end] === LF || this.#bareCr) return end + 1;
    if (end + 1 === chunk.length) this.#closing = true;
    return chunk[end + 1] === LF ? end + 2 : end + 1;
  }

  #close(chunk: Uint8Array, start: number, end: number, frames: Uint8Array[]): boolean {
    this.#lineEmpty = true;
    this.#begun = false;
    this.#bareCr = false;
    this.#closing = false;
    const piece = start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
    if (this.#heldBytes + piece.length > this.#limitBytes) {
      this.#hold(piece);
      return false;
    }
    if (this.#heldBytes === 0) frames.push(piece);
    else {
      frames.push(concat([...(this.#parts ?? NOTHING), piece]));
      this.#parts = undefined;
      this.#heldBytes = 0;
    }
    return true;
  }

  #hold(piece: Uint8Array): void {
    this.#parts ??= [];
    this.#parts.push(piece);
    this.#heldBytes += piece.length;
    if (this.#heldBytes > this.#limitBytes) this.#overflowed = true;
  }
}

export interface FrameFields {
  /** The last `event` field; `undefined` when there is none. */
  readonly event: string | undefined;
  /** The `data` lines joined with LF; `undefined` when there is none. */
  readonly data: string | undefined;
}

/** Reads one frame; a BOM, comments, `id` and `retry` are ignored. */
export function frameFields(frame: Uint8Array): FrameFields {
  // The decoder takes a BOM away.
  return fieldsOf(decoder.decode(frame));
}

/** The same of a frame's text. */
export function fieldsOf(text: string): FrameFields {
  return usualFields(text) ?? anyFields(text);
}

/** A frame as nearly all are written: perhaps its event, and one line of data. */
function usualFields(text: string): FrameFields | undefined {
  let event: string | undefined;
  let at = 0;
  if (text.startsWith("event: ")) {
    at = text.indexOf("\n") + 1;
    event = text.slice(7, at - 1);
  }
  const isUsual = text.startsWith("data: ", at) && text.indexOf("\n", at) === text.length - 2 && text.endsWith("\n\n");
  return isUsual && !text.includes("\r") ? { event, data: text.slice(at + 6, -2) } : undefined;
}

function anyFields(text: string): FrameFields {
  let event: string | undefined;
  let data: string | undefined;
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    if (name !== "event" && name !== "data") continue;
    const value = colon === -1 ? "" : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    if (name === "event") event = value;
    else data = data === undefined ? value : `${data}\n${value}`;
  }
  return { event, data };
}

/** One whole frame; `data` may have several lines. */
export function frameOf(data: string, event?: string): Uint8Array {
  const head = event === undefined ? "" : `event: ${event}\n`;
  const lines = /[\r\n]/.test(data) ? data.split(/\r\n|\n|\r/).join("\ndata: ") : data;
  return encoder.encode(`${head}data: ${lines}\n\n`);
}
