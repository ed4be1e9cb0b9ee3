// Reading by the form says what reading in full says, or nothing.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { StreamEvent } from "../../core/stream-event.ts";
import { decodeReply, openDecoder } from "./decode-reply.ts";
import { textFormOf, textIn } from "./text-form.ts";

const encoder = new TextEncoder();
const frameOf = (content: string, tail = "") =>
  `data: {"id":"x","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}]${tail}}\n\n`;

test.each([
  ["another key first", '{"delta":{"role":"assistant","content":"a"}}', "a"],
  ["blanks", '{"delta": {"content": "a"}}', "a"],
  ["twice", '{"delta":{"content":"a","content":"a"}}', "a"],
  ["log probabilities", '{"delta":{"content":"a"},"logprobs":{"content":[{"token":"a"}]}}', "a"],
  ["nested in itself", '{"delta":{"content":"a"},"x":{"delta":{"content":"b"}}}', "a"],
  ["an escape that is written in another way", '{"delta":{"content":"\\u0061"}}', "a"],
])("no form: %s", (_, frame, text) => {
  expect(textFormOf(frame, text)).toBeUndefined();
});

test("a form reads the same frame with another text, and no other frame", () => {
  const form = textFormOf(frameOf("a"), "a");
  if (form === undefined) throw new Error("it has a form");
  fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1 }), (text) => textIn(frameOf(text), form) === text));
  const others = [frameOf(""), frameOf("a", ',"usage":{}'), frameOf("a").replace("null", '"stop"'), form.before];
  expect(others.map((frame) => textIn(frame, form))).toEqual(others.map(() => undefined));
  const unfit = ['"a","role":"x"', "1", "null", '"a', '"a\n"', '"\\x"'];
  expect(unfit.map((literal) => textIn(form.before + literal + form.after, form))).toEqual(unfit.map(() => undefined));
});

test("a stream with a form is read as its whole reply", () => {
  const piece = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 12 }), fc.boolean(), (pieces, padded) => {
      const decoder = openDecoder();
      const frames = pieces.map((text, at) => frameOf(text, padded ? `,"padding":"${"x".repeat(at % 3)}"` : ""));
      const finish = 'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';
      const events: StreamEvent[] = [];
      for (const frame of [...frames, finish, "data: [DONE]\n\n"])
        events.push(...decoder.decode(encoder.encode(frame)));
      const message = { role: "assistant", content: pieces.join("") };
      const whole = decodeReply(
        encoder.encode(JSON.stringify({ id: "x", choices: [{ index: 0, message, finish_reason: "stop" }] })),
      );
      const said = events.flatMap((event) => (event.type === "text-delta" ? [event.text] : []));
      expect(said).toEqual(pieces);
      const joined = events.filter(({ type }) => type !== "text-delta");
      expect(joined).toEqual(Array.isArray(whole) ? whole.filter(({ type }) => type !== "text-delta") : []);
    }),
  );
});
