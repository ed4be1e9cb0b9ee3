// The translated lane writes a frame that is only more of an open text around its bytes, unread. Whatever the frames, that
// gives what reading and writing each of them gives.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { rounds } from "../../test/support/effort.ts";
import { concat } from "../core/bytes.ts";
import { anthropicMessages } from "../dialects/anthropic-messages/dialect.ts";
import type { Decoder, Dialect } from "../dialects/dialect.ts";
import { openaiChat } from "../dialects/openai-chat/dialect.ts";
import { Translation } from "./translate.ts";

const encoder = new TextEncoder();
const inspected = { model: "m", stream: true, thinks: true, modelSpan: { start: 0, end: 0 } };
const context = { call: { id: "c", inspected }, createdS: 0 };

/** How a provider writes its JSON. */
const WRITERS: readonly ((value: unknown) => string)[] = [
  (value) => JSON.stringify(value),
  // As Python does unless told otherwise.
  (value) =>
    JSON.stringify(value).replaceAll(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  (value) => JSON.stringify(value).replaceAll("/", "\\/"),
  (value) => JSON.stringify(value).replaceAll('":', '": ').replaceAll(',"', ', "'),
];

interface Side {
  readonly from: Dialect;
  readonly to: Dialect;
  readonly begin: (write: (value: unknown) => string) => string;
  readonly say: (text: string, write: (value: unknown) => string) => string;
  readonly end: string;
  /** What else may come while text is open. */
  readonly others: readonly string[];
}

const chunk = (delta: unknown, finish: string | null = null, more: object = {}) => ({
  id: "c",
  model: "m",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
const data = (json: string): string => `data: ${json}\n\n`;
const call = (json: string, more: object = {}) =>
  chunk({ tool_calls: [{ index: 0, id: "t", function: { name: "f", arguments: json } }], ...more });
const CHAT: Side = {
  from: openaiChat,
  to: anthropicMessages,
  begin: (write) => data(write(chunk({ role: "assistant", content: "" }))),
  say: (text, write) => data(write(chunk({ content: text }))),
  end: `${data(JSON.stringify(chunk({}, "stop", { usage: { prompt_tokens: 1, completion_tokens: 2 } })))}data: [DONE]\n\n`,
  others: [
    ": ping\n\n",
    ...[
      chunk({ content: "counted" }, null, { usage: { prompt_tokens: 1, completion_tokens: 1 } }),
      chunk({ content: "filled" }, null, { obfuscation: "xyz" }),
      chunk({ content: "named", role: "assistant" }),
      chunk({ reasoning_content: "hm" }),
      chunk({ content: "both", reasoning_content: "hm" }),
      chunk({ refusal: "no" }),
      chunk({ content: "heard", audio: {} }),
      chunk({ content: [{ type: "text", text: "part" }] }),
      { ...chunk({}), choices: [] },
      { ...chunk({}), choices: [{ index: 1, delta: { content: "another" }, finish_reason: null }] },
      call("{}"),
      call('{"a"', { content: "within" }),
    ].map((value) => data(JSON.stringify(value))),
  ],
};

const named = (type: string, more: object, write: (value: unknown) => string = JSON.stringify): string =>
  `event: ${type}\ndata: ${write({ type, ...more })}\n\n`;
const block = (index: number, content_block: object): string => named("content_block_start", { index, content_block });
const delta = (index: number, value: object): string => named("content_block_delta", { index, delta: value });
const close = (index: number): string => named("content_block_stop", { index });
const ANTHROPIC: Side = {
  from: anthropicMessages,
  to: openaiChat,
  begin: () =>
    named("message_start", { message: { id: "m", model: "m", content: [], usage: { input_tokens: 1 } } }) +
    block(0, { type: "text", text: "" }),
  say: (text, write) => named("content_block_delta", { index: 0, delta: { type: "text_delta", text } }, write),
  end:
    close(0) +
    block(1, { type: "text", text: "more" }) +
    delta(1, { type: "text_delta", text: " of it" }) +
    close(1) +
    named("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } }) +
    named("message_stop", {}),
  others: [
    ": ping\n\n",
    named("ping", {}),
    delta(0, { type: "citations_delta", citation: {} }),
    delta(0, { type: "text_delta", text: "padded" }).replace("}}\n", "}  }   \n"),
    `\n${delta(0, { type: "text_delta", text: "behind a blank line" })}`,
    delta(0, { type: "text_delta", text: "crlf" }).replaceAll("\n", "\r\n"),
    delta(1, { type: "text_delta", text: "elsewhere" }),
  ],
};

/** Everything that can be told of a lane from outside. */
function run({ from, to }: Side, pieces: readonly Uint8Array[], fast: boolean, follow: boolean) {
  const decoder = from.codec.decoder();
  let read = 0;
  const watched: Decoder = {
    get stopped() {
      return decoder.stopped;
    },
    more: (frame) => (fast ? decoder.more(frame) : undefined),
    decode: (frame) => {
      read++;
      return decoder.decode(frame);
    },
    end: () => decoder.end(),
  };
  const lane = new Translation(watched, to.codec.encoder(context), { emptyAllowed: false, follow });
  const out: Uint8Array[] = [];
  const stands: unknown[] = [];
  const take = (bytes: Uint8Array | undefined): void => {
    if (bytes !== undefined) out.push(bytes);
    const { received, committed, progress, stopped, finished, fault, flaw, usage } = lane;
    stands.push({ received, committed, progress, stopped, finished, fault, flaw, usage, length: concat(out).length });
  };
  for (const piece of pieces) if (!lane.finished && lane.fault === undefined) take(lane.feed(piece));
  const broken = { ...lane.unfinished(), write: 0 };
  if (!lane.finished && lane.fault === undefined) take(lane.end());
  const seen = { out: new TextDecoder().decode(concat(out)), stands, told: lane.told(), broken };
  return { seen, read, bytes: concat(out) };
}

function same(side: Side, pieces: readonly Uint8Array[]) {
  const runs = [true, false].map((follow) => {
    const [fast, general] = [run(side, pieces, true, follow), run(side, pieces, false, follow)];
    expect(fast.bytes).toEqual(general.bytes);
    expect(fast.seen).toEqual(general.seen);
    return { fast, general };
  });
  return runs[0];
}

const TRICKY = [
  "plain",
  "",
  " ",
  'say "hold"\\ / \n\r\t\b\f',
  "\u0000\u001f\u007f",
  "naïve café, 海藻 🪨",
  "\ud83e",
  "\udea8",
  "\u2028\u2029\ufeff",
  '"},"finish_reason":null}]}\n\ndata: [DONE]\n\n',
  '"content":"x","delta":{"type":"text_delta","text":"y"}}',
  "x".repeat(300),
];

describe.each([
  ["Chat to Anthropic", CHAT],
  ["Anthropic to Chat", ANTHROPIC],
])("%s", (_, side) => {
  const write = JSON.stringify as (value: unknown) => string;

  test("plain frames are not read, tricky ones come out the same", () => {
    const texts = ["a", "b", ...TRICKY, ...TRICKY];
    const frames = [side.begin(write), ...texts.map((text) => side.say(text, write)), side.end];
    const runs = same(
      side,
      frames.map((frame) => encoder.encode(frame)),
    );
    // The first is read and makes the form known; half a pair, bare controls and what is empty are read as well.
    const all = runs?.general.read ?? 0;
    expect(all - (runs?.fast.read ?? all)).toBeGreaterThanOrEqual(2 * (TRICKY.length - 4) - 2);
    expect(runs?.fast.seen.told?.text ?? "").toContain("naïve café, 海藻 🪨");
  });

  test("bytes that are no UTF-8 are mended, and broken frames break", () => {
    for (const bad of [[0xff], [0xe6, 0xb5], [0xed, 0xa0, 0x80], [0x0a], [0x22], [0x5c], [0x5c, 0x78]]) {
      const [head = "", tail = ""] = side.say("#", write).split("#");
      const frame = concat([encoder.encode(head), Uint8Array.from(bad), encoder.encode(tail)]);
      const around = [side.begin(write), side.say("a", write), side.say("b", write)].map((text) =>
        encoder.encode(text),
      );
      same(side, [...around, frame, ...around.slice(1), encoder.encode(side.end)]);
    }
  });

  test("whatever comes, however it is written and cut", () => {
    const text = fc.oneof(fc.constantFrom(...TRICKY), fc.string({ unit: "binary" }), fc.string());
    const said = fc.record({ text, writer: fc.constantFrom(...WRITERS) });
    const frame = fc.oneof({ weight: 6, arbitrary: said }, { weight: 1, arbitrary: fc.constantFrom(...side.others) });
    const stream = fc.record({
      usual: fc.constantFrom(...WRITERS),
      steady: fc.boolean(),
      frames: fc.array(frame, { maxLength: 30 }),
      cut: fc.constantFrom(0, 0, 1, 7, 64, 700),
    });
    fc.assert(
      fc.property(stream, ({ usual, steady, frames, cut }) => {
        const all = [
          side.begin(usual),
          ...frames.map((one) => (typeof one === "string" ? one : side.say(one.text, steady ? usual : one.writer))),
          side.end,
        ].map((one) => encoder.encode(one));
        if (cut === 0) return void same(side, all);
        const bytes = concat(all);
        const count = Math.ceil(bytes.length / cut);
        same(
          side,
          Array.from({ length: count }, (_, i) => bytes.subarray(i * cut, (i + 1) * cut)),
        );
      }),
      { numRuns: rounds(1_000) },
    );
  });
});
