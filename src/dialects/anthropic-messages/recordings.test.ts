import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Inspected } from "../../core/call.ts";
import { isFault } from "../../core/fault.ts";
import type { StreamEvent } from "../../core/stream-event.ts";
import type { EncodeContext } from "../dialect.ts";
import { isList, isObject, type JsonObject } from "../json-object.ts";
import { FrameCutter, frameFields, frameOf } from "../sse.ts";
import { anthropicMessages } from "./dialect.ts";

const ROOT = new URL("../../../../shared/fixtures/wire/", import.meta.url).pathname;
const RECORDED = `${ROOT}vercel-ai/anthropic/`;
const SYNTHETIC = `${ROOT}synthetic/`;
const hasFixtures = existsSync(RECORDED) && existsSync(SYNTHETIC);
if (!hasFixtures) test.skip("recorded Anthropic replies: ../shared/fixtures is absent", () => {});

const { wire, codec } = anthropicMessages;
const inspected: Inspected = { model: "m", stream: true, thinks: false, modelSpan: { start: 0, end: 0 } };
const context: EncodeContext = { call: { id: "c1", inspected }, createdS: 0 };

function files(folder: string, pattern: RegExp): readonly string[] {
  return hasFixtures ? readdirSync(folder).filter((name) => pattern.test(name)) : [];
}

/** A recording may hold the replies of several turns, one after the other. */
function recordedStreams(): readonly (readonly [name: string, frames: readonly Uint8Array[]])[] {
  return files(RECORDED, /\.chunks\.txt$/).flatMap((name) => {
    const streams: Uint8Array[][] = [];
    let ended = true;
    for (const line of readFileSync(RECORDED + name, "utf8").split("\n")) {
      if (line === "") continue;
      const event: unknown = JSON.parse(line);
      const type = isObject(event) ? String(event.type) : "";
      if (ended) streams.push([]);
      ended = type === "message_stop";
      streams.at(-1)?.push(frameOf(line, type));
    }
    return streams.map((frames, i) => [`${name}#${i + 1}`, frames] as const);
  });
}

const syntheticStreams = files(SYNTHETIC, /^anthropic\..*\.sse$/).map(
  (name) => [name, cut([new Uint8Array(readFileSync(SYNTHETIC + name))])] as const,
);
const recorded = recordedStreams();
const good = recorded.filter(([name]) => !name.startsWith("spliced"));

function join(frames: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(frames.map((frame) => Buffer.from(frame))));
}

function cut(chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  const cutter = new FrameCutter(1 << 20);
  const frames: Uint8Array[] = [];
  for (const chunk of chunks) for (const frame of cutter.push(chunk)) frames.push(frame);
  return frames;
}

function singles(all: Uint8Array): readonly Uint8Array[] {
  return Array.from(all, (_, i) => all.subarray(i, i + 1));
}

/** Frames follow each other without a gap (which `sse.test.ts` proves), so that their lengths tell them. */
const lengths = (frames: readonly Uint8Array[]): string => frames.map((frame) => frame.length).join(" ");

interface Folded {
  texts: string[];
  reasoning: string[];
  tools: unknown[];
  stop: unknown;
  usage: unknown;
  errors: number;
}

function fold(events: readonly StreamEvent[]): Folded {
  const blocks = new Map<
    number,
    { text?: string; thought?: string; tool?: { id: string; name: string; json: string } }
  >();
  const folded: Folded = { texts: [], reasoning: [], tools: [], stop: undefined, usage: undefined, errors: 0 };
  const block = (at: number) => blocks.get(at) ?? blocks.set(at, {}).get(at)!;
  for (const event of events) {
    if (event.type === "text-delta") block(event.block).text = (block(event.block).text ?? "") + event.text;
    if (event.type === "reasoning-delta") block(event.block).thought = (block(event.block).thought ?? "") + event.text;
    if (event.type === "tool-start") block(event.block).tool = { id: event.id, name: event.name, json: "" };
    if (event.type === "tool-delta") block(event.block).tool!.json += event.json;
    if (event.type === "message-end") [folded.stop, folded.usage] = [[event.stop, event.stopSequence], event.usage];
    if (event.type === "error") folded.errors += 1;
  }
  for (const { text, thought, tool } of blocks.values()) {
    if (text !== undefined) folded.texts.push(text);
    if (thought !== undefined) folded.reasoning.push(thought);
    if (tool !== undefined) folded.tools.push({ id: tool.id, name: tool.name, input: JSON.parse(tool.json || "{}") });
  }
  return folded;
}

function decode(frames: readonly Uint8Array[]): readonly StreamEvent[] {
  const decoder = codec.decoder();
  return [...frames.flatMap((frame) => [...decoder.decode(frame)]), ...decoder.end()];
}

/** The message as an SDK accumulates it. */
function wholeOf(frames: readonly Uint8Array[]): JsonObject {
  let message: JsonObject = {};
  let usage: JsonObject = {};
  const content: Record<string, unknown>[] = [];
  for (const frame of frames) {
    const event = JSON.parse(frameFields(frame).data ?? "{}");
    if (event.type === "message_start") {
      [message, usage] = [event.message, event.message.usage];
      content.push(...event.message.content);
    }
    if (event.type === "content_block_start") content.push({ ...event.content_block, json: "" });
    const block = content[event.index] ?? {};
    if (event.delta?.type === "text_delta") block.text = String(block.text) + event.delta.text;
    if (event.delta?.type === "thinking_delta") block.thinking = String(block.thinking) + event.delta.thinking;
    if (event.delta?.type === "input_json_delta") block.json = String(block.json) + event.delta.partial_json;
    if (event.type === "content_block_stop" && block.json !== "") block.input = JSON.parse(String(block.json));
    if (event.type === "message_delta") {
      message = { ...message, ...event.delta };
      usage = { ...usage, ...event.usage };
    }
  }
  return { ...message, content, usage };
}

function streamOf(events: readonly StreamEvent[]): readonly Uint8Array[] {
  const encoder = codec.encoder(context);
  return cut(events.flatMap((event) => encoder.encode(event)?.bytes ?? []));
}

describe.skipIf(!hasFixtures)("recorded and synthetic streams", () => {
  for (const [name, frames] of [...recorded, ...syntheticStreams]) {
    test(`${name}: frames do not depend on where the bytes are split`, () => {
      const all = join(frames);
      const whole = lengths(frames);
      expect(lengths(cut([all]))).toBe(whole);
      expect(lengths(cut(singles(all)))).toBe(whole);
      // The work grows with the square of the stream: every byte of small ones, every 7th of larger, fewer of the largest.
      const step = all.length < 4000 ? 1 : all.length < 12_000 ? 7 : 1009;
      for (let at = 0; at < all.length; at += step)
        if (lengths(cut([all.subarray(0, at), all.subarray(at)])) !== whole) throw new Error(`split at byte ${at}`);
      if (step > 7) return;
      const crlf = new TextEncoder().encode(new TextDecoder().decode(all).replaceAll("\n", "\r\n"));
      expect(cut([crlf]).length).toBe(frames.length);
      expect(lengths(cut(singles(crlf)))).toBe(lengths(cut([crlf])));
    });
  }

  for (const [name, frames] of good) {
    test(`${name}: the tap finds nothing wrong and reaches the end`, () => {
      const tap = wire.tap({ dropUsage: false });
      const classes = frames.map((frame) => tap.see(frame));
      expect(tap.fault).toBeUndefined();
      expect(classes.at(-1)).toBe("terminal");
      expect(tap.stopped).toBe(true);
      expect(tap.hasContent || tap.emptyIsLegal).toBe(true);
      expect(tap.usage?.inputTokens).toBeGreaterThanOrEqual(0);
      expect(tap.usage?.outputTokens).toBeGreaterThanOrEqual(0);
      // A message that comes whole in its message_start has no frames for its calls.
      const isWhole = frames.length === 2;
      const toolEnds = classes.filter((seen) => seen === "tool-end").length;
      expect(toolEnds).toBe(isWhole ? 0 : fold(decode(frames)).tools.length);
    });

    test(`${name}: streamed, whole and written again, the answer is the same`, () => {
      const events = decode(frames);
      const folded = fold(events);
      const whole = codec.decodeReply(new TextEncoder().encode(JSON.stringify(wholeOf(frames))));
      if (isFault(whole)) throw new Error(whole.message);
      expect(fold(whole)).toEqual(folded);
      const again = fold(decode(streamOf(events)));
      const written = codec.decodeReply(codec.encodeReply(events, context));
      if (isFault(written)) throw new Error(written.message);
      for (const copy of [again, fold(written)]) {
        expect(copy).toMatchObject({ texts: folded.texts, tools: folded.tools, reasoning: [], errors: 0 });
        expect(copy.stop).toEqual(folded.stop);
      }
    });
  }

  test("a stream into which the provider spliced a second answer is malformed on both lanes", () => {
    const frames = recorded.find(([name]) => name.startsWith("spliced"))![1];
    const tap = wire.tap({ dropUsage: false });
    expect(frames.map((frame) => tap.see(frame)).indexOf("malformed")).toBe(7);
    expect(decode(frames).at(-1)).toMatchObject({ type: "error", fault: { kind: "malformed-reply" } });
  });

  test("whole replies: judged well, and the same when written and read again", () => {
    for (const name of files(RECORDED, /\.json$/)) {
      const body = new Uint8Array(readFileSync(RECORDED + name));
      const reply: unknown = JSON.parse(new TextDecoder().decode(body));
      if (!isObject(reply) || !isList(reply.content)) continue;
      expect([name, wire.judge(body, { operation: "generate", inspected }).fault]).toEqual([name, undefined]);
      const events = codec.decodeReply(body);
      if (isFault(events)) throw new Error(`${name}: ${events.message}`);
      const again = fold(decode(streamOf(events)));
      const { texts, tools, stop } = fold(events);
      expect(again.texts).toEqual(texts);
      expect(again.tools).toEqual(tools);
      // What was delivered says whether it ends with a call, whatever the reason that was given.
      expect([name, again.stop]).toEqual([name, tools.length > 0 ? ["tool-use", undefined] : stop]);
    }
  });

  const endings: Readonly<Record<string, readonly [last: string, stopped: boolean, event: string]>> = {
    "anthropic.context_window_exceeded.sse": ["terminal", true, "message-end"],
    "anthropic.eof-after-message_delta.sse": ["stop", true, "message-end"],
    "anthropic.eof-mid-text.sse": ["content", false, "text-delta"],
    "anthropic.error-before-content.sse": ["error", false, "error"],
    "anthropic.error-mid-text.sse": ["error", false, "error"],
    "anthropic.error-mid-thinking.sse": ["error", false, "error"],
    "anthropic.error-mid-tool-json.sse": ["error", false, "error"],
    "anthropic.max_tokens.sse": ["terminal", true, "message-end"],
    "anthropic.parallel-tools.sse": ["terminal", true, "message-end"],
    "anthropic.pause_turn.sse": ["terminal", true, "message-end"],
    "anthropic.redacted_thinking.sse": ["terminal", true, "message-end"],
    "anthropic.stop_sequence.sse": ["terminal", true, "message-end"],
    "anthropic.thinking-omitted-signature-only.sse": ["terminal", true, "message-end"],
  };
  test("each synthetic failure ends as it is", () => {
    expect(syntheticStreams.map(([name]) => name).sort()).toEqual(Object.keys(endings));
    for (const [name, frames] of syntheticStreams) {
      const tap = wire.tap({ dropUsage: false });
      const last = frames.map((frame) => tap.see(frame)).at(-1);
      expect([name, last, tap.stopped, decode(frames).at(-1)?.type]).toEqual([name, ...endings[name]!]);
    }
  });
});
