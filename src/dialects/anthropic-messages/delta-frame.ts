// Recognises by its bytes a frame that is nothing but one more delta of the open block: nearly all of a stream. Whatever does
// not match is for the grammar to read in full.

import { standsAt } from "../../core/bytes.ts";
import { stringBodyEnd } from "../json-string.ts";
import type { BlockKind } from "./grammar.ts";

const CLOSE = 0x7d;
const SPACE = 0x20;
const LF = 10;
const CR = 13;

const encoder = new TextEncoder();

const DELTA_HEADS: Readonly<Partial<Record<BlockKind, string>>> = {
  text: '"text_delta","text":"',
  thinking: '"thinking_delta","thinking":"',
  tool: '"input_json_delta","partial_json":"',
};

/** The bytes with which a delta of an open block begins; `undefined` for a kind whose deltas are not worth matching. */
export function headOf(kind: BlockKind, index: number): Uint8Array | undefined {
  const delta = DELTA_HEADS[kind];
  if (delta === undefined) return undefined;
  return encoder.encode(
    `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":${delta}`,
  );
}

/** True when a chunk ends as one frame does that ends with two line feeds. */
export function endsOnce(chunk: Uint8Array): boolean {
  const last = chunk.length - 1;
  return chunk[last] === LF && chunk[last - 1] === LF && chunk[last - 2] !== LF;
}

/**
 * The length in bytes of the JSON string that follows `head`, when the frame is nothing but such a delta; else -1.
 * Spaces are allowed where Anthropic pads its events: between and after the closing braces.
 */
export function deltaLength(frame: Uint8Array, head: Uint8Array): number {
  const start = head.length;
  const length = frame.length;
  if (length < start + 4) return -1;
  if (!standsAt(frame, 0, head)) return -1;
  const quote = stringBodyEnd(frame, start);
  if (quote === -1 || frame[quote + 1] !== CLOSE) return -1;
  let at = quote + 2;
  while (frame[at] === SPACE) at++;
  if (frame[at] !== CLOSE) return -1;
  at++;
  while (frame[at] === SPACE) at++;
  for (; at < length; at++) if (frame[at] !== LF && frame[at] !== CR) return -1;
  return quote - start;
}
