// The tap of a call that asked for several answers: it has stopped only when all of them have.

import { describe, expect, test } from "bun:test";
import { frameOf } from "../sse.ts";
import { openTap } from "./tap.ts";

const chunk = (delta: unknown, finish: string | null = null, more: object = {}, index = 0) =>
  frameOf(JSON.stringify({ id: "c", model: "m", choices: [{ index, delta, finish_reason: finish }], ...more }));
const done = frameOf("[DONE]");

describe("a call for two answers", () => {
  const a = (content: string) => chunk({ content });
  const b = (content: string) => chunk({ content }, null, {}, 1);
  const end = (index: number, why = "stop") => chunk({}, why, {}, index);
  const tool = (index: number, json: string) =>
    chunk({ tool_calls: [{ index: 0, id: `c${index}`, function: { name: "f", arguments: json } }] }, null, {}, index);
  const seenOf = (frames: readonly Uint8Array[]) => {
    const tap = openTap({ dropUsage: false, choices: 2 });
    return { seen: frames.map((frame) => tap.see(frame)), tap };
  };

  test.each<[string, readonly Uint8Array[], readonly string[], boolean]>([
    [
      "one after the other: the first to finish stops nothing",
      [a("x"), end(0), b("y"), end(1), done],
      ["content", "preamble", "content", "stop", "terminal"],
      true,
    ],
    ["cut inside the second", [a("x"), end(0), b("y")], ["content", "preamble", "content"], false],
    ["cut before the second", [a("x"), end(0)], ["content", "preamble"], false],
    ["cut inside the first", [a("x"), b("y"), end(1)], ["content", "content", "preamble"], false],
    ["the same one finishes twice", [a("x"), end(0), end(0)], ["content", "preamble", "preamble"], false],
    ["closed inside the second", [a("x"), end(0), b("y"), done], ["content", "preamble", "content", "terminal"], false],
    ["a provider that gives only one", [a("x"), end(0), done], ["content", "preamble", "terminal"], true],
    [
      "a finished one that is named again",
      [a("x"), end(0), chunk({}), b("y"), end(1)],
      ["content", "preamble", "preamble", "content", "stop"],
      true,
    ],
    [
      "each with a tool call, which goes with its own finish",
      [tool(0, "{"), b("y"), chunk({ tool_calls: [{ index: 0, function: { arguments: "}" } }] }), end(0), end(1)],
      ["tool", "tool", "tool", "tool-end", "stop"],
      true,
    ],
    ["a tool call of only one", [tool(0, "{}"), end(0, "tool_calls"), done], ["tool", "tool-end", "terminal"], true],
    [
      "one with half a tool call",
      [a("x"), tool(1, "{"), end(0), end(1)],
      ["content", "tool", "tool", "malformed"],
      false,
    ],
    [
      "half a tool call after its own finish",
      [a("x"), end(0), tool(0, "{")],
      ["content", "preamble", "malformed"],
      false,
    ],
  ])("%s", (_, frames, expected, stopped) => {
    const { seen, tap } = seenOf(frames);
    expect(seen as readonly string[]).toEqual(expected);
    expect(tap.stopped).toBe(stopped);
  });

  test("calls without an index stay with their own answer", () => {
    const part = (index: number, id: string | undefined, json: string) =>
      chunk({ tool_calls: [{ id, function: { name: id && "f", arguments: json } }] }, null, {}, index);
    const frames = [part(0, "a", '{"x":'), part(1, "b", '{"y":'), part(0, undefined, "1}"), part(1, undefined, "2}")];
    expect(seenOf([...frames, end(0), end(1)]).seen.at(-1)).toBe("stop");
  });

  test("more answers than anybody asks for are malformed", () => {
    const many = Array.from({ length: 1_025 }, (_, i) => chunk({ content: "x" }, null, {}, i));
    expect(seenOf(many).seen.at(-1)).toBe("malformed");
  });
});
