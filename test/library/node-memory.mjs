// How much memory a call leaves behind on Node, in bytes: many calls on one signal that lives on, with collections between.

import process from "node:process";
import { createHoldfast } from "holdfast";

const CALLS = 1_000;
const choices = [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }];
const reply = JSON.stringify({ id: "c", object: "chat.completion", created: 0, model: "a", choices });
const headers = { "content-type": "application/json" };
const holdfast = createHoldfast(
  {
    providers: { alpha: { dialect: "openai-chat", url: "https://alpha.example/v1", key: "none" } },
    routes: { chat: { targets: ["alpha/a"] } },
  },
  { fetch: async () => new Response(reply, { headers }) },
);
const body = JSON.stringify({ model: "chat", messages: [{ role: "user", content: "hello" }] });
const { signal } = new AbortController();

async function calls(count) {
  for (let made = 0; made < count; made++) {
    const response = await holdfast.fetch("https://x.example/v1/chat/completions", { method: "POST", body, signal });
    await response.json();
  }
}

async function heapBytes() {
  for (let turn = 0; turn < 4; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().heapUsed;
}

await calls(CALLS);
const before = await heapBytes();
await calls(CALLS);
process.stdout.write(`${((await heapBytes()) - before) / CALLS}\n`);
