// The short way is the long one: whatever it takes, the dialect's own decoder would make the same of.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { DialectId } from "../core/call.ts";
import { type PlainForm, plainPrompt } from "./plain-prompt.ts";
import { DIALECTS } from "./registry.ts";

const DIALECT_IDS: readonly DialectId[] = ["anthropic-messages", "openai-chat"];
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** An empty list of tools asks nothing, and is nothing that the short way takes. */
const bothWays = (id: DialectId, request: object) =>
  [request, { ...request, tools: [] }].map((body) => DIALECTS[id].codec.decodeRequest(encode(body)));

const word = fc.oneof(fc.constantFrom("", "hello", "\ud800", "ä\n\u0000"), fc.string());
const odd = fc.oneof(
  word,
  fc.constantFrom(null, true, false, -1, 0, 0.5, 1e21, 4096),
  fc.constant([]),
  fc.constant({}),
);
const mostly = <T>(value: fc.Arbitrary<T>) => fc.oneof({ weight: 8, arbitrary: value }, { weight: 1, arbitrary: odd });
const text = fc.record({ type: fc.constant("text"), text: word });
const message = fc.record(
  {
    role: mostly(fc.constantFrom("user", "assistant", "system", "developer", "tool")),
    content: mostly(fc.oneof({ weight: 6, arbitrary: word }, fc.array(text, { maxLength: 2 }))),
    name: odd,
    cache_control: odd,
    ["__proto__"]: odd,
  },
  { requiredKeys: ["role", "content"] },
);
const request = fc.record(
  {
    model: word,
    messages: mostly(fc.array(message, { maxLength: 3 })),
    system: mostly(word),
    stream: mostly(fc.boolean()),
    max_tokens: mostly(fc.nat()),
    max_completion_tokens: mostly(fc.nat()),
    temperature: mostly(fc.double({ min: 0, max: 2, noNaN: true })),
    top_p: mostly(fc.double({ min: 0, max: 1, noNaN: true })),
    user: odd,
    metadata: odd,
    toString: odd,
    ["__proto__"]: odd,
  },
  { requiredKeys: ["messages"] },
);

test.each(DIALECT_IDS)("what %s makes of any request it makes by either way", (id) => {
  fc.assert(
    fc.property(request, (body) => {
      const [short, long] = bothWays(id, body);
      expect(short).toEqual(long);
    }),
    { numRuns: 3_000 },
  );
});

const CHAT: PlainForm = { limits: ["max_tokens", "max_completion_tokens"], hasSystemField: false };
const MESSAGES: PlainForm = { limits: ["max_tokens"], hasSystemField: true };
const USER = { role: "user", content: "hello" };

test("what most clients send is taken", () => {
  const plain = { model: "m", stream: true, temperature: 0.5, top_p: 1, max_tokens: 9, messages: [USER] };
  const prompts = [
    plainPrompt({ ...plain, system: "be brief" }, MESSAGES),
    plainPrompt({ ...plain, messages: [{ role: "system", content: "be brief" }, USER] }, CHAT),
  ];
  const turns = [{ role: "user", parts: [{ type: "text", text: "hello" }] }] as const;
  const numbers = { temperature: 0.5, topP: 1, maxTokens: 9 };
  const expected = { stream: true, system: ["be brief"], turns, tools: [], stop: [], ...numbers };
  for (const prompt of prompts) expect(prompt).toEqual(expected as never);
});

test.each<[string, object, PlainForm]>([
  ["no messages", { model: "m" }, MESSAGES],
  ["two limits", { messages: [USER], max_tokens: 1, max_completion_tokens: 2 }, CHAT],
  ["a limit of nothing", { messages: [USER], max_tokens: 0 }, MESSAGES],
  ["the other dialect's limit", { messages: [USER], max_completion_tokens: 2 }, MESSAGES],
  ["the other dialect's system", { messages: [USER], system: "x" }, CHAT],
  ["a field that nobody knows", { messages: [USER], brand_new: 1 }, CHAT],
  ["one on a message", { messages: [{ ...USER, brand_new: 1 }] }, CHAT],
  ["parts", { messages: [{ role: "user", content: [{ type: "text", text: "hello" }] }] }, MESSAGES],
  ["no text", { messages: [{ role: "user", content: "" }] }, MESSAGES],
  ["a system message later", { messages: [USER, { role: "system", content: "x" }] }, CHAT],
])("left to the decoder: %s", (_, body, form) => {
  expect(plainPrompt(body as Record<string, unknown>, form)).toBeUndefined();
});
