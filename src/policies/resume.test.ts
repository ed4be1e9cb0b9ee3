// The table of what becomes of a broken stream, state by state.

import { expect, test } from "bun:test";
import { fault } from "../core/fault.ts";
import { type AfterBreak, afterBreak, type Break, CONTINUATIONS_MAX, tokensOf } from "./resume.ts";

const TEXT: Break = {
  fault: fault("stream-broken", ""),
  mode: "text",
  text: "some words",
  native: false,
  toolCalls: 0,
  hasTools: false,
  hasFormat: false,
  attemptsLeft: 2,
  continuations: 0,
};

test.each<[state: string, broken: Partial<Break>, then: AfterBreak["type"]]>([
  ["text, without tools or a form", {}, "go-on"],
  ["nothing of the text: preamble alone, or thinking", { text: "" }, "anew"],
  ["the same, of JSON or beside tools", { text: "", hasTools: true, hasFormat: true }, "anew"],
  ["text, and no call yet", { hasTools: true }, "stop"],
  ["text, and no call yet, with `all`", { hasTools: true, mode: "all" }, "go-on"],
  ["whole calls", { toolCalls: 2, hasTools: true }, "end-as-tool-use"],
  ["whole calls, with `all`", { toolCalls: 1, hasTools: true, mode: "all" }, "end-as-tool-use"],
  ["whole calls, and no attempt is left", { toolCalls: 1, attemptsLeft: 0, continuations: 9 }, "end-as-tool-use"],
  ["JSON, of which something was shown", { hasFormat: true }, "stop"],
  ["JSON, with `all`", { hasFormat: true, mode: "all" }, "stop"],
  ["what only its provider can go on with: a server's tool, a refusal", { native: true }, "stop"],
  ["that, before any text", { native: true, text: "" }, "stop"],
  ["more text than is kept", { text: undefined }, "stop"],
  ["no attempt is left", { attemptsLeft: 0 }, "stop"],
  ["it was gone on with as often as may be", { continuations: CONTINUATIONS_MAX }, "stop"],
  ["once less", { continuations: CONTINUATIONS_MAX - 1 }, "go-on"],
  ["the client left", { fault: fault("cancelled", "") }, "stop"],
  ["its deadline passed", { fault: fault("deadline-exceeded", "") }, "stop"],
  ["whole calls, and the client left", { fault: fault("cancelled", ""), toolCalls: 1 }, "stop"],
  ["a bug of ours", { fault: fault("bug", "") }, "stop"],
  ["silence", { fault: fault("idle-timeout", "") }, "go-on"],
  ["a frame that does not parse", { fault: fault("malformed-reply", "") }, "go-on"],
  ["an error in the stream", { fault: fault("overloaded", "") }, "go-on"],
])("%s", (_, broken, then) => expect(afterBreak({ ...TEXT, ...broken }).type).toBe(then));

test("tokens: four letters each, and nearly one for each letter of other scripts", () => {
  expect([tokensOf(""), tokensOf("words"), tokensOf("灯台守は毎晩")]).toEqual([0, 2, 5]);
});
