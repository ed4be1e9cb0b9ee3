// A second answer on its way into a client's stream, event by event: what the world's models do not do by themselves.

import { describe, expect, test } from "bun:test";
import { concat } from "../core/bytes.ts";
import type { DialectId } from "../core/call.ts";
import type { Answer } from "../core/reply.ts";
import type { StreamEvent } from "../core/stream-event.ts";
import { SEAM_BLOCK } from "../dialects/dialect.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { Continuation } from "./continuation.ts";

const TEXT = "I will look up the weather of today for you.";
const span = { start: 0, end: 0 };
const call = { id: "call_1", inspected: { model: "chat", stream: true, thinks: false, modelSpan: span } };
const seam = { text: TEXT, thought: false, native: false, toolCalls: 0, id: "id_1", model: "m", createdS: 1 };
const END: StreamEvent = { type: "message-end", stop: "tool-use", usage: { outputTokens: 3 } };
const TOOL: readonly StreamEvent[] = [
  { type: "tool-start", block: 0, id: "t1", name: "weather" },
  { type: "tool-delta", block: 0, json: '{"city":"Kiel"}' },
  { type: "block-end", block: 0 },
];

function framesOf(dialect: DialectId, events: readonly StreamEvent[]): Uint8Array {
  const start: StreamEvent = { type: "message-start", id: "id_2", model: "n" };
  const second = DIALECTS[dialect].codec.encoder({ call, createdS: 2 });
  return concat([start, ...events].flatMap((event) => second.encode(event)?.bytes ?? []));
}

function goOn(dialect: DialectId, events: readonly StreamEvent[], mayCallTools: boolean) {
  return goOnWith(dialect, [framesOf(dialect, events)], { mayCallTools });
}

interface Manner {
  readonly mayCallTools?: boolean;
  readonly delivered?: string;
}

async function goOnWith(
  dialect: DialectId,
  queue: Uint8Array[],
  { mayCallTools = true, delivered = TEXT }: Manner = {},
) {
  const { codec } = DIALECTS[dialect];
  // What a continuation reads of an answer.
  const answer = { frames: { read: () => Promise.resolve(queue.shift()) } } as unknown as Answer;
  const own = { ...seam, blocks: 1, openText: true, openOther: false, openThinking: false, usage: undefined };
  const writer = codec.encoder({ call, createdS: 2, seam: own });
  const continuation = new Continuation({
    answer,
    client: DIALECTS[dialect],
    unfinished: { ...seam, toolOpen: false, block: SEAM_BLOCK, write: (event) => writer.encode(event)?.bytes },
    delivered,
    deliveredTokens: 9,
    firstUsage: undefined,
    number: 1,
    mayCallTools,
    stops: [],
    sign: (last) => last,
  });
  let out = "";
  for (let piece = await continuation.read(); piece !== undefined; piece = await continuation.read())
    out += new TextDecoder().decode(piece);
  return { continuation, out };
}

describe.each(["anthropic-messages", "openai-chat"] as const)("a %s client", (dialect) => {
  test("a model that goes straight to its call leaves the text as it is", async () => {
    const { continuation, out } = await goOn(dialect, [...TOOL, END], true);
    expect([continuation.failure, continuation.finished, continuation.toolCalls]).toEqual([undefined, true, 1]);
    expect(out).toContain("weather");
    expect(out).not.toContain("I will");
    expect(out).toMatch(/tool_use|tool_calls/);
  });

  test("one that says something else first is not joined, and its call is not shown", async () => {
    const other: StreamEvent = { type: "text-delta", block: 1, text: "Hello there, let me see. ".repeat(20) };
    const { continuation, out } = await goOn(dialect, [other, { type: "block-end", block: 1 }, ...TOOL, END], true);
    expect([typeof continuation.failure, continuation.finished, continuation.toolCalls, out]).toEqual([
      "string",
      false,
      0,
      "",
    ]);
  });

  test("a refusal that was shown is its own to go on with, and nobody else's", async () => {
    if (dialect !== "openai-chat") return;
    const refusal: StreamEvent = { type: "text-delta", block: 0, text: "I will not", refusal: true };
    const { continuation, out } = await goOnWith(dialect, [framesOf(dialect, [refusal])], { delivered: "" });
    expect([continuation.native, continuation.failure, continuation.finished]).toEqual([true, undefined, false]);
    expect(out).toContain("I will not");
  });

  test("a call that the client cannot run is none", async () => {
    const { continuation, out } = await goOn(dialect, [...TOOL, END], false);
    expect([continuation.failure, out]).toEqual(["it called a tool", ""]);
  });
});

test("what only its provider has cannot be shown, and ends it", async () => {
  const frame = (event: object) =>
    new TextEncoder().encode(`event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`);
  const start = { id: "m", type: "message", role: "assistant", model: "m", content: [], stop_reason: null };
  const block = { type: "server_tool_use", id: "s1", name: "web_search", input: {} };
  for (const [content_block, native] of [
    [block, true],
    [{ type: "redacted_thinking", data: "abc" }, false],
  ] as const) {
    const queue = [
      frame({ type: "message_start", message: { ...start, usage: { input_tokens: 1, output_tokens: 1 } } }),
      frame({ type: "content_block_start", index: 0, content_block }),
    ];
    const { continuation } = await goOnWith("anthropic-messages", queue, { delivered: "" });
    expect([continuation.native, continuation.failure !== undefined]).toEqual([native, native]);
  }
});

test("frames that are spoiled never throw, never hang, and never show a part of a call", async () => {
  let state = 9;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
  for (let round = 0; round < 600; round++) {
    const dialect: DialectId = round % 2 === 0 ? "openai-chat" : "anthropic-messages";
    const said = { type: "text-delta", block: 0, text: `${TEXT} It is fine, with a light wind from the sea.` } as const;
    const tool = TOOL.map((event) => ({ ...event, block: 1 }) as StreamEvent);
    const bytes = framesOf(dialect, [said, { type: "block-end", block: 0 }, ...tool, END]).slice();
    for (let hits = random(6); hits > 0; hits--) {
      const at = random(bytes.length);
      if (random(3) === 0) bytes.copyWithin(at, random(bytes.length));
      else bytes[at] = random(256);
    }
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random(200);
      pieces.push(bytes.subarray(at, at + size));
      at += size;
    }
    const { continuation, out } = await goOnWith(dialect, pieces);
    if (continuation.toolCalls === 0) expect(out, `round ${round}`).not.toMatch(/"partial_json"|"arguments"/);
    expect(continuation.finished && continuation.failure !== undefined, `round ${round}`).toBe(false);
  }
});
