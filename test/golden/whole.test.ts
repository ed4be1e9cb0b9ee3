// Recorded whole replies: judged, passed natively, translated both ways; cut anywhere, they are never an answer. And the
// error bodies of providers: classified alike on both sides.

import { describe, expect, test } from "bun:test";
import { isFault } from "../../src/core/fault.ts";
import { DIALECTS } from "../../src/dialects/registry.ts";
import { inspected, otherDialect } from "../support/lanes.ts";
import { readWhole } from "../support/whole-reader.ts";
import { errorBodies, FIXTURES_ABSENT, hasFixtures, wholes } from "../support/wire-fixtures.ts";

if (!hasFixtures) test.skip(`whole replies, ${FIXTURES_ABSENT}`, () => {});

const call = { id: "call_golden", operation: "generate", inspected: inspected(false) } as const;
const utf8 = new TextDecoder();

describe.skipIf(!hasFixtures)("a whole reply", () => {
  const named = wholes.map((whole) => [whole.name, whole] as const);

  test("the recordings are there", () => {
    expect(wholes.filter(({ dialect }) => dialect === "openai-chat").length).toBeGreaterThan(10);
    expect(wholes.filter(({ dialect }) => dialect === "anthropic-messages").length).toBeGreaterThan(25);
  });

  test.each(named)("%s is judged good and says the same in the other dialect", (_, { dialect, bytes }) => {
    const { wire, codec } = DIALECTS[dialect];
    expect(wire.judge(bytes, call).fault).toBeUndefined();
    const events = codec.decodeReply(bytes);
    if (isFault(events)) throw new Error(events.message);
    const other = otherDialect(dialect);
    const rendered = DIALECTS[other].codec.encodeReply(events, { call, createdS: 1 });
    const source = readWhole(dialect, bytes);
    const target = readWhole(other, rendered);
    expect(target.text).toBe(source.text);
    expect(target.tools).toEqual(source.tools);
    expect(typeof target.stop).toBe("string");
    const hasTools = source.tools.length > 0;
    expect(target.stop === (other === "openai-chat" ? "tool_calls" : "tool_use")).toBe(hasTools);
    // The other dialect finds its own rendering good, unless there was nothing that can be rendered.
    const judged = DIALECTS[other].wire.judge(rendered, call).fault?.kind;
    if (source.text !== "" || hasTools) expect(judged).toBeUndefined();
  });

  test.each(named)("%s, cut anywhere, is malformed", (_, { dialect, bytes }) => {
    const { wire, codec } = DIALECTS[dialect];
    const text = utf8.decode(bytes).trimEnd();
    const step = Math.max(7, Math.ceil(text.length / 300)) | 1;
    for (let at = 0; at < text.length; at += step) {
      const part = new TextEncoder().encode(text.slice(0, at));
      expect([at, wire.judge(part, call).fault?.kind]).toEqual([at, "malformed-reply"]);
      expect(codec.decodeReply(part)).toMatchObject({ kind: "malformed-reply" });
    }
  });
});

describe.skipIf(!hasFixtures)("error bodies", () => {
  const KINDS: Readonly<Record<string, string>> = {
    // Another model may well take a prefilled turn.
    "http-error.anthropic.400-prefill": "unsupported",
    "http-error.anthropic.429": "rate-limited",
    "http-error.anthropic.529": "overloaded",
    "http-error.openai.429-quota": "quota-exhausted",
    "http-error.openai.429-rate": "rate-limited",
    "http-error.openai.503": "overloaded",
  };

  test("each is what it says, and a 2xx with it is no answer", () => {
    expect(errorBodies.map(({ name }) => name).sort()).toEqual(Object.keys(KINDS).sort());
    for (const { name, dialect, status, bytes } of errorBodies) {
      const { wire, codec } = DIALECTS[dialect];
      const found = wire.faultFrom(status, {}, bytes, 0).kind;
      expect([name, found]).toEqual([name, KINDS[name] as typeof found]);
      expect(wire.judge(bytes, call).fault).toBeDefined();
      expect(isFault(codec.decodeReply(bytes))).toBe(true);
    }
  });
});
