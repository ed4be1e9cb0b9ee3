// Recorded and failing Chat streams through tap, decoder and encoder: classes do not depend on how the bytes are cut, good
// recordings have no fault, and a stream folds into the reply that its whole form gives.

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rounds } from "../../../test/support/effort.ts";
import type { Inspected } from "../../core/call.ts";
import { isFault } from "../../core/fault.ts";
import type { StreamEvent } from "../../core/stream-event.ts";
import type { EncodeContext, FrameClass } from "../dialect.ts";
import { isObject, isObjectText, listOf, objectOf, parseJson } from "../json-object.ts";
import { FrameCutter, frameOf } from "../sse.ts";
import { openaiChat } from "./dialect.ts";

const ROOT = new URL("../../../../shared/fixtures/wire/", import.meta.url).pathname;
const FOLDERS = ["openai/chat", "openai-compatible/chat", "groq", "mistral", "deepseek/chat"].map(
  (name) => `${ROOT}vercel-ai/${name}/`,
);
const hasFixtures = existsSync(ROOT);
if (!hasFixtures) test.skip("recorded Chat replies: ../shared/fixtures is absent", () => {});

const { wire, codec } = openaiChat;
const BIG_BYTES = 20_000;
const inspected: Inspected = { model: "asked", stream: true, thinks: false, modelSpan: { start: 0, end: 0 } };
const context: EncodeContext = {
  call: { id: "c1", inspected: { ...inspected, streamOptions: { span: { start: 0, end: 0 }, includeUsage: true } } },
  createdS: 7,
};

function files(folder: string, pattern: RegExp): readonly string[] {
  return hasFixtures ? readdirSync(folder).filter((name) => pattern.test(name)) : [];
}

function join(frames: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(frames));
}

const recorded: readonly (readonly [string, Uint8Array])[] = FOLDERS.flatMap((folder) => [
  ...files(folder, /\.chunks\.txt$/).map((name) => {
    const lines = readFileSync(folder + name, "utf8")
      .split("\n")
      .filter(Boolean);
    return [name, join([...lines, "[DONE]"].map((line) => frameOf(line)))] as const;
  }),
  // One of these was saved without its last blank line.
  ...files(folder, /\.sse$/).map((name) => [name, join([readFileSync(folder + name), Buffer.from("\n\n")])] as const),
]);
const synthetic = files(`${ROOT}synthetic/`, /^chat\..*\.sse$/).map(
  (name) => [name, new Uint8Array(readFileSync(`${ROOT}synthetic/${name}`))] as const,
);
const all = [...recorded, ...synthetic];

function cut(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  const cutter = new FrameCutter(1 << 20);
  return chunks.flatMap((chunk) => [...cutter.push(chunk)]);
}

/** Of ten places to cut at, how many are passed over. */
const SPARSE = 10 / rounds(10);

function tapped(frames: readonly Uint8Array[]) {
  const tap = wire.tap({ dropUsage: false });
  return { classes: frames.map((frame) => tap.see(frame)), tap };
}

function decoded(frames: readonly Uint8Array[]) {
  const decoder = codec.decoder();
  const events = frames.flatMap((frame) => [...decoder.decode(frame)]);
  return { events: [...events, ...decoder.end()], stopped: decoder.stopped };
}

describe.skipIf(!hasFixtures)("the tap", () => {
  test.each(all)("%s: the same classes however it is cut", (_, bytes) => {
    const expected = tapped(cut([bytes])).classes.join();
    const step = bytes.length > BIG_BYTES ? Math.max(7, Math.ceil(bytes.length / 400)) : 1;
    for (let at = 1; at < bytes.length; at += step * SPARSE) {
      const got = tapped(cut([bytes.subarray(0, at), bytes.subarray(at)])).classes.join();
      if (got !== expected) throw new Error(`another reading when cut at ${at}`);
    }
    const bytewise = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7));
    expect(tapped(cut(bytewise)).classes.join()).toBe(expected);
  });

  test.each(recorded)("%s: whole and without fault", (_, bytes) => {
    const { classes, tap } = tapped(cut([bytes]));
    expect(classes).not.toContain("malformed");
    expect(classes).not.toContain("error");
    expect(classes.filter((kind) => kind === "stop")).toHaveLength(1);
    expect(classes.at(-1)).toBe("terminal");
    expect([tap.stopped, tap.hasContent, tap.fault]).toEqual([true, true, undefined]);
  });

  test.each<[string, readonly FrameClass[], boolean, string | undefined]>([
    ["content_filter", ["content", "stop", "preamble", "terminal"], true, undefined],
    ["done-without-finish", ["content", "content", "terminal"], false, undefined],
    ["empty-finish_reason", ["content", "content", "stop", "terminal"], true, undefined],
    ["eof-no-finish", ["content", "content"], false, undefined],
    ["error-mid-text", ["preamble", "content", "error"], false, "server-error"],
    ["finish-carries-last-args", ["tool", "stop", "preamble", "terminal"], true, undefined],
    ["length", ["content", "stop", "preamble", "terminal"], true, undefined],
    ["ollama-index-always-0", ["tool", "tool-next", "stop", "terminal"], true, undefined],
    ["openrouter-error-mid-text", ["ping", "content", "error"], false, "server-error"],
    ["reasoning_content-then-text", ["content", "content", "stop", "preamble", "terminal"], true, undefined],
    ["refusal", ["preamble", "content", "stop", "preamble", "terminal"], true, undefined],
    ["two-finish-chunks", ["tool", "stop", "preamble", "preamble", "terminal"], true, undefined],
  ])("chat.%s", (name, expected, stopped, kind) => {
    const bytes = synthetic.find(([file]) => file === `chat.${name}.sse`)?.[1] ?? new Uint8Array();
    const { classes, tap } = tapped(cut([bytes]));
    expect(classes).toEqual([...expected]);
    expect(tap.stopped).toBe(stopped);
    expect<unknown>(tap.fault?.kind).toBe(kind);
  });
});

describe.skipIf(!hasFixtures)("decoder and encoder", () => {
  const ends = (events: readonly StreamEvent[]) => events.filter((event) => event.type === "message-end");

  test.each(recorded)("%s: text, calls and usage survive", (_, bytes) => {
    const { events, stopped } = decoded(cut([bytes]));
    expect(stopped).toBe(true);
    expect(ends(events)).toHaveLength(1);
    expect(events.some((event) => event.type === "error")).toBe(false);
    // What comes out as a stream and what comes out as a whole reply are again the same events.
    const encoder = codec.encoder(context);
    const out = cut(events.flatMap((event) => encoder.encode(event)?.bytes ?? []));
    expect(tapped(out).classes.at(-1)).toBe("terminal");
    expect(withoutSplits(decoded(out).events)).toEqual(withoutSplits(events));
    const whole = codec.decodeReply(codec.encodeReply(events, context));
    if (isFault(whole)) throw new Error(whole.message);
    expect(reply(whole)).toEqual(reply(events));
  });

  test.each(synthetic)("%s: never finished unless it was", (name, bytes) => {
    const { events, stopped } = decoded(cut([bytes]));
    const { tap } = tapped(cut([bytes]));
    expect([name, stopped]).toEqual([name, tap.stopped]);
    expect(ends(events)).toHaveLength(stopped ? 1 : 0);
    expect(events.at(-1)?.type === "error").toBe(tap.fault !== undefined);
  });

  test.each([
    ["ollama-index-always-0", ['{"p":1}', '{"p":2}']],
    ["finish-carries-last-args", ['{"a":1}']],
    ["two-finish-chunks", ['{"a":1}']],
  ])("chat.%s: whole calls with indices from 0", (name, expected) => {
    const bytes = synthetic.find(([file]) => file === `chat.${name}.sse`)?.[1] ?? new Uint8Array();
    const encoder = codec.encoder(context);
    const out = cut(decoded(cut([bytes])).events.flatMap((event) => encoder.encode(event)?.bytes ?? []));
    const calls = out
      .map((frame) => objectOf(parseJson(new TextDecoder().decode(frame).slice(6))))
      .flatMap((chunk) => listOf(objectOf(objectOf(listOf(chunk?.choices)?.[0])?.delta)?.tool_calls) ?? [])
      .filter(isObject);
    expect(calls.map((call) => call.index)).toEqual(expected.map((_, i) => i));
    expect(calls.map((call) => objectOf(call.function)?.arguments)).toEqual(expected);
    expect(calls.every((call) => isObjectText(String(objectOf(call.function)?.arguments)))).toBe(true);
    expect(new TextDecoder().decode(join(out))).toContain('"finish_reason":"tool_calls"');
  });
});

describe.skipIf(!hasFixtures)("whole replies", () => {
  const wholes = FOLDERS.flatMap((folder) =>
    files(folder, /\.json$/)
      .filter((name) => !name.includes("error"))
      .map((name) => [name, new Uint8Array(readFileSync(folder + name))] as const),
  );

  test.each(wholes)("%s is judged good and survives", (_, bytes) => {
    const verdict = wire.judge(bytes, { operation: "generate", inspected });
    expect(verdict.fault).toBeUndefined();
    expect(verdict.usage?.inputTokens).toBeGreaterThan(0);
    const events = codec.decodeReply(bytes);
    if (isFault(events)) throw new Error(events.message);
    const again = codec.decodeReply(codec.encodeReply(events, context));
    if (isFault(again)) throw new Error(again.message);
    expect(reply(again)).toEqual(reply(events));
  });

  test.each(wholes)("%s cut anywhere is malformed", (_, bytes) => {
    const text = new TextDecoder().decode(bytes).trim();
    for (let at = 0; at < text.length; at += 97 * SPARSE) {
      const part = new TextEncoder().encode(text.slice(0, at));
      expect(wire.judge(part, { operation: "generate", inspected }).fault?.kind).toBe("malformed-reply");
      expect(codec.decodeReply(part)).toMatchObject({ kind: "malformed-reply" });
    }
  });

  test.each(["mistral-reasoning", "mistral-tool-call"])("%s: stream and whole are one answer", (name) => {
    const bytes = recorded.find(([file]) => file === `${name}.chunks.txt`)?.[1] ?? new Uint8Array();
    const whole = codec.decodeReply(wholes.find(([file]) => file === `${name}.json`)?.[1] ?? new Uint8Array());
    if (isFault(whole)) throw new Error(whole.message);
    expect(codec.encodeReply(decoded(cut([bytes])).events, context)).toEqual(codec.encodeReply(whole, context));
  });
});

/** What a client has in the end. */
function reply(events: readonly StreamEvent[]): unknown {
  return parseJson(codec.encodeReply(events, context));
}

/** Joins the deltas of a block, as their number means nothing. */
function withoutSplits(events: readonly StreamEvent[]): unknown {
  const joined: Record<string, unknown>[] = [];
  const blocks = new Map<number, Record<string, unknown>>();
  for (const event of events) {
    if (event.type === "block-end" || event.type === "native") continue;
    const known = "block" in event ? blocks.get(event.block) : undefined;
    if (known !== undefined && "text" in event) known.text = `${known.text}${event.text}`;
    else if (known !== undefined && "json" in event) known.json = `${known.json ?? ""}${event.json}`;
    else {
      const copy = { ...event };
      joined.push(copy);
      if ("block" in event) blocks.set(event.block, copy);
    }
  }
  return joined;
}
