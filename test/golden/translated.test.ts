// Recorded streams through the translated lane, both ways: what comes out keeps the client's grammar to the letter and says
// what the source said, however the source was cut.

import { describe, expect, test } from "bun:test";
import { type Heard, parsed } from "../support/heard.ts";
import { drive, otherDialect, pieces, places, read, translatedLane } from "../support/lanes.ts";
import { FIXTURES_ABSENT, hasFixtures, streams, UNTELLABLE, type WireStream } from "../support/wire-fixtures.ts";

const BUDGET_BYTES = 1_000_000;

if (!hasFixtures) test.skip(`translated lane over recordings, ${FIXTURES_ABSENT}`, () => {});

const named = (...states: readonly WireStream["state"][]) =>
  streams
    .filter(({ name, state }) => states.includes(state) && !UNTELLABLE.has(name))
    .map((stream) => [stream.name, stream] as const);

/** Ids apart: Anthropic's clients take only some characters, and some providers repeat an id. */
const callsOf = ({ tools }: Heard): unknown =>
  tools.map(({ name, json }) => [name, json.trim() === "" ? {} : parsed(json)]);

const STOPS: Readonly<Record<string, string>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  pause_turn: "stop",
  compaction: "stop",
  tool_use: "tool_calls",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  refusal: "content_filter",
};

function expectedStop({ dialect }: WireStream, source: Heard): string | undefined {
  if (dialect === "anthropic-messages") return STOPS[source.stop ?? ""];
  if (source.tools.length > 0) return "tool_use";
  return { stop: "end_turn", length: "max_tokens", content_filter: "refusal" }[source.stop ?? ""];
}

describe.skipIf(!hasFixtures)("a good stream says the same in the other dialect", () => {
  test.each(named("whole", "unclosed"))("%s", (name, stream) => {
    const { dialect, bytes } = stream;
    const source = read(dialect, bytes);
    const run = drive(translatedLane(dialect, true), [bytes]);
    expect([run.finished, run.fault]).toEqual([true, undefined]);
    const heard = read(otherDialect(dialect), run.out);
    expect([heard.violations, heard.closed, heard.errors]).toEqual([[], true, []]);
    expect(heard.text).toBe(source.text);
    expect(callsOf(heard)).toEqual(callsOf(source));
    // Thinking needs its provider's signature: an Anthropic client must not get it.
    expect(heard.reasoning).toBe(dialect === "anthropic-messages" ? source.reasoning : "");
    // A refusal in words ends as one: Chat says it with `stop`.
    if (name !== "chat.refusal") expect(heard.stop).toBe(expectedStop(stream, source));
    expect(new Set(heard.tools.map(({ id }) => id)).size).toBe(heard.tools.length);
    if (dialect === "openai-chat") for (const { id } of heard.tools) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
  });

  test.each(named("whole", "unclosed"))("%s, in whatever pieces", (_, { dialect, bytes }) => {
    const whole = new TextDecoder().decode(drive(translatedLane(dialect, true), [bytes]).out);
    const compare = (chunks: Iterable<Uint8Array>, where: string): void => {
      const { out, finished } = drive(translatedLane(dialect, true), chunks);
      if (!finished || new TextDecoder().decode(out) !== whole) throw new Error(`differs: ${where}`);
    };
    compare(pieces(bytes, 1), "byte by byte");
    for (let phase = 0; phase < 7; phase += 3) compare(pieces(bytes, 7, phase), `sevens from ${phase}`);
    for (const at of places(bytes, 1, BUDGET_BYTES))
      compare([bytes.subarray(0, at), bytes.subarray(at)], `split at ${at}`);
  });

  test.each(named("whole", "unclosed"))("%s: usage only for who asked", (_, { dialect, bytes }) => {
    const asked = read(otherDialect(dialect), drive(translatedLane(dialect, true), [bytes]).out, true);
    const unasked = read(otherDialect(dialect), drive(translatedLane(dialect, false), [bytes]).out, false);
    expect(unasked.violations).toEqual([]);
    expect(unasked.text).toBe(asked.text);
    const source = read(dialect, bytes).usage;
    if (dialect === "openai-chat") {
      // Some count reasoning apart: the total tells.
      const total = Number(source?.total_tokens ?? 0) - Number(source?.prompt_tokens ?? 0);
      // Without a count the client is told a guess, never none.
      if (source === undefined || source === null) expect(Number(asked.usage?.output_tokens)).toBeGreaterThan(0);
      else expect(asked.usage?.output_tokens).toBe(total);
    } else {
      expect(unasked.usage).toBeUndefined();
      expect(asked.usage?.completion_tokens).toBe(source?.output_tokens as number);
    }
  });
});

test.skipIf(!hasFixtures)("what cannot be told in the other dialect is no empty success", () => {
  for (const { name, dialect, bytes } of streams) {
    if (!UNTELLABLE.has(name)) continue;
    const { out, fault } = drive(translatedLane(dialect, true), [bytes]);
    expect([out.length, fault?.kind]).toEqual([0, "empty-reply"]);
  }
});

describe.skipIf(!hasFixtures)("a bad stream is a fault, and no call of it is let through in part", () => {
  test.each(named("bad"))("%s", (_, { dialect, bytes }) => {
    const source = read(dialect, bytes);
    let expected: string | undefined;
    const all: Iterable<Uint8Array>[] = [[bytes], pieces(bytes, 1), pieces(bytes, 7)];
    for (const at of places(bytes, 1, BUDGET_BYTES)) all.push([bytes.subarray(0, at), bytes.subarray(at)]);
    for (const chunks of all) {
      const { out, finished, fault } = drive(translatedLane(dialect, true), chunks);
      const text = new TextDecoder().decode(out);
      expected ??= `${fault?.kind} ${text}`;
      expect([finished, `${fault?.kind} ${text}`]).toEqual([false, expected]);
      const heard = read(otherDialect(dialect), out);
      expect([heard.violations, heard.closed, heard.stop]).toEqual([[], false, undefined]);
      expect(source.text.startsWith(heard.text)).toBe(true);
      for (const tool of heard.tools) expect(tool.whole).toBe(true);
    }
  });
});
