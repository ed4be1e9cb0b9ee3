// What is worth keeping, read from streams on the way (no frame is decoded again) and from whole replies: both lanes, both
// dialects. Words alone, of an answer that ended by itself.

import { describe, expect, test } from "bun:test";
import type { DialectId, ResumeMode } from "../../src/core/call.ts";
import { CancelSource } from "../../src/core/cancel.ts";
import { ANTHROPIC, CHAT, callOf, sim, virtual } from "../support/virtual.ts";

type Frame = object | string;
const sse = (frames: readonly Frame[], named: boolean): string =>
  frames
    .map((frame) => {
      const data = typeof frame === "string" ? frame : JSON.stringify(frame);
      const name = named && typeof frame === "object" && "type" in frame ? `event: ${frame.type}\n` : "";
      return `${name}data: ${data}\n\n`;
    })
    .join("");

const chunk = (delta: object, finish: string | null = null, more: object = {}) => ({
  id: "c",
  object: "chat.completion.chunk",
  created: 1,
  model: "theirs",
  choices: [{ index: 0, delta, finish_reason: finish, ...more }],
});
const chat = (...frames: readonly Frame[]) =>
  sse([chunk({ role: "assistant", content: "" }), ...frames, "[DONE]"], false);
const say = (text: string) => chunk({ content: text });

const messages = (blocks: readonly Frame[], stop: string): string =>
  sse(
    [
      {
        type: "message_start",
        message: {
          id: "m",
          type: "message",
          role: "assistant",
          model: "theirs",
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 1, output_tokens: 1 },
        },
      },
      ...blocks,
      { type: "message_delta", delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: 9 } },
      { type: "message_stop" },
    ],
    true,
  );
const block = (index: number, start: object, ...deltas: readonly object[]): Frame[] => [
  { type: "content_block_start", index, content_block: start },
  ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
  { type: "content_block_stop", index },
];
const text = (index: number, ...texts: readonly string[]) =>
  block(index, { type: "text", text: "" }, ...texts.map((piece) => ({ type: "text_delta", text: piece })));
const thinking = (index: number) =>
  block(index, { type: "thinking", thinking: "", signature: "" }, { type: "thinking_delta", thinking: "Hm." });
const tool = (index: number) =>
  block(index, { type: "tool_use", id: "t", name: "f", input: {} }, { type: "input_json_delta", partial_json: "{}" });

const HARD = 'a "quote", a \\ and \u2028 🐋 é\nnew';

async function keptOf(
  client: DialectId,
  target: DialectId,
  body: string,
  { resume = "text", tools }: { readonly resume?: ResumeMode; readonly tools?: true } = {},
): Promise<unknown> {
  const here = virtual({
    providers: [sim("alpha", target)],
    route: {
      resume,
      cache: {
        healthy: "off",
        outage: "exact",
        scope: "tenant",
        ttlMs: 60_000,
        staleIfErrorMs: 600_000,
        ...(tools && { tools }),
      },
      lastResort: [{ type: "stale-cache" }],
    },
    transport: () => () => {
      const bytes = new TextEncoder().encode(body);
      const headers = { "content-type": body.startsWith("{") ? "application/json" : "text/event-stream" };
      // In pieces that end within frames, as a network cuts them.
      let at = 0;
      const read = () => {
        const piece = at < bytes.length ? bytes.subarray(at, at + 97) : undefined;
        at += 97;
        return Promise.resolve(piece);
      };
      const whole = () => Promise.resolve(bytes);
      return Promise.resolve({ status: 200, headers, body: { read, whole, cancel() {} } });
    },
  });
  const call = callOf("c", { dialect: client, stream: !body.startsWith("{") });
  const reply = await here.engine.answer(call, new CancelSource());
  while (reply.ok && (await reply.frames.read()) !== undefined);
  await here.rest();
  const found: unknown[] = [];
  here.engine.cells.answers.purge(
    ({ texts, model, calls }) => found.push([texts.join(""), model, ...(calls ? [calls] : [])]) > 0,
  );
  return found[0];
}

const CLIENTS: readonly DialectId[] = [ANTHROPIC, CHAT];
const LANES = CLIENTS.flatMap((client) => (["text", "off"] as const).map((resume) => ({ client, resume }) as const));

const KEPT: readonly (readonly [string, DialectId, string, string])[] = [
  ["words", CHAT, chat(say("Hel"), say("lo "), say(HARD), chunk({}, "stop")), `Hello ${HARD}`],
  ["words with the finish", CHAT, chat(say("Hello"), chunk({ content: "!" }, "stop")), "Hello!"],
  ["reasoning is left out", CHAT, chat(chunk({ reasoning_content: "Hm." }), say("Hello"), chunk({}, "stop")), "Hello"],
  ["words", ANTHROPIC, messages(text(0, "Hel", "lo ", HARD), "end_turn"), `Hello ${HARD}`],
  ["thinking is left out", ANTHROPIC, messages([...thinking(0), ...text(1, "Hello")], "end_turn"), "Hello"],
  ["two blocks", ANTHROPIC, messages([...text(0, "One. "), ...text(1, "Two.")], "end_turn"), "One. Two."],
];

describe.each(LANES)("asked by $client, resume $resume", ({ client, resume }) => {
  test.each(KEPT)("kept, %s of %s", async (_, target, body, said) => {
    expect(await keptOf(client, target, body, { resume })).toEqual([said, "theirs"]);
  });
});

const call = { index: 0, id: "t", type: "function", function: { name: "f", arguments: "{}" } };
const whole = (message: object, finish: string) =>
  JSON.stringify({
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "theirs",
    choices: [{ index: 0, message, finish_reason: finish }],
  });
const NOT_KEPT: readonly (readonly [string, DialectId, string])[] = [
  ["cut by the limit", CHAT, chat(say("Hello"), chunk({}, "length"))],
  ["filtered", CHAT, chat(say("Hello"), chunk({}, "content_filter"))],
  ["at a stop string", CHAT, chat(say("Hello"), chunk({}, "stop", { stop_reason: "END" }))],
  ["a refusal", CHAT, chat(chunk({ refusal: "I cannot." }), chunk({}, "stop"))],
  ["a tool call", CHAT, chat(say("Let me see."), chunk({ tool_calls: [call] }), chunk({}, "tool_calls"))],
  ["a tool call that says stop", CHAT, chat(say("Let me see."), chunk({ tool_calls: [call] }), chunk({}, "stop"))],
  ["sources", CHAT, chat(say("Hello"), chunk({ annotations: [{ type: "url_citation" }] }), chunk({}, "stop"))],
  ["sound", CHAT, chat(say("Hello"), chunk({ audio: { id: "a", data: "AAAA" } }), chunk({}, "stop"))],
  ["cut by the limit", ANTHROPIC, messages(text(0, "Hello"), "max_tokens")],
  ["at a stop sequence", ANTHROPIC, messages(text(0, "Hello"), "stop_sequence")],
  ["refused", ANTHROPIC, messages(text(0, "Hello"), "refusal")],
  ["paused", ANTHROPIC, messages(text(0, "Hello"), "pause_turn")],
  ["a tool call", ANTHROPIC, messages([...text(0, "Let me see."), ...tool(1)], "tool_use")],
  ["a tool call that says it ended", ANTHROPIC, messages([...text(0, "Let me see."), ...tool(1)], "end_turn")],
  [
    "hidden thinking",
    ANTHROPIC,
    messages([...block(0, { type: "redacted_thinking", data: "x" }), ...text(1, "Hi")], "end_turn"),
  ],
  [
    "a server's tool",
    ANTHROPIC,
    messages(
      [...block(0, { type: "server_tool_use", id: "s", name: "web_search", input: {} }), ...text(1, "Hi")],
      "end_turn",
    ),
  ],
  [
    "sources",
    ANTHROPIC,
    messages(
      block(
        0,
        { type: "text", text: "" },
        { type: "text_delta", text: "Hi" },
        { type: "citations_delta", citation: { type: "char_location" } },
      ),
      "end_turn",
    ),
  ],
  ["cut by the limit, whole", CHAT, whole({ role: "assistant", content: "Hello" }, "length")],
  ["a tool call, whole", CHAT, whole({ role: "assistant", content: null, tool_calls: [call] }, "tool_calls")],
  ["a refusal, whole", CHAT, whole({ role: "assistant", content: null, refusal: "I cannot." }, "stop")],
];

describe.each(CLIENTS)("asked by %s", (client) => {
  test.each(NOT_KEPT)("not kept: %s, of %s", async (_, target, body) => {
    expect(await keptOf(client, target, body)).toBeUndefined();
  });
});

test("a whole reply is kept with its blocks", async () => {
  const body = JSON.stringify({
    id: "m",
    type: "message",
    role: "assistant",
    model: "theirs",
    content: [
      { type: "text", text: "One. " },
      { type: "text", text: HARD },
    ],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 9 },
  });
  for (const client of [ANTHROPIC, CHAT] as const) {
    expect(await keptOf(client, ANTHROPIC, body)).toEqual([`One. ${HARD}`, "theirs"]);
  }
});

const CALLED: readonly (readonly [string, DialectId, string, readonly unknown[]])[] = [
  [
    "a call after words",
    CHAT,
    chat(say("Let me see."), chunk({ tool_calls: [call] }), chunk({}, "tool_calls")),
    ["Let me see.", "theirs", [{ name: "f", json: "{}" }]],
  ],
  [
    "a call after words",
    ANTHROPIC,
    messages([...text(0, "Let me see."), ...tool(1)], "tool_use"),
    ["Let me see.", "theirs", [{ name: "f", json: "{}" }]],
  ],
  ["words alone", ANTHROPIC, messages(text(0, "Hello"), "end_turn"), ["Hello", "theirs"]],
  [
    "a call, whole",
    CHAT,
    whole({ role: "assistant", content: null, tool_calls: [call] }, "tool_calls"),
    ["", "theirs", [{ name: "f", json: "{}" }]],
  ],
];

describe.each(CLIENTS)("asked by %s, where the route has calls kept too", (client) => {
  test.each(CALLED)("kept, %s of %s", async (_, target, body, expected) => {
    expect(await keptOf(client, target, body, { tools: true })).toEqual(expected);
  });

  test.each(NOT_KEPT.filter(([name]) => !name.includes("tool call")))(
    "not kept: %s, of %s",
    async (_, target, body) => {
      expect(await keptOf(client, target, body, { tools: true })).toBeUndefined();
    },
  );
});
