// The call log: its two forms, its levels, what decides between them, and what never gets into it.

import { expect, test } from "bun:test";
import { callFacts, type ScriptedCall } from "../../test/support/scripted-call.ts";
import { createCallLog, createTimeText, logFormat } from "./call-log.ts";
import { createCallFollower } from "./follow-calls.ts";

function log(format: "json" | "text", colour: boolean, ...scripts: readonly ScriptedCall[]): string[] {
  const lines: string[] = [];
  const { read } = createCallLog({ format, colour, write: (line) => void lines.push(line) });
  const follower = createCallFollower(() => Date.UTC(2026, 0, 31, 8), [read]);
  for (const script of scripts) callFacts(script).forEach(follower.read);
  return lines;
}

const SAVED: ScriptedCall = {
  id: "call_1",
  tenant: "web",
  attempts: [["alpha/a", "overloaded"], ["beta/b"]],
  usage: { inputTokens: 3, outputTokens: 5 },
};

test("JSON: one object a call", () => {
  const [line = "", ...more] = log("json", false, SAVED);
  expect(more).toEqual([]);
  expect(JSON.parse(line)).toEqual({
    time: "2026-01-31T08:00:00.200Z",
    level: "info",
    event: "call",
    call: "call_1",
    route: "chat",
    operation: "generate",
    dialect: "anthropic-messages",
    model: "chat",
    stream: true,
    tenant: "web",
    outcome: "complete",
    target: "beta/b",
    servedBy: "target",
    attempts: 2,
    trail: "alpha/a=overloaded, beta/b=ok",
    firstContentMs: 140,
    tookMs: 200,
    inputTokens: 3,
    outputTokens: 5,
  });
  // What a provider said is for the call's record: it may quote the prompt.
  expect(line).not.toContain("it said");
});

test.each(['a"b', "back\\slash", "line\nend\u2028", "tab\t\u0000", "\ud83d\ude00", "\ud83d", "x".repeat(300)])(
  "JSON: names are what clients and configurations make of them: %j",
  (name) => {
    const script: ScriptedCall = { id: "c", route: name, model: name, tenant: name, attempts: [[`alpha/${name}`]] };
    // The second line is written from what is remembered of the first.
    for (const line of log("json", false, script, script)) {
      expect(line).not.toMatch(/[\n\r]/);
      expect(JSON.parse(line)).toMatchObject({
        route: name,
        model: expect.any(String),
        tenant: name,
        trail: `alpha/${name}=ok`,
      });
    }
  },
);

for (const [script, level] of [
  [{ id: "c" }, "info"],
  [{ id: "c", degraded: "model" }, "warn"],
  [{ id: "c", ending: "cancelled", fault: "cancelled" }, "info"],
  [{ id: "c", ending: "refused", fault: "invalid-request" }, "warn"],
  [{ id: "c", ending: "refused", fault: "overloaded" }, "error"],
  [{ id: "c", ending: "broken", fault: "stream-broken" }, "error"],
] as const satisfies readonly (readonly [ScriptedCall, string])[]) {
  test(`level of ${JSON.stringify(script)}: ${level}`, () => {
    expect(JSON.parse(log("json", false, script)[0] ?? "")).toMatchObject({ level });
  });
}

test("text: one line, colour only where it is wanted", () => {
  const [plain = ""] = log("text", false, SAVED);
  expect(plain).toMatch(
    /^\d\d:\d\d:\d\d {2}saved {6}chat {2}alpha\/a overloaded → beta\/b {2}200 ms, first 140 ms {2}3\+5 tokens {2}web {2}call_1$/,
  );
  const [coloured = ""] = log("text", true, SAVED);
  expect(coloured).toContain("\u001b[33msaved    \u001b[0m");
  expect(Bun.stripANSI(coloured)).toBe(plain);
});

test("text: what clients name cannot forge a line or steer a terminal", () => {
  const [line = ""] = log("text", true, { id: "c", route: "", model: "x\n12:00:00 ok\u001b[2J\r\u009b", attempts: [] });
  expect(Bun.stripANSI(line)).toContain("x�12:00:00 ok�[2J�� (no route)");
  expect(Bun.stripANSI(line)).not.toMatch(/\p{Cc}/u);
});

test("HOLDFAST_LOG wins over what stderr is; NO_COLOR over colour", () => {
  expect(logFormat({}, true)).toEqual({ format: "text", colour: true });
  expect(logFormat({}, false)).toEqual({ format: "json", colour: false });
  expect(logFormat({ NO_COLOR: "1" }, true)).toEqual({ format: "text", colour: false });
  expect(logFormat({ TERM: "dumb" }, true)).toEqual({ format: "text", colour: false });
  expect(logFormat({ HOLDFAST_LOG: "text" }, false)).toEqual({ format: "text", colour: false });
  expect(logFormat({ HOLDFAST_LOG: "json" }, true)).toMatchObject({ format: "json" });
  expect(logFormat({ HOLDFAST_LOG: "off" }, true)).toBe("off");
  expect(logFormat({ HOLDFAST_LOG: "loud" }, true)).toBeUndefined();
});

test("a bug is told in either form", () => {
  const lines: string[] = [];
  for (const format of ["json", "text"] as const) {
    const { bug } = createCallLog({ format, colour: false, write: (line) => void lines.push(line) });
    bug({ type: "bug", atMs: 0, call: "c1", message: "no\nway", stack: "at x" }, 0);
  }
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "error", event: "bug", call: "c1", message: "no\nway" });
  expect(lines[1]).toBe("a bug, in call c1: no�way");
});

test("times are written as the platform writes them, in any order", () => {
  const text = createTimeText();
  for (const ms of [1, 1_000, 1_000.9, 999.999, 59_999, 1_769_846_400_123.4, 1_769_846_400_099, -1, -0.5, -1_001]) {
    expect(text(ms)).toBe(new Date(ms).toISOString());
  }
  expect(() => text(Number.NaN)).toThrow();
});
