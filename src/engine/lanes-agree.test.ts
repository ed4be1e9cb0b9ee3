// The same bytes of a provider through both lanes: what one takes for a whole answer the other does too, and of a tool call
// that is not whole neither lets anything through.

import { describe, expect, test } from "bun:test";
import type { Inspected } from "../core/call.ts";
import { isFault } from "../core/fault.ts";
import { anthropicMessages } from "../dialects/anthropic-messages/dialect.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { openaiChat } from "../dialects/openai-chat/dialect.ts";
import type { Lane } from "./lane.ts";
import { Relay } from "./relay.ts";
import { Translation } from "./translate.ts";

const inspected: Inspected = { model: "m", stream: true, thinks: false, modelSpan: { start: 0, end: 0 } };

function run(lane: Lane, frames: readonly string[]): { readonly ending: string; readonly out: string } {
  const decoder = new TextDecoder();
  let out = "";
  const take = (bytes: Uint8Array | undefined): void => {
    out += decoder.decode(bytes);
  };
  for (const frame of frames) if (!lane.finished && lane.fault === undefined) take(lane.feed(Buffer.from(frame)));
  if (!lane.finished && lane.fault === undefined) take(lane.end());
  return { ending: lane.finished ? "complete" : String(lane.fault?.kind), out };
}

function both(from: Dialect, frames: readonly string[]) {
  const to = from === openaiChat ? anthropicMessages : openaiChat;
  const encoder = to.codec.encoder({ call: { id: "c", inspected }, createdS: 0 });
  return {
    native: run(new Relay(from.wire, { dropUsage: false, emptyAllowed: false }), frames),
    translated: run(new Translation(from.codec.decoder(), encoder, { emptyAllowed: false, follow: false }), frames),
  };
}

type Row = readonly [name: string, frames: readonly string[], ending: string];

/** A complete answer passes byte for byte; of a broken one only what came before the call. */
function check(from: Dialect, frames: readonly string[], ending: string, before: string): void {
  const { native, translated } = both(from, frames);
  expect([native.ending, translated.ending]).toEqual([ending, ending]);
  if (ending === "complete") expect(native.out).toBe(frames.join(""));
  else expect(native.out).toBe(before);
  if (ending !== "complete") expect(translated.out).not.toContain("lookup");
}

describe("Anthropic's stream", () => {
  const event = (data: { readonly type: string; readonly [key: string]: unknown }): string =>
    `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  const begin = (content: unknown = []) =>
    event({ type: "message_start", message: { id: "m", model: "m", content, usage: { input_tokens: 1 } } });
  const open = (index: number, block: object) => event({ type: "content_block_start", index, content_block: block });
  const tool = (index: number, input: unknown = {}) =>
    open(index, { type: "tool_use", id: "t", name: "lookup", input });
  const json = (...pieces: readonly string[]) =>
    pieces.map((partial_json) =>
      event({ type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json } }),
    );
  const close = (index: number) => event({ type: "content_block_stop", index });
  const stop = (stop_reason: string) =>
    event({ type: "message_delta", delta: { stop_reason }, usage: { output_tokens: 2 } });
  const end = event({ type: "message_stop" });
  const say = event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hi" } });
  const said = [begin(), open(0, { type: "text", text: "" }), say, close(0)];
  const held = [...json('{"a":', "1"), close(1)];

  const rows: readonly Row[] = [
    ["a whole call", [tool(1), ...json('{"a":', '"\\"\\u00e9"}'), close(1), stop("tool_use"), end], "complete"],
    ["a call of nothing", [tool(1), close(1), stop("tool_use"), end], "complete"],
    ["a call of empty pieces", [tool(1), ...json("", ""), close(1), stop("tool_use"), end], "complete"],
    ["a call whose input came with its start", [tool(1, { a: 1 }), close(1), stop("tool_use"), end], "complete"],
    [
      "a pair of surrogates cut in two",
      [tool(1), ...json('{"a":"\ud83e', '\udea8"}'), close(1), stop("tool_use"), end],
      "complete",
    ],
    ["two whole calls", [tool(1), ...json("{}"), close(1), tool(2), close(2), stop("tool_use"), end], "complete"],
    ["half a call", [tool(1), ...held, stop("tool_use"), end], "malformed-reply"],
    ["half a call, told as an end", [tool(1), ...held, stop("end_turn"), end], "malformed-reply"],
    ["half a call, told as a pause", [tool(1), ...held, stop("pause_turn"), end], "malformed-reply"],
    ["half a call, then another block", [tool(1), ...held, open(2, { type: "text", text: "" })], "malformed-reply"],
    ["half a call, then nothing", [tool(1), ...held], "stream-broken"],
    ["half a call, then only the closing marker", [tool(1), ...held, end], "malformed-reply"],
    ["a list as input", [tool(1), ...json("[1]"), close(1), stop("tool_use"), end], "malformed-reply"],
    ["input that is told twice", [tool(1), ...json("{}", "{}"), close(1), stop("tool_use"), end], "malformed-reply"],
    ["spaces as input", [tool(1), ...json(" "), close(1), stop("tool_use"), end], "malformed-reply"],
    ["half a call at the output limit", [tool(1), ...held, stop("max_tokens"), end], "complete"],
    ["half a call at the context's end", [tool(1), ...held, stop("model_context_window_exceeded"), end], "complete"],
    ["half a call that was refused", [tool(1), ...held, stop("refusal"), end], "complete"],
    ["an open call at the stop", [tool(1), ...json("{}"), stop("tool_use"), end], "malformed-reply"],
    ["an open call at the output limit", [tool(1), ...json("{"), stop("max_tokens"), end], "malformed-reply"],
  ];
  test.each(rows)("%s", (_, frames, ending) => {
    // The same with frames that must be parsed: their lines end otherwise.
    const crlf = [...said, ...frames].map((frame) => frame.replaceAll("\n", "\r\n"));
    check(anthropicMessages, [...said, ...frames], ending, said.join(""));
    check(anthropicMessages, crlf, ending, crlf.slice(0, said.length).join(""));
  });

  test("an open text at the stop", () => {
    const frames = [begin(), open(0, { type: "text", text: "" }), say];
    check(anthropicMessages, [...frames, stop("end_turn"), end], "malformed-reply", frames.join(""));
  });

  test("calls that are whole in their message_start", () => {
    const call = { type: "tool_use", id: "t", name: "lookup" };
    check(anthropicMessages, [begin([{ ...call, input: {} }]), stop("tool_use"), end], "complete", "");
    for (const half of [call, { ...call, input: '{"a"' }, { ...call, name: 1, input: {} }])
      check(anthropicMessages, [begin([half]), stop("tool_use"), end], "malformed-reply", "");
  });
});

test("whole replies with a tool call", () => {
  const judged = ({ wire, codec }: Dialect, reply: object): void => {
    const bytes = new TextEncoder().encode(JSON.stringify(reply));
    const found = wire.judge(bytes, { operation: "generate", inspected }).fault?.kind;
    const decoded = codec.decodeReply(bytes);
    expect([reply, isFault(decoded) ? decoded.kind : undefined]).toEqual([reply, found]);
    kinds.push(String(found));
  };
  const kinds: string[] = [];
  for (const input of [{}, { a: 1 }, [], "{}", null]) {
    const call = { type: "tool_use", id: "t", name: "f", input };
    judged(anthropicMessages, { type: "message", content: [call], stop_reason: "tool_use" });
  }
  const good = "undefined";
  const bad = "malformed-reply";
  expect(kinds.splice(0)).toEqual([good, good, bad, bad, bad]);
  for (const finish of ["tool_calls", "stop", "length"]) {
    for (const args of ["{}", "", '{"a":', "[]"]) {
      const call = { id: "t", type: "function", function: { name: "f", arguments: args } };
      judged(openaiChat, {
        choices: [{ message: { tool_calls: [call] }, finish_reason: finish }],
        usage: { completion_tokens: 1 },
      });
    }
  }
  expect(kinds).toEqual([...[good, good, bad, bad], ...[good, good, bad, bad], ...[good, good, good, good]]);
});

describe("Chat's stream", () => {
  const chunk = (delta: unknown, finish: string | null = null): string =>
    `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const call = (args?: string, index = 0, name: string | undefined = "lookup") =>
    chunk({ tool_calls: [{ index, id: `t${index}`, type: "function", function: { name, arguments: args } }] });
  const more = (args: string, index = 0) => chunk({ tool_calls: [{ index, function: { arguments: args } }] });
  const usage = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } })}\n\n`;
  const done = "data: [DONE]\n\n";
  const said = [chunk({ role: "assistant", content: "hi" })];
  const finish = (why: string) => [chunk({}, why), usage, done];

  const rows: readonly Row[] = [
    ["a whole call", [call(""), more('{"a":'), more("1}"), ...finish("tool_calls")], "complete"],
    ["a whole call, told as a stop", [call("{}"), ...finish("stop")], "complete"],
    ["a call of nothing", [call(""), ...finish("tool_calls")], "complete"],
    ["a call without arguments", [call(), ...finish("tool_calls")], "complete"],
    ["two whole calls", [call("{}"), call('{"a":1}', 1), ...finish("tool_calls")], "complete"],
    ["text behind a whole call", [call("{}"), chunk({ content: "so" }), ...finish("tool_calls")], "complete"],
    ["half a call", [call('{"a":'), more("1"), ...finish("tool_calls")], "malformed-reply"],
    ["half a call, told as a stop", [call('{"a":'), ...finish("stop")], "malformed-reply"],
    ["half a call, finished by a word unheard of", [call('{"a":'), ...finish("eos")], "malformed-reply"],
    [
      "half a call in the frame that finishes",
      [chunk({ tool_calls: [{ index: 0, function: { name: "lookup", arguments: "{" } }] }, "stop"), done],
      "malformed-reply",
    ],
    ["half a call, then nothing", [call('{"a":')], "stream-broken"],
    ["half a call, then only the closing marker", [call('{"a":'), done], "stream-broken"],
    ["half a call, then text", [call('{"a":'), chunk({ content: "so" }), ...finish("stop")], "malformed-reply"],
    [
      "a name, then text, then half its arguments",
      [call(""), chunk({ content: "so" }), more("{"), ...finish("stop")],
      "malformed-reply",
    ],
    ["a list as arguments", [call("[1]"), ...finish("tool_calls")], "malformed-reply"],
    ["arguments that are told twice", [call("{}"), more("{}"), ...finish("tool_calls")], "malformed-reply"],
    ["a call without its name", [call("{}", 0, ""), ...finish("tool_calls")], "malformed-reply"],
    ["half a call at the output limit", [call('{"a":'), ...finish("length")], "complete"],
    ["half a call that the filter cut", [call('{"a":'), ...finish("content_filter")], "complete"],
    ["a whole call after the finish", [chunk({}, "stop"), call("{}"), chunk({}, "tool_calls"), done], "complete"],
  ];
  test.each(rows)("%s", (_, frames, ending) => check(openaiChat, [...said, ...frames], ending, said.join("")));

  test("half a call after the finish is left out: the answer was whole before", () => {
    const whole = [...said, chunk({}, "stop")];
    for (const rest of [[call("{")], [call("{"), chunk({}, "tool_calls")], [call("{"), done]]) {
      const { native, translated } = both(openaiChat, [...whole, ...rest]);
      expect([native.ending, native.out]).toEqual(["complete", whole.join("") + done]);
      expect([translated.ending, translated.out.includes("lookup")]).toEqual(["complete", false]);
    }
  });
});
