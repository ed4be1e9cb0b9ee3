// What a stream that can be gone on with keeps: its words once, and little else, on both lanes and for both dialects.

import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import type { DialectId } from "../src/core/call.ts";
import { DIALECTS } from "../src/dialects/registry.ts";
import type { Lane } from "../src/engine/lane.ts";
import { followedLane, inspected } from "./support/lanes.ts";

const STREAMS = 60;
const PIECES = 1_500;
const PIECE = "some words, ‘as’ ";
const LIMIT_BYTES = 16_384;
const LIMIT_MS = 30_000;

function heldBytes(): number {
  Bun.gc(true);
  // Buffers included.
  return heapStats().heapSize;
}

function frames(dialect: DialectId): readonly Uint8Array[] {
  const encoder = DIALECTS[dialect].codec.encoder({ call: { id: "call_1", inspected: inspected(true) }, createdS: 1 });
  const start = encoder.encode({ type: "message-start", id: "m", model: "m" });
  const deltas = Array.from({ length: PIECES }, () => encoder.encode({ type: "text-delta", block: 0, text: PIECE }));
  return [start, ...deltas].flatMap((encoded) => (encoded === undefined ? [] : [encoded.bytes]));
}

test.each([
  ["anthropic-messages", "anthropic-messages"],
  ["openai-chat", "openai-chat"],
  ["openai-chat", "anthropic-messages"],
  ["anthropic-messages", "openai-chat"],
] as const)("a stream of %s for a client of %s", keepsItsWords, LIMIT_MS);

function keepsItsWords(dialect: DialectId, client: DialectId): void {
  const sent = frames(dialect);
  const textBytes = new TextEncoder().encode(PIECE).length * PIECES;
  const lanes: Lane[] = [];
  const play = (lane: Lane): void => {
    // Each chunk is a buffer of its own, as the network gives it.
    for (const bytes of sent) lane.feed(bytes.slice());
  };
  play(followedLane(dialect, client));
  const before = heldBytes();
  for (let at = 0; at < STREAMS; at++) {
    const lane = followedLane(dialect, client);
    play(lane);
    lanes.push(lane);
    if (at % 25 === 0) Bun.gc(true);
  }
  const each = (heldBytes() - before) / STREAMS;
  expect(lanes.at(-1)?.unfinished()?.text?.length).toBe(PIECE.length * PIECES);
  expect(each, `${Math.round(each)} bytes for ${textBytes} of text`).toBeLessThanOrEqual(textBytes + LIMIT_BYTES);
  // A measure that sees nothing would hold anything.
  expect(each).toBeGreaterThan(textBytes * 0.5);
}
