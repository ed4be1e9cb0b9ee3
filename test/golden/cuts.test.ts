// Good streams cut short, at frames and inside them, by a clean end and by a broken connection: a lane calls an answer
// complete only if its stop reason was delivered, and never lets part of a tool call through.

import { describe, expect, test } from "bun:test";
import { DIALECTS } from "../../src/dialects/registry.ts";
import { asObject, frameEnds, type Heard, parsed } from "../support/heard.ts";
import { drive, type LaneRun, nativeLane, otherDialect, places, read, translatedLane } from "../support/lanes.ts";
import { FIXTURES_ABSENT, hasFixtures, streams, UNTELLABLE, type WireStream } from "../support/wire-fixtures.ts";

const FRAMES_BUDGET_BYTES = 2_000_000;
const BUDGET_BYTES = 1_000_000;

if (!hasFixtures) test.skip(`cut recordings, ${FIXTURES_ABSENT}`, () => {});

const good = streams.filter(({ state }) => state !== "bad").map((stream) => [stream.name, stream] as const);
const tellable = good.filter(([name]) => !UNTELLABLE.has(name));
/** Their calls have no index, or all of them the same. */
const MENDED: ReadonlySet<string> = new Set([
  "anthropic-fallback-tool-call",
  "mistral-tool-call",
  "chat.ollama-index-always-0",
]);
const utf8 = new TextDecoder();

/** Where the frame ends that tells why the model stopped: the first that does, and every choice has. */
function stopEnd({ dialect, bytes }: WireStream): number {
  for (const end of frameEnds(bytes)) {
    const start = bytes.subarray(0, end - 2).lastIndexOf(10) + 1;
    const data = asObject(parsed(utf8.decode(bytes.subarray(start, end)).replace(/^data: /, "")));
    if (dialect === "anthropic-messages") {
      const told = asObject(data?.delta)?.stop_reason ?? asObject(data?.message)?.stop_reason;
      if (typeof told === "string") return end;
    } else {
      const [choice] = Array.isArray(data?.choices) ? data.choices : [];
      if (asObject(choice)?.finish_reason) return end;
    }
  }
  throw new Error("a good stream without a stop reason");
}

function cutsOf(bytes: Uint8Array): readonly number[] {
  const ends = frameEnds(bytes);
  const step = Math.max(1, Math.ceil((ends.length * bytes.length) / 2 / FRAMES_BUDGET_BYTES));
  // The last frames matter most: there the stop reason is.
  const frames = ends.filter((_, index) => index % step === 0 || index > ends.length - 12);
  return [0, ...frames, ...places(bytes, 7, BUDGET_BYTES)];
}

const startsTheSame = (source: Heard, part: Heard): boolean =>
  source.text.startsWith(part.text) &&
  part.tools.every(({ name, json }, index) => {
    const said = source.tools[index];
    return said?.name === name && JSON.stringify(parsed(json || "{}")) === JSON.stringify(parsed(said.json || "{}"));
  });

function checkTruth(run: LaneRun, stopTold: boolean, where: string): void {
  const wanted = stopTold ? "finished" : "fault";
  const was = run.finished ? "finished" : "fault";
  if (was !== wanted) throw new Error(`${where}: ${was} ${run.fault?.message}, not ${wanted}`);
  const kind = run.fault?.kind;
  if (kind !== undefined && kind !== "stream-broken") throw new Error(`${where}: ${kind} for a cut`);
}

function checkClient(heard: Heard, source: Heard, { stopTold, where }: { stopTold: boolean; where: string }): void {
  if (heard.closed !== stopTold || (heard.stop !== undefined) !== stopTold) throw new Error(`${where}: a faked end`);
  if (!startsTheSame(source, heard)) throw new Error(`${where}: not what the source said`);
  // The source's own calls may be cut by its limit; what the source has whole the client must not have in part.
  for (const [index, tool] of heard.tools.entries())
    if (!tool.whole && source.tools[index]?.whole) throw new Error(`${where}: part of a tool call`);
}

describe.skipIf(!hasFixtures)("cut short", () => {
  test.each(good)("%s, natively", (name, stream) => {
    const { dialect, bytes } = stream;
    const source = read(dialect, bytes);
    const toldAt = stopEnd(stream);
    // To the byte, but for calls that SDKs would not find where they stand.
    const given = MENDED.has(name) ? drive(nativeLane(dialect), [bytes]).out : bytes;
    const ends = new Set([0, ...frameEnds(given)]);
    const { terminalFrame } = DIALECTS[dialect].wire;
    for (const at of cutsOf(bytes)) {
      const stopTold = at >= toldAt;
      for (const how of ["end", "break"] as const) {
        const where = `cut at ${at} of ${bytes.length} (${how})`;
        const run = drive(nativeLane(dialect), [bytes.subarray(0, at)], how);
        checkTruth(run, stopTold, where);
        const isSupplied = stopTold && (at < bytes.length || !source.closed);
        const own = isSupplied ? run.out.length - terminalFrame.length : run.out.length;
        const marker = isSupplied ? terminalFrame : new Uint8Array(0);
        if (Buffer.compare(run.out, Buffer.concat([given.subarray(0, own), marker])) !== 0 || !ends.has(own))
          throw new Error(`${where}: not whole frames of the source`);
        checkClient(read(dialect, run.out), source, { stopTold, where });
      }
    }
  });

  test.each(tellable)("%s, translated", (_, stream) => {
    const { dialect, bytes } = stream;
    const source = read(dialect, bytes);
    const toldAt = stopEnd(stream);
    for (const at of cutsOf(bytes)) {
      const stopTold = at >= toldAt;
      const how = at % 2 === 0 ? "end" : "break";
      const where = `cut at ${at} of ${bytes.length} (${how})`;
      const run = drive(translatedLane(dialect, true), [bytes.subarray(0, at)], how);
      checkTruth(run, stopTold, where);
      const heard = read(otherDialect(dialect), run.out);
      if (heard.violations.length > 0) throw new Error(`${where}: ${heard.violations.join("; ")}`);
      checkClient(heard, source, { stopTold, where });
    }
  });

  test("an error after the stop reason takes nothing back, on both lanes", () => {
    for (const [name, stream] of tellable) {
      const { dialect, bytes } = stream;
      const error = DIALECTS[dialect].wire.errorFrame(
        { kind: "overloaded", message: "late" },
        { call: "c", trail: [] },
      );
      const chunks = [bytes.subarray(0, stopEnd(stream)), error];
      for (const lane of [nativeLane(dialect), translatedLane(dialect, true)]) {
        const run = drive(lane, chunks);
        expect([name, run.finished, run.fault?.message]).toEqual([name, true, undefined]);
      }
    }
  });
});
