// Thinking of a Chat target, from its stream to an Anthropic client and back into that client's next request.

import { expect, test } from "bun:test";
import { delivered } from "../../test/support/answers-said.ts";
import { bytesSent, handEngine, respond } from "../../test/support/hand-engine.ts";
import { ANTHROPIC, CHAT } from "../../test/support/virtual.ts";

const chunk = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
const STREAM = [
  chunk({ role: "assistant", content: "" }),
  chunk({ reasoning_content: "Let me " }),
  chunk({ reasoning_content: "see." }),
  chunk({ content: "It is 4." }),
  chunk({}, "stop"),
  "data: [DONE]\n\n",
].join("");
const message = { role: "assistant", content: "It is 4.", reasoning_content: "Let me see." };
const WHOLE = JSON.stringify({
  ...{ id: "c", object: "chat.completion", created: 1, model: "m" },
  choices: [{ index: 0, message, finish_reason: "stop" }],
});
const ASKED = { model: "chat", max_tokens: 900, messages: [{ role: "user", content: "2+2?" }] };
const THINKING = { thinking: { type: "adaptive" } };

async function answer(stream: boolean, more: object): Promise<string> {
  const headers = stream ? { "content-type": "text/event-stream" } : undefined;
  const engine = handEngine([CHAT], () => respond(200, stream ? STREAM : WHOLE, headers));
  return delivered(await engine.ask({ stream, body: JSON.stringify({ ...ASKED, ...more, stream }) }));
}

/** The blocks of a stream, as an SDK puts them together. */
function blocksOf(stream: string): readonly Record<string, unknown>[] {
  const blocks: Record<string, unknown>[] = [];
  for (const line of stream.split("\n").filter((text) => text.startsWith("data: "))) {
    const event = JSON.parse(line.slice(6));
    if (event.type === "content_block_start") blocks[event.index] = { ...event.content_block };
    const { type, ...delta } = event.type === "content_block_delta" ? event.delta : { type: "" };
    for (const [key, value] of Object.entries(delta)) {
      const block = blocks[event.index];
      if (type !== "" && block !== undefined) block[key] = `${block[key] ?? ""}${value}`;
    }
  }
  return blocks;
}

test("a client that asked for thinking sees it, the same whole and streamed; another does not", async () => {
  const content = blocksOf(await answer(true, THINKING));
  expect(content).toEqual([
    { type: "thinking", thinking: "Let me see.", signature: expect.stringMatching(/^~hf1\.[0-9a-f]{32}$/) },
    { type: "text", text: "It is 4." },
  ]);
  expect(JSON.parse(await answer(false, THINKING)).content).toEqual(content);
  for (const stream of [false, true]) expect(await answer(stream, {})).not.toContain("Let me");
});

test("what comes back is taken out for Anthropic, and is no loss for Chat", async () => {
  const { content } = JSON.parse(await answer(false, THINKING));
  const messages = [...ASKED.messages, { role: "assistant", content }, { role: "user", content: "And 3+3?" }];
  const body = JSON.stringify({ ...ASKED, messages });
  const native = handEngine([ANTHROPIC], () => respond(500, "{}"));
  await native.ask({ body });
  const bare = { ...ASKED, model: "m0", messages: messages.with(1, { role: "assistant", content: content.slice(1) }) };
  expect(bytesSent(native.sent[0])).toBe(JSON.stringify(bare));
  const chat = handEngine([CHAT], () => respond(200, WHOLE));
  expect((await chat.ask({ body })).headers["x-holdfast-lossy"]).toBeUndefined();
  expect(bytesSent(chat.sent[0])).not.toContain("Let me");
});
