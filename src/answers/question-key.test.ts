// Which calls have one key: the same question in either dialect, whole or as a stream. And which never have: whatever may
// change the answer, and whoever else asks.

import { describe, expect, test } from "bun:test";
import { callOf } from "../../test/support/virtual.ts";
import type { DialectId } from "../core/call.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { randomStream } from "../sim/random.ts";
import { questionKey } from "./question-key.ts";

const BASE = { model: "chat", max_tokens: 50, temperature: 0.5, messages: [{ role: "user", content: "hello" }] };

function keyOf(body: object, dialect: DialectId = "openai-chat", tenant = "t"): string | undefined {
  const call = callOf("c", { dialect, tenant, body: new TextEncoder().encode(JSON.stringify(body)) });
  return questionKey(call, DIALECTS[dialect]);
}

const KEY = keyOf(BASE);
const PARAMETERS = { type: "object", properties: {} };
const TOOL = { type: "function", function: { name: "f", parameters: PARAMETERS } };

describe("the same question", () => {
  test.each<[string, object, DialectId]>([
    ["in the other dialect", BASE, "anthropic-messages"],
    ["as a stream", { ...BASE, stream: true, stream_options: { include_usage: true } }, "openai-chat"],
    ["with its keys in another order", Object.fromEntries(Object.entries(BASE).reverse()), "openai-chat"],
    ["of another end user", { ...BASE, user: "someone", metadata: { a: "b" } }, "openai-chat"],
    ["of another end user, Anthropic", { ...BASE, metadata: { user_id: "someone" } }, "anthropic-messages"],
    ["in parts", { ...BASE, messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }] }, "openai-chat"],
  ])("%s", (_, body, dialect) => {
    expect([KEY?.length, keyOf(body, dialect)]).toEqual([64, KEY]);
  });
});

describe("another question", () => {
  test.each<[string, object]>([
    ["model", { ...BASE, model: "other" }],
    ["words", { ...BASE, messages: [{ role: "user", content: "hello?" }] }],
    ["a system prompt", { ...BASE, messages: [{ role: "system", content: "x" }, ...BASE.messages] }],
    ["role", { ...BASE, messages: [...BASE.messages, { role: "assistant", content: "x" }] }],
    ["max tokens", { ...BASE, max_tokens: 51 }],
    ["temperature", { ...BASE, temperature: 0.6 }],
    ["top p", { ...BASE, top_p: 0.6 }],
    ["stop", { ...BASE, stop: ["x"] }],
    ["effort", { ...BASE, reasoning_effort: "low" }],
    ["tools", { ...BASE, tools: [TOOL] }],
    ["tool choice", { ...BASE, tools: [TOOL], tool_choice: "none" }],
    ["format", { ...BASE, response_format: { type: "json_object" } }],
    ["a field that has no place elsewhere", { ...BASE, seed: 1 }],
    ["its value", { ...BASE, seed: 2 }],
    ["a field that nobody knows", { ...BASE, brand_new: { a: 1 } }],
    ["its inside", { ...BASE, brand_new: { a: 2 } }],
  ])("%s", (_, body) => {
    expect(keyOf(body)).toBeString();
    expect(keyOf(body)).not.toBe(KEY);
  });

  test("each of these has a key of its own", () => {
    const seeds = Array.from({ length: 20 }, (_, seed) => keyOf({ ...BASE, seed }));
    expect(new Set(seeds).size).toBe(20);
  });
});

test("what several choices, or the results of tools, are about is not kept", () => {
  const call = { id: "t", type: "function", function: { name: "f", arguments: "{}" } };
  const messages = [
    ...BASE.messages,
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: "t", content: "42" },
  ];
  expect([keyOf({ ...BASE, n: 2 }), keyOf({ ...BASE, messages })]).toEqual([undefined, undefined]);
});

test("two tenants never share a key, whatever their names and questions", () => {
  const random = randomStream(7, "tenants");
  const alphabet = ['"', ",", "\\", "\n", "a", "b", "]", "[", "ä"];
  const word = () =>
    Array.from({ length: Math.floor(random() * 6) }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
  const seen = new Map<string, string>();
  for (let i = 0; i < 3_000; i++) {
    const [tenant, content] = [word(), word() || "x"];
    const key = keyOf({ ...BASE, messages: [{ role: "user", content }] }, "openai-chat", tenant);
    const whose = JSON.stringify([tenant, content]);
    expect(seen.get(key ?? "") ?? whose).toBe(whose);
    seen.set(key ?? "", whose);
  }
});
