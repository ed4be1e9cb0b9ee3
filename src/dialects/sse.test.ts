import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { rounds } from "../../test/support/effort.ts";
import { FrameCutter, frameFields, frameOf } from "./sse.ts";

const LIMIT = 1 << 20;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (of: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(of);

function cut(chunks: readonly Uint8Array[], limitBytes = LIMIT): { frames: string[]; rest: string } {
  const cutter = new FrameCutter(limitBytes);
  const frames = chunks.flatMap((chunk) => cutter.push(chunk).map(text));
  return { frames, rest: text(cutter.rest()) };
}

function split(all: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [...new Set(places)].sort((a, b) => a - b);
  return [...cuts, all.length].map((end, i) => all.subarray(cuts[i - 1] ?? 0, end));
}

const CASES: readonly (readonly [name: string, input: string, frames: readonly string[], rest: string])[] = [
  ["LF", "data: a\n\ndata: b\n\n", ["data: a\n\n", "data: b\n\n"], ""],
  ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", ["data: a\r\n\r\n", "data: b\r\n\r\n"], ""],
  ["CR", "data: a\r\rdata: b\r\r", ["data: a\r\r", "data: b\r\r"], ""],
  ["CR, then CRLF as the blank line", "data: a\r\r\ndata: b\n\n", ["data: a\r\r", "\ndata: b\n\n"], ""],
  ["LF, then CR as the blank line", "data: a\n\rdata: b\n\n", ["data: a\n\r", "data: b\n\n"], ""],
  ["several lines", "event: x\ndata: a\ndata: b\n\n", ["event: x\ndata: a\ndata: b\n\n"], ""],
  ["blank lines before and between", "\n\r\ndata: a\n\n\n\ndata: b\n\n", ["\n\r\ndata: a\n\n", "\n\ndata: b\n\n"], ""],
  ["a BOM", "\uFEFFdata: ä\n\n", ["\uFEFFdata: ä\n\n"], ""],
  ["a comment", ": hi\n\n", [": hi\n\n"], ""],
  ["an open frame", "data: a\n\ndata: b\n", ["data: a\n\n"], "data: b\n"],
  ["CRLF cut before its last LF", "data: a\r\n\r", [], "data: a\r\n\r"],
  ["nothing", "", [], ""],
];

describe("FrameCutter", () => {
  for (const [name, input, frames, rest] of CASES) {
    test(`${name}: whole, at every byte, byte by byte`, () => {
      const all = bytes(input);
      expect(cut([all])).toEqual({ frames: [...frames], rest });
      for (let at = 0; at <= all.length; at++) expect(cut(split(all, [at]))).toEqual({ frames: [...frames], rest });
      expect(cut(Array.from(all, (byte) => Uint8Array.of(byte)))).toEqual({ frames: [...frames], rest });
    });
  }

  test("any bytes: nothing is lost, and the frames do not depend on the splits", () => {
    const piece = fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "data: x", "ä", ":", "\uFEFF", "event: e");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(200), { maxLength: 8 }), (pieces, places) => {
        const all = bytes(pieces.join(""));
        const whole = cut([all]);
        const apart = cut(
          split(
            all,
            places.filter((place) => place < all.length),
          ),
        );
        expect(whole.frames.join("") + whole.rest).toBe(pieces.join(""));
        expect(apart).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  test("frames within a chunk are views of it", () => {
    const chunk = bytes("data: a\n\ndata: b\n\n");
    for (const frame of new FrameCutter(LIMIT).push(chunk)) expect(frame.buffer).toBe(chunk.buffer);
  });

  test("a frame comes out with its last byte, not with the next chunk", () => {
    expect(cut([bytes("data: a\r\r")]).frames).toHaveLength(1);
    expect(cut([bytes("data: a\n\n")]).frames).toHaveLength(1);
    expect(cut([bytes("data: a\r\n\r\n")]).frames).toHaveLength(1);
  });

  test("a frame over the limit is an overflow, however it is split; frames before it come out", () => {
    const all = bytes(`data: a\n\ndata: ${"b".repeat(20)}\n\ndata: c\n\n`);
    for (const chunks of [[all], split(all, [12]), Array.from(all, (byte) => Uint8Array.of(byte))]) {
      const cutter = new FrameCutter(16);
      const frames = chunks.flatMap((chunk) => cutter.push(chunk).map(text));
      expect(frames).toEqual(["data: a\n\n"]);
      expect(cutter.overflowed).toBe(true);
      expect(cutter.push(all)).toEqual([]);
    }
  });
});

describe("frameFields", () => {
  const rows: readonly (readonly [string, string | undefined, string | undefined])[] = [
    ["event: x\ndata: a\n\n", "x", "a"],
    ["data:a\ndata:  b\ndata\n\n", undefined, "a\n b\n"],
    ["\uFEFFevent: x\r\ndata: a\r\n\r\n", "x", "a"],
    [": comment\nid: 1\nretry: 5\n\n", undefined, undefined],
    ["event: x\n\n", "x", undefined],
    ["\n\ndata: a:b\n\n", undefined, "a:b"],
    ["datax: a\n\n", undefined, undefined],
  ];
  for (const [frame, event, data] of rows)
    test(JSON.stringify(frame), () => expect(frameFields(bytes(frame))).toEqual({ event, data }));
});

test("a frame in the usual form says what the rules of any form say", () => {
  const part = fc.constantFrom("event: ", "data: ", "data:", "event", "\n", "\n\n", "\r", ": ", " ", "a", "{}");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
      const frame = `${parts.join("")}\n\n`;
      const of = (name: string) =>
        frame.split(/\r\n|\n|\r/).flatMap((line) => {
          if (line === name) return [""];
          return line.startsWith(`${name}:`) ? [line.slice(name.length + 1).replace(/^ /, "")] : [];
        });
      const data = of("data");
      expect(frameFields(bytes(frame))).toEqual({
        event: of("event").at(-1),
        data: data.length === 0 ? undefined : data.join("\n"),
      });
    }),
    { numRuns: rounds(2_000) },
  );
});

test("frameOf writes what frameFields reads", () => {
  fc.assert(
    fc.property(fc.string(), fc.option(fc.stringMatching(/^[a-z_]+$/), { nil: undefined }), (data, event) => {
      const frame = frameOf(data, event);
      expect(frameFields(frame)).toEqual({ event, data: data.replaceAll(/\r\n|\r/g, "\n") });
      expect(cut([frame]).frames).toEqual([text(frame)]);
    }),
  );
});
