// The native lane's release rule on hand-written frames: what waits, for what, and what an ending makes of it.

import { describe, expect, test } from "bun:test";
import { fault } from "../core/fault.ts";
import { anthropicMessages } from "../dialects/anthropic-messages/dialect.ts";
import { openaiChat } from "../dialects/openai-chat/dialect.ts";
import { HELD_BYTES_MAX } from "./lane.ts";
import { Relay } from "./relay.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) => (bytes === undefined ? "" : new TextDecoder().decode(bytes));

const event = (data: { readonly type: string; readonly [key: string]: unknown }) =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const START = event({ type: "message_start", message: { id: "m", model: "m", content: [], usage: {} } });
const PING = event({ type: "ping" });
const textStart = (index: number) =>
  event({ type: "content_block_start", index, content_block: { type: "text", text: "" } });
const text = (index: number, words: string) =>
  event({ type: "content_block_delta", index, delta: { type: "text_delta", text: words } });
const toolStart = (index: number) =>
  event({ type: "content_block_start", index, content_block: { type: "tool_use", id: "t", name: "f", input: {} } });
const json = (index: number, part: string) =>
  event({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: part } });
const blockStop = (index: number) => event({ type: "content_block_stop", index });
const stop = (reason: string) => event({ type: "message_delta", delta: { stop_reason: reason }, usage: {} });
const END = event({ type: "message_stop" });

const chunk = (delta: unknown, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const DONE = "data: [DONE]\n\n";

const messages = (emptyAllowed = false) => new Relay(anthropicMessages.wire, { dropUsage: false, emptyAllowed });
const chat = () => new Relay(openaiChat.wire, { dropUsage: false, emptyAllowed: false });

/** Feeds frame by frame: what each released. */
function feed(lane: Relay, frames: readonly string[]): readonly string[] {
  return frames.map((frame) => decode(lane.feed(encode(frame))));
}

describe("before the commit", () => {
  test("preamble and pings wait for the first content, and go out with it", () => {
    const lane = messages();
    expect(feed(lane, [START, PING, textStart(0), text(0, ""), text(0, "a"), text(0, "b")])).toEqual([
      "",
      "",
      "",
      "",
      START + PING + textStart(0) + text(0, "") + text(0, "a"),
      text(0, "b"),
    ]);
    expect([lane.received, lane.committed, lane.finished]).toEqual([true, true, false]);
  });

  test("a tool call is received at its first frame and released at its last", () => {
    const lane = messages();
    const frames = [START, toolStart(0), json(0, '{"a":'), PING, json(0, "1}")];
    expect(feed(lane, frames)).toEqual(["", "", "", "", ""]);
    expect([lane.received, lane.committed]).toEqual([true, false]);
    expect(feed(lane, [blockStop(0)])).toEqual([frames.join("") + blockStop(0)]);
    expect(lane.committed).toBe(true);
  });

  test("frames of one chunk go out as one view of it", () => {
    const bytes = encode(START + textStart(0) + text(0, "a") + text(0, "b"));
    const out = messages().feed(bytes);
    expect(out?.buffer).toBe(bytes.buffer);
    expect(out?.length).toBe(bytes.length);
  });

  test("a fault before the commit releases nothing", () => {
    const error = event({ type: "error", error: { type: "overloaded_error", message: "no" } });
    const lane = messages();
    expect(feed(lane, [START, toolStart(0), json(0, "{"), error])).toEqual(["", "", "", ""]);
    expect([lane.committed, lane.finished, lane.fault?.kind]).toEqual([false, false, "overloaded"]);
  });
});

describe("after it", () => {
  test("a tool call waits, with all that comes within it; then all goes at once", () => {
    const lane = messages();
    feed(lane, [START, textStart(0), text(0, "a")]);
    expect(feed(lane, [PING, blockStop(0), toolStart(1), PING, json(1, "{}"), blockStop(1), PING])).toEqual([
      PING,
      blockStop(0),
      "",
      "",
      "",
      toolStart(1) + PING + json(1, "{}") + blockStop(1),
      PING,
    ]);
  });

  test("the next call of a Chat stream releases the one before it", () => {
    const call = (index: number) =>
      chunk({ tool_calls: [{ index, id: `c${index}`, function: { name: "f", arguments: "{}" } }] });
    const lane = chat();
    expect(feed(lane, [call(0), call(1), chunk({}, "tool_calls"), DONE])).toEqual([
      "",
      call(0),
      call(1) + chunk({}, "tool_calls"),
      DONE,
    ]);
    expect(lane.finished).toBe(true);
  });

  test("an open tool call is dropped with a break", () => {
    for (const end of ["end", "broke"] as const) {
      const lane = messages();
      feed(lane, [START, textStart(0), text(0, "a"), blockStop(0), toolStart(1), json(1, "{")]);
      const out = end === "end" ? lane.end() : lane.broke(fault("stream-broken", "gone"));
      expect([out, lane.finished, lane.fault?.kind]).toEqual([undefined, false, "stream-broken"]);
    }
  });
});

describe("endings", () => {
  test("the closing marker is supplied after a stop reason, never else", () => {
    const lane = messages();
    feed(lane, [START, textStart(0), text(0, "a"), blockStop(0), stop("end_turn")]);
    expect([lane.stopped, lane.finished]).toEqual([true, false]);
    expect(decode(lane.end())).toBe(decode(anthropicMessages.wire.terminalFrame));
    expect([lane.finished, lane.fault]).toEqual([true, undefined]);
    const none = chat();
    feed(none, [chunk({ content: "a" }), DONE]);
    expect([none.finished, none.fault?.kind]).toEqual([false, "stream-broken"]);
  });

  test("an error after the stop reason takes nothing back", () => {
    const lane = chat();
    feed(lane, [chunk({ content: "a" }), chunk({}, "stop")]);
    expect(feed(lane, ['data: {"error":{"message":"late"}}\n\n'])).toEqual([DONE]);
    expect([lane.finished, lane.fault]).toEqual([true, undefined]);
  });

  test("what SDKs would break on is left out, or written as it should be", () => {
    const lane = chat();
    expect(feed(lane, [chunk({ content: "a" }), "data:\n\n", 'event: ping\ndata: {"x":1}\n\n', ": hi\n\n"])).toEqual([
      chunk({ content: "a" }),
      "",
      "",
      ": hi\n\n",
    ]);
    feed(lane, [chunk({}, "stop")]);
    expect(feed(lane, ["data: [DONE] \n\n"])).toEqual([DONE]);
    expect([lane.finished, lane.fault]).toEqual([true, undefined]);
  });

  test("what follows the closing marker is not the client's", () => {
    const lane = chat();
    feed(lane, [chunk({ content: "a" }), chunk({}, "stop")]);
    expect(decode(lane.feed(encode(`${DONE}data: more\n\n`)))).toBe(DONE);
  });

  test.each([
    ["end_turn", false, "empty-reply"],
    ["end_turn", true, undefined],
    ["refusal", false, undefined],
  ])("an answer without content that ends with %s, asked for: %s", (reason, asked, kind) => {
    const lane = messages(asked);
    const frames = [START, stop(reason), END];
    const out = feed(lane, frames).join("");
    expect(lane.fault?.kind as string | undefined).toBe(kind);
    expect([lane.finished, out]).toEqual(kind === undefined ? [true, frames.join("")] : [false, ""]);
  });
});

describe("limits", () => {
  const KIB = 1 << 10;
  const big = json(0, "x".repeat(KIB * KIB - json(0, "").length));

  test("a tool call over the limit is malformed, and nothing of it goes out", () => {
    const lane = messages();
    feed(lane, [START, toolStart(0)]);
    for (let i = 0; i < 16 && lane.fault === undefined; i++) expect(lane.feed(encode(big))).toBeUndefined();
    expect([lane.fault?.kind, lane.committed]).toEqual(["malformed-reply", false]);
  });

  test("also where its last frame is the one too many", () => {
    const lane = messages();
    const begin = [START, toolStart(0), json(0, '{"a":"')];
    feed(lane, begin);
    for (let i = 0; i < 15; i++) lane.feed(encode(big));
    const end = json(0, '"}');
    const heldBytes = begin.join("").length + 15 * big.length + end.length;
    feed(lane, [json(0, "x".repeat(HELD_BYTES_MAX - heldBytes - json(0, "").length)), end]);
    expect(lane.fault).toBeUndefined();
    expect(lane.feed(encode(blockStop(0)))).toBeUndefined();
    expect([lane.fault?.message, lane.committed, lane.finished]).toEqual([
      "a tool call over the size limit",
      false,
      false,
    ]);
  });

  test("a frame that never ends is malformed", () => {
    const lane = chat();
    const piece = encode("x".repeat(KIB * KIB));
    lane.feed(encode("data: "));
    for (let i = 0; i < 17 && lane.fault === undefined; i++) lane.feed(piece);
    expect(lane.fault?.kind).toBe("malformed-reply");
  });
});
