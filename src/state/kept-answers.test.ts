// Bounded in bytes, the least recently used first; what is gone is not given.

import { expect, test } from "bun:test";
import type { KeptAnswer } from "../core/cell.ts";
import { ANSWER_BYTES_MAX, createKeptAnswers } from "./kept-answers.ts";

const answer = (text: string, more: Partial<KeptAnswer> = {}): KeptAnswer => ({
  texts: [text],
  target: "a/m",
  model: "m",
  call: "c",
  tenant: "t",
  route: "chat",
  atMs: 0,
  freshUntilMs: 10,
  goneAtMs: 100,
  ...more,
});

test("holds no more than its bytes, whatever comes", () => {
  const answers = createKeptAnswers(20_000);
  for (let i = 0; i < 500; i++) {
    answers.set({ exact: `k${i % 50}` }, answer("x".repeat((i * 37) % 3_000)));
    expect(answers.bytes).toBeLessThanOrEqual(20_000);
  }
  expect(answers.purge(() => true)).toBeGreaterThan(0);
  expect(answers.bytes).toBe(0);
});

test("the least recently used goes first", () => {
  const answers = createKeptAnswers(7_000);
  for (const key of ["a", "b", "c"]) answers.set({ exact: key }, answer("x".repeat(500)));
  answers.get({ exact: "a" }, 0);
  answers.set({ exact: "d" }, answer("x".repeat(500)));
  expect(["a", "b", "c", "d"].map((key) => answers.get({ exact: key }, 0) !== undefined)).toEqual([
    true,
    false,
    true,
    true,
  ]);
});

test("an answer over the limit, or past its time, is not given", () => {
  const answers = createKeptAnswers();
  answers.set({ exact: "big" }, answer("x".repeat(ANSWER_BYTES_MAX / 2 + 1_024)));
  answers.set({ exact: "old" }, answer("x"));
  expect([
    answers.get({ exact: "big" }, 0),
    answers.get({ exact: "old" }, 99)?.texts,
    answers.get({ exact: "old" }, 100),
    answers.get({ exact: "old" }, 99)?.texts,
  ]).toEqual([undefined, ["x"], undefined, ["x"]]);
});

test("purges what is meant and nothing else", () => {
  const answers = createKeptAnswers();
  answers.set({ exact: "one" }, answer("x"));
  answers.set({ exact: "two" }, answer("x", { route: "other" }));
  expect([answers.purge(({ route }) => route === "chat"), answers.get({ exact: "one" }, 0)]).toEqual([1, undefined]);
  expect(answers.get({ exact: "two" }, 0)?.route).toBe("other");
});

test("by its stems the newest is found, the very question's first, and nothing that is gone", () => {
  const answers = createKeptAnswers();
  answers.set({ exact: "one", stem: "s" }, answer("1"));
  answers.set({ exact: "two", stem: "s" }, answer("2"));
  const given = (exact: string) => answers.get({ exact, stem: "s" }, 0)?.texts[0];
  expect(["one", "other"].map(given)).toEqual(["1", "2"]);
  answers.purge(({ texts }) => texts[0] === "2");
  expect(given("other")).toBeUndefined();
  answers.set({ exact: "two", stem: "s" }, answer("2", { goneAtMs: 5 }));
  expect(answers.get({ exact: "x", stem: "s" }, 5)).toBeUndefined();
});

test("each partition has a secret of its own, the same as long as the process lives", () => {
  const { secretOf } = createKeptAnswers();
  const hex = (partition: string) => Buffer.from(secretOf(partition, () => 0.5)).toString("hex");
  expect(new Set(["a", "b", "a"].map(hex)).size).toBe(2);
  expect(Buffer.from(createKeptAnswers().secretOf("a", () => 0.7)).toString("hex")).not.toBe(hex("a"));
});
