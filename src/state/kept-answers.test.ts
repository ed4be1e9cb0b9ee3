// Bounded in bytes, the least recently used first; what is gone is not given.

import { expect, test } from "bun:test";
import type { KeptAnswer } from "../core/cell.ts";
import { ANSWER_BYTES_MAX, createKeptAnswers } from "./kept-answers.ts";

const answer = (text: string, more: Partial<KeptAnswer> = {}): KeptAnswer => ({
  texts: [text],
  target: "a/m",
  model: "m",
  call: "c",
  route: "chat",
  atMs: 0,
  freshUntilMs: 10,
  goneAtMs: 100,
  ...more,
});

test("holds no more than its bytes, whatever comes", () => {
  const answers = createKeptAnswers(20_000);
  for (let i = 0; i < 500; i++) {
    answers.set(`k${i % 50}`, answer("x".repeat((i * 37) % 3_000)));
    expect(answers.bytes).toBeLessThanOrEqual(20_000);
  }
  expect(answers.purge(() => true)).toBeGreaterThan(0);
  expect(answers.bytes).toBe(0);
});

test("the least recently used goes first", () => {
  const answers = createKeptAnswers(7_000);
  for (const key of ["a", "b", "c"]) answers.set(key, answer("x".repeat(500)));
  answers.get("a", 0);
  answers.set("d", answer("x".repeat(500)));
  expect(["a", "b", "c", "d"].map((key) => answers.get(key, 0) !== undefined)).toEqual([true, false, true, true]);
});

test("an answer over the limit, or past its time, is not given", () => {
  const answers = createKeptAnswers();
  answers.set("big", answer("x".repeat(ANSWER_BYTES_MAX / 2 + 1_024)));
  answers.set("old", answer("x"));
  expect([answers.get("big", 0), answers.get("old", 99)?.texts, answers.get("old", 100), answers.bytes]).toEqual([
    undefined,
    ["x"],
    undefined,
    0,
  ]);
});

test("purges what is meant and nothing else", () => {
  const answers = createKeptAnswers();
  answers.set("one", answer("x"));
  answers.set("two", answer("x", { route: "other" }));
  expect([answers.purge(({ route }) => route === "chat"), answers.get("one", 0)]).toEqual([1, undefined]);
  expect(answers.get("two", 0)?.route).toBe("other");
});
