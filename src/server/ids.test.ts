import { expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import { fault } from "../core/fault.ts";
import { randomStream } from "../sim/random.ts";
import { createIds } from "./ids.ts";

const { runtime } = handRuntime(() => fault("bug", "nothing is sent here"));

test("ids are short, plain and never the same", () => {
  const next = createIds({ ...runtime, random: randomStream(7, "ids") });
  const ids = Array.from({ length: 5_000 }, next);
  expect(new Set(ids).size).toBe(5_000);
  for (const id of ids) expect(id).toMatch(/^call_[0-9a-z]{20}$/);
});

test("they are what numbers in base 36 look like", () => {
  for (const number of [0, 1, 35, 36, 1295, 1296, 36 ** 5 - 1, 36 ** 5, 36 ** 6, 36 ** 9 + 7, 3_141_592_653_589_793]) {
    const next = createIds({ ...runtime, random: () => (number + 0.5) / 36 ** 10 });
    expect(next()).toBe(`call_${number.toString(36).padStart(10, "0").repeat(2)}`);
  }
});

test("they come from the runtime's randomness alone", () => {
  const [one, two] = [1, 1].map((seed) => createIds({ ...runtime, random: randomStream(seed, "ids") }));
  expect(one?.()).toBe(two?.() ?? "");
  // The edges of the range stay within the alphabet.
  expect(createIds({ ...runtime, random: () => 0 })()).toBe(`call_${"0".repeat(20)}`);
  expect(createIds({ ...runtime, random: () => 1 - 2 ** -53 })()).toBe(`call_${"z".repeat(20)}`);
});
