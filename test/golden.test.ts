// Recorded streams through the native lane: whatever the cuts, the client gets the provider's bytes; what is broken ends
// as a fault, with nothing of an open tool call let through.

import { describe, expect, test } from "bun:test";
import type { Heard } from "./support/heard.ts";
import { frameEnds } from "./support/heard.ts";
import { drive, nativeLane, pieces, places, read } from "./support/lanes.ts";
import { FIXTURES_ABSENT, hasFixtures, streams, type WireStream } from "./support/wire-fixtures.ts";

const BUDGET_BYTES = 2_000_000;
const BIG_BYTES = 20_000;

if (!hasFixtures) test.skip(`native lane over recordings, ${FIXTURES_ABSENT}`, () => {});

const named = (state: WireStream["state"]) =>
  streams.filter((stream) => stream.state === state).map((stream) => [stream.name, stream] as const);

/** Lengths first: comparing large arrays of bytes in full is slow when they differ. */
function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

const wholeTools = (heard: Heard): boolean => heard.tools.every((tool) => tool.whole);

describe.skipIf(!hasFixtures)("a good stream passes byte for byte", () => {
  test("the recordings are there", () => {
    expect(named("whole").length).toBeGreaterThan(55);
    expect(named("bad").length).toBe(10);
  });

  test.each(named("whole"))("%s", (_, { dialect, bytes }) => {
    const passes = (chunks: Iterable<Uint8Array>, where: string): void => {
      const { out, finished, fault } = drive(nativeLane(dialect), chunks);
      if (!finished || !same(out, bytes))
        throw new Error(`${where}: ${out.length} of ${bytes.length} ${fault?.message}`);
    };
    passes([bytes], "at once");
    passes(pieces(bytes, 1), "byte by byte");
    for (let phase = 0; phase < 7; phase++) passes(pieces(bytes, 7, phase), `sevens from ${phase}`);
    for (const at of places(bytes, bytes.length > BIG_BYTES ? 7 : 1, BUDGET_BYTES))
      passes([bytes.subarray(0, at), bytes.subarray(at)], `split at ${at}`);
  });

  test.each(named("whole"))("%s, its lines ended by CRLF", (_, { dialect, bytes }) => {
    const crlf = Buffer.from(new TextDecoder().decode(bytes).replaceAll("\n", "\r\n"));
    for (const size of [crlf.length, 1, 7]) {
      const { out, finished } = drive(nativeLane(dialect), pieces(crlf, size));
      expect([size, finished, same(out, crlf)]).toEqual([size, true, true]);
    }
  });

  test.each(named("whole"))("%s has the usage chunk taken out where it is ours, and nothing else", (_, stream) => {
    if (stream.dialect !== "openai-chat") return;
    const text = new TextDecoder().decode(stream.bytes);
    const frames = text.split("\n\n").filter(Boolean);
    const kept = frames.filter((frame) => !(/"choices":\s*\[\]/.test(frame) && /"usage":\s*\{/.test(frame)));
    const { out } = drive(nativeLane("openai-chat", true), [stream.bytes]);
    expect(new TextDecoder().decode(out)).toBe(kept.map((frame) => `${frame}\n\n`).join(""));
  });
});

describe.skipIf(!hasFixtures)("only the closing marker is missing: it is supplied", () => {
  test.each(named("unclosed"))("%s", (_, { dialect, bytes }) => {
    for (const how of ["end", "break"] as const) {
      const { out, finished } = drive(nativeLane(dialect), pieces(bytes, 7), how);
      expect(finished).toBe(true);
      expect(same(out.subarray(0, bytes.length), bytes)).toBe(true);
      expect(read(dialect, out)).toMatchObject({ closed: true, errors: [], violations: [] });
    }
  });
});

describe.skipIf(!hasFixtures)("a bad stream ends as a fault", () => {
  test.each(named("bad"))("%s", (_, { dialect, bytes }) => {
    const ends = new Set([0, ...frameEnds(bytes)]);
    const all: Iterable<Uint8Array>[] = [[bytes]];
    for (const size of [1, 7, 64]) all.push(pieces(bytes, size));
    for (let at = 1; at < bytes.length; at++) all.push([bytes.subarray(0, at), bytes.subarray(at)]);
    let expected: string | undefined;
    for (const chunks of all) {
      const { out, finished, fault } = drive(nativeLane(dialect), chunks);
      expected ??= `${fault?.kind} ${out.length}`;
      // The same bytes in any cuts: the same fault, the same bytes let through.
      expect([finished, `${fault?.kind} ${out.length}`]).toEqual([false, expected]);
      expect(ends.has(out.length)).toBe(true);
      expect(same(out, bytes.subarray(0, out.length))).toBe(true);
      const heard = read(dialect, out);
      expect([heard.errors.length, heard.closed, wholeTools(heard)]).toEqual([0, false, true]);
    }
  });
});
