// Every recorded and made-up stream, good or bad, at every 7th byte, on both lanes: a stream that is cut inside a frame stands
// where it stood behind the frame before. So what holds behind every frame (`cuts.test.ts`, `resumed.test.ts`) holds everywhere.

import { describe, expect, test } from "bun:test";
import type { DialectId } from "../../src/core/call.ts";
import { DIALECTS } from "../../src/dialects/registry.ts";
import type { Lane } from "../../src/engine/lane.ts";
import { frameEnds } from "../support/heard.ts";
import { followedLane, otherDialect, pieces } from "../support/lanes.ts";
import { FIXTURES_ABSENT, hasFixtures, streams } from "../support/wire-fixtures.ts";

const STEP_BYTES = 7;

if (!hasFixtures) test.skip(`between the frames of recordings, ${FIXTURES_ABSENT}`, () => {});

/** All that what follows a cut goes by, and how much the client has. */
function stand(lane: Lane, outBytes: number): string {
  const { received, committed, stopped, finished, fault, progress, usage } = lane;
  return JSON.stringify([outBytes, received, committed, stopped, finished, fault, progress, usage]);
}

/** Where the stream stands behind each piece, by the place at which it ends. */
function stands(lane: Lane, chunks: Iterable<Uint8Array>): ReadonlyMap<number, string> {
  const found = new Map<number, string>([[0, stand(lane, 0)]]);
  let at = 0;
  let out = 0;
  for (const chunk of chunks) {
    at += chunk.length;
    if (!lane.finished && lane.fault === undefined) out += lane.feed(chunk)?.length ?? 0;
    found.set(at, stand(lane, out));
  }
  return found;
}

function check(dialect: DialectId, client: DialectId, bytes: Uint8Array): void {
  const ends = [0, ...frameEnds(bytes)];
  const frames = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
  const known = stands(followedLane(dialect, client), frames);
  let frame = 0;
  for (const [at, here] of stands(followedLane(dialect, client), pieces(bytes, STEP_BYTES))) {
    while ((ends[frame + 1] ?? Number.POSITIVE_INFINITY) <= at) frame++;
    if (here !== known.get(ends[frame] ?? 0)) throw new Error(`${client} at ${at}: ${here}`);
  }
  // The text that is gone on with, too.
  const [whole, cut] = [followedLane(dialect, client), followedLane(dialect, client)];
  stands(whole, frames);
  stands(cut, pieces(bytes, STEP_BYTES));
  expect({ ...cut.unfinished(), write: 0 }).toEqual({ ...whole.unfinished(), write: 0 });
}

describe.skipIf(!hasFixtures)("inside a frame", () => {
  test.each(streams.map((stream) => [stream.name, stream] as const))("%s", (_, { dialect, bytes }) => {
    for (const client of [dialect, otherDialect(dialect)]) check(dialect, client, bytes);
  });

  test("both dialects are there", () =>
    expect(Object.keys(DIALECTS).filter((id) => streams.some(({ dialect }) => dialect === id))).toHaveLength(2));
});
