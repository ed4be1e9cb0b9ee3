// Reading by the form says what reading in full says, or nothing.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { StreamEvent } from "../core/stream-event.ts";
import { DIALECTS } from "./registry.ts";
import { TextForm } from "./text-form.ts";

const encoder = new TextEncoder();
const PLACE = { before: '"delta":{"content":', key: '"content"' };
const chat = (content: string, tail = "") =>
  `data: {"id":"x","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}]${tail}}\n\n`;
const messages = (text: string, tail = "") =>
  `event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":${JSON.stringify(text)}}${tail}}\n\n`;

/** What is read of `next` after `frame`, which says `text`. */
function readAfter(frame: string, text: string, next: string): string | undefined {
  const form = new TextForm(PLACE);
  form.learn(frame, text);
  return form.read(next);
}

test.each([
  ["another key first", '{"delta":{"role":"assistant","content":"a"}}', "a"],
  ["blanks", '{"delta": {"content": "a"}}', "a"],
  ["twice", '{"delta":{"content":"a","content":"a"}}', "a"],
  ["log probabilities", '{"delta":{"content":"a"},"logprobs":{"content":[{"token":"a"}]}}', "a"],
  ["nested in itself", '{"delta":{"content":"a"},"x":{"delta":{"content":"b"}}}', "a"],
  ["two choices", '{"choices":[{"delta":{"role":"x","content":"a"}},{"index":1,"delta":{"content":"a"}}]}', "a"],
  ["an escape that is written in another way", '{"delta":{"content":"\\u0061"}}', "a"],
])("no form: %s", (_, frame, text) => {
  expect(readAfter(frame, text, frame)).toBeUndefined();
});

test("a form reads the same frame with another text, and no other frame", () => {
  const text = fc.string({ unit: "binary", minLength: 1 });
  fc.assert(fc.property(text, (said) => readAfter(chat("a"), "a", chat(said)) === said));
  const others = [chat(""), chat("a", ',"usage":{}'), chat("a").replace("null", '"stop"'), chat("a").slice(0, 40)];
  expect(others.map((frame) => readAfter(chat("a"), "a", frame))).toEqual(others.map(() => undefined));
  const unfit = ['"a","role":"x"', "1", "null", '"a', '"a\n"', '"\\x"'].map((bad) => chat("a").replace('"a"', bad));
  expect(unfit.map((frame) => readAfter(chat("a"), "a", frame))).toEqual(unfit.map(() => undefined));
});

test("a stream whose frames are never alike is given up", () => {
  const form = new TextForm(PLACE);
  for (let frame = 0; frame < 10; frame++) {
    expect(form.read(chat("a", `,"padding":${frame}`))).toBeUndefined();
    form.learn(chat("a", `,"padding":${frame}`), "a");
  }
  expect(form.read(chat("b", ',"padding":9'))).toBeUndefined();
});

const start = { type: "message_start", message: { id: "x", content: [], model: "m", usage: {} } };
const event = (value: { readonly type: string }) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
const block = (index: number) => ({ type: "content_block_start", index, content_block: { type: "text", text: "" } });
const STREAMS = {
  "openai-chat": {
    frame: chat,
    open: "",
    close: 'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n|data: [DONE]\n\n',
  },
  "anthropic-messages": {
    frame: messages,
    open: `${event(start)}|${event(block(0))}`,
    close: `${event({ type: "content_block_stop", index: 0 } as { type: string })}|${event({ type: "message_delta", delta: { stop_reason: "end_turn" } } as { type: string })}|${event({ type: "message_stop" })}`,
  },
} as const;

test.each(["openai-chat", "anthropic-messages"] as const)(
  "%s: a stream with a form is read as one without",
  (dialect) => {
    const { frame, open, close } = STREAMS[dialect];
    const played = (frames: readonly string[]): readonly StreamEvent[] => {
      const decoder = DIALECTS[dialect].codec.decoder();
      const all = [...open.split("|"), ...frames, ...close.split("|")].filter((each) => each !== "");
      return all.flatMap((each) => [...decoder.decode(encoder.encode(each))]);
    };
    const piece = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), (pieces) => {
        const alike = played(pieces.map((text) => frame(text)));
        expect(alike).toEqual(played(pieces.map((text, at) => frame(text, `,"padding":${at}`))));
        expect(alike.flatMap((one) => (one.type === "text-delta" ? [one.text] : []))).toEqual(pieces);
      }),
    );
  },
);

test("a delta of a block that is not open is told, whatever its form", () => {
  const decoder = DIALECTS["anthropic-messages"].codec.decoder();
  const closed = event({ type: "content_block_stop", index: 0 } as { type: string });
  const frames = [event(start), event(block(0)), messages("a"), messages("b"), closed, messages("c")];
  const events = frames.flatMap((each) => [...decoder.decode(encoder.encode(each))]);
  expect(events.at(-1)?.type).toBe("error");
});
