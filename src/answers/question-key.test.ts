// Which calls have one key: the same question in either dialect, whole or as a stream. And which never have: whatever may
// change the answer, and whoever else asks.

import { describe, expect, test } from "bun:test";
import { callOf } from "../../test/support/virtual.ts";
import type { DialectId } from "../core/call.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { createBunRuntime } from "../runtime/bun.ts";
import { randomStream } from "../sim/random.ts";
import { createKeptAnswers } from "../state/kept-answers.ts";
import { type KeyContext, questionKeys } from "./question-key.ts";

const BASE = { model: "chat", max_tokens: 50, temperature: 0.5, messages: [{ role: "user", content: "hello" }] };

const { secretOf } = createKeptAnswers();
type Asked = { readonly dialect?: DialectId; readonly tenant?: string } & Partial<
  Pick<KeyContext, "scope" | "likeness">
>;

function keysOf(
  body: object,
  { dialect = "openai-chat", tenant = "t", scope = "tenant", likeness = "exact" }: Asked = {},
) {
  const call = callOf("c", { dialect, tenant, body: new TextEncoder().encode(JSON.stringify(body)) });
  return questionKeys(call, { client: DIALECTS[dialect], scope, likeness, secretOf }, { random: () => 0.5 });
}

const keyOf = (body: object, dialect?: DialectId, tenant?: string) =>
  keysOf(body, { ...(dialect && { dialect }), ...(tenant !== undefined && { tenant }) })?.exact;

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

describe("the same question with more in it than words", () => {
  const data = { type: "base64", media_type: "image/png", data: "AAAA" };
  const ask = (part: object) => ({
    ...BASE,
    messages: [{ role: "user", content: [{ type: "text", text: "look" }, part] }],
  });
  const schema = { type: "object", properties: { a: { type: "string" } } };
  const reversed = { properties: { a: { type: "string" } }, type: "object" };
  const tool = (parameters: object) => ({ type: "function", function: { name: "f", parameters } });
  const theirs = (input_schema: object) => ({ input_schema, name: "f" });
  const chosen = { ...BASE, tools: [theirs(reversed)], tool_choice: { name: "f", type: "tool" } };
  const choosing = { tool_choice: { function: { name: "f" }, type: "function" } };

  test.each<[string, object, object]>([
    [
      "an image",
      ask({ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }),
      ask({ source: data, type: "image" }),
    ],
    ["tools", { ...BASE, tools: [tool(schema)] }, { ...BASE, tools: [theirs(reversed)] }],
    ["a choice of tools", { ...BASE, ...choosing, tools: [tool(schema)] }, chosen],
    [
      "a system prompt",
      { ...BASE, messages: [{ role: "system", content: "brief" }, ...BASE.messages] },
      { ...BASE, system: [{ type: "text", text: "brief" }] },
    ],
  ])("%s", (_, chat, messages) => {
    const key = keyOf(chat);
    expect(key).toBeString();
    expect([key === KEY, keyOf(messages, "anthropic-messages")]).toEqual([false, key]);
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
    ["one on a message", { ...BASE, messages: [{ role: "user", content: "hello", brand_new: 1 }] }],
    [
      "one on a part",
      { ...BASE, messages: [{ role: "user", content: [{ type: "text", text: "hello", brand_new: 1 }] }] },
    ],
    ["one on a tool", { ...BASE, tools: [{ ...TOOL, brand_new: 1 }] }],
    ["a name of the user", { ...BASE, messages: [{ role: "user", content: "hello", name: "bob" }] }],
  ])("%s", (_, body) => {
    expect(keyOf(body)).toBeString();
    expect(keyOf(body)).not.toBe(KEY);
  });

  test("nor have these the key of each other", () => {
    const inside = [1, 2].map((brand_new) => keyOf({ ...BASE, tools: [{ ...TOOL, brand_new }] }));
    expect(new Set([...inside, keyOf({ ...BASE, tools: [TOOL] })]).size).toBe(3);
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

describe("in other words", () => {
  const ask = (content: unknown, more: object = {}, asked: Asked = {}) =>
    keysOf({ ...BASE, messages: [{ role: "user", content }], ...more }, { likeness: "stem", ...asked });
  const FRANCE = "What is the capital of France?";
  const stem = ask(FRANCE)?.stem;

  test("the same stems, in either dialect, but another question in its very words", () => {
    const other = ask("what's the capital of france", {}, { dialect: "anthropic-messages" });
    expect(stem).toHaveLength(64);
    expect([other?.stem, other?.exact === ask(FRANCE)?.exact]).toEqual([stem, false]);
  });

  test.each<[string, object, Asked]>([
    ["another limit", { max_tokens: 51 }, {}],
    [
      "under a system prompt",
      {
        messages: [
          { role: "system", content: "x" },
          { role: "user", content: FRANCE },
        ],
      },
      {},
    ],
    ["another model", { model: "other" }, {}],
    ["a field that nobody knows", { brand_new: 1 }, {}],
    ["another tenant", {}, { tenant: "u" }],
  ])("not with %s", (_, more, asked) => {
    const found = ask(FRANCE, more, asked)?.stem;
    expect(found).toHaveLength(64);
    expect(found).not.toBe(stem);
  });

  test.each<[string, unknown, object]>([
    ["a second turn", FRANCE, { messages: [...BASE.messages, { role: "assistant", content: "x" }, ...BASE.messages] }],
    ["tools", FRANCE, { tools: [TOOL] }],
    ["a format", FRANCE, { response_format: { type: "json_object" } }],
    [
      "an image",
      [
        { type: "image_url", image_url: { url: "https://x.example/a.png" } },
        { type: "text", text: FRANCE },
      ],
      {},
    ],
    [
      "several parts",
      [
        { type: "text", text: FRANCE },
        { type: "text", text: FRANCE },
      ],
      {},
    ],
    ["an unknown sign on the message", FRANCE, { messages: [{ role: "user", content: FRANCE, brand_new: 1 }] }],
  ])("only in its very words: %s", (_, content, more) => {
    expect(ask(content, more)?.stem).toBeUndefined();
  });

  test("not where the route says exact", () => {
    expect(keysOf({ ...BASE, messages: [{ role: "user", content: FRANCE }] })?.stem).toBeUndefined();
  });
});

test("whom a key is for: a tenant, all of a route, all of the gateway", () => {
  const of = (scope: KeyContext["scope"], tenant: string, model: string) =>
    keysOf({ ...BASE, model }, { scope, tenant })?.exact;
  const same = (scope: KeyContext["scope"], tenant: string, model: string) =>
    of(scope, "a", "m") === of(scope, tenant, model);
  expect(
    (["tenant", "route", "global"] as const).map((scope) => [same(scope, "b", "m"), same(scope, "a", "n")]),
  ).toEqual([
    [false, false],
    [true, false],
    [true, true],
  ]);
  // No name of a tenant or of a model leads into another partition.
  expect(
    new Set([of("tenant", "global", "m"), of("global", "x", "m"), of("tenant", "m", "m"), of("route", "x", "m")]).size,
  ).toBe(4);
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

test("the gateway's own hash is the portable one", () => {
  const call = callOf("c", { dialect: "openai-chat", body: new TextEncoder().encode(JSON.stringify(BASE)) });
  const context: KeyContext = { client: DIALECTS["openai-chat"], scope: "tenant", likeness: "stem", secretOf };
  const { hmacSha256 } = createBunRuntime();
  expect(hmacSha256).toBeDefined();
  const native = questionKeys(call, context, { random: () => 0.5, ...(hmacSha256 && { hmacSha256 }) });
  expect(native).toEqual(questionKeys(call, context, { random: () => 0.5 }));
});
