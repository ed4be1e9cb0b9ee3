import { describe, expect, test } from "bun:test";
import { scriptedAsk } from "../../test/support/asked.ts";
import { isPassedOver, lacksRoom } from "./context-fit.ts";

describe("lacksRoom", () => {
  test.each([
    ["nothing is known", {}, 900_000, undefined],
    ["small", { contextTokens: 8_000 }, 10_000, undefined],
    ["too long", { contextTokens: 8_000 }, 90_000, "context-too-long"],
    ["longer in bytes than in tokens", { contextTokens: 8_000 }, 36_000, undefined],
    ["more output than it can give", { outputTokens: 50 }, 10, "unsupported"],
    ["as much output as it can give", { outputTokens: 99 }, 10, undefined],
  ] as const)("%s", (_, room, chars, expected) => {
    expect(lacksRoom(room, scriptedAsk("words of it ".repeat(chars / 12)))).toBe(expected);
  });

  test("only generation has a prompt that must fit", () => {
    const call = { ...scriptedAsk("words ".repeat(50_000)), operation: "count-tokens" } as const;
    expect(lacksRoom({ contextTokens: 1_000 }, call)).toBeUndefined();
  });
});

const TOO_LONG = { kind: "context-too-long" } as const;
const of = (contextTokens?: number, lacking?: "context-too-long", drained = false) => ({
  contextTokens,
  lacking,
  drained,
});

describe("isPassedOver", () => {
  test.each([
    ["too small, another is not", [of(8, "context-too-long"), of(200)], [], [true, false]],
    [
      "all seem too small: a guess refuses nothing",
      [of(8, "context-too-long"), of(9, "context-too-long")],
      [],
      [false, false],
    ],
    ["the only other one is drained", [of(8, "context-too-long"), of(200, undefined, true)], [], [false, false]],
    [
      "after one was too small only larger or unknown ones",
      [of(200), of(100), of(200), of(400), of()],
      [0],
      [true, true, true, false, false],
    ],
    ["of a model whose limit is not known nothing follows", [of(), of(100)], [0], [false, false]],
  ] as const)("%s", (_, candidates, tried, expected) => {
    const history = tried.map((candidate) => ({ candidate, fault: TOO_LONG }));
    expect(candidates.map((_, index) => isPassedOver(candidates, index, history))).toEqual([...expected]);
  });
});
