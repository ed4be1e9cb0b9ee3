// Whom a client names as its end user, in each dialect. It is only counted, so nothing about it may refuse a call.

import { expect, test } from "bun:test";
import { isFault } from "../core/fault.ts";
import { DIALECTS } from "./registry.ts";

const CHAT = { model: "m", messages: [{ role: "user", content: "hi" }] };
const MESSAGES = { ...CHAT, max_tokens: 5 };

for (const [dialect, more, endUser] of [
  ["openai-chat", {}, undefined],
  ["openai-chat", { user: "ada" }, "ada"],
  ["openai-chat", { user: "ada", safety_identifier: "bob" }, "bob"],
  ["openai-chat", { user: null }, undefined],
  ["openai-chat", { user: "" }, undefined],
  ["openai-chat", { user: 7 }, undefined],
  ["openai-chat", { user: "x".repeat(10_000) }, "x".repeat(512)],
  ["anthropic-messages", {}, undefined],
  ["anthropic-messages", { metadata: { user_id: "ada" } }, "ada"],
  ["anthropic-messages", { metadata: { user_id: null } }, undefined],
  ["anthropic-messages", { metadata: { user: "ada" } }, undefined],
  ["anthropic-messages", { metadata: null }, undefined],
  ["anthropic-messages", { metadata: ["ada"] }, undefined],
] as const) {
  test(`${dialect}: ${JSON.stringify(more).slice(0, 60)}`, () => {
    const body = new TextEncoder().encode(
      JSON.stringify({ ...(dialect === "openai-chat" ? CHAT : MESSAGES), ...more }),
    );
    const inspected = DIALECTS[dialect].wire.inspect(body, "generate");
    if (isFault(inspected)) throw new Error(inspected.message);
    expect(inspected.endUser).toBe(endUser as string);
  });
}
