import { expect, test } from "bun:test";
import { leastOf, MODELS, play, shareJoined, TEXTS } from "../../test/support/join-models.ts";
import { anchorOf } from "./join.ts";
import { longestOverlap } from "./join-place.ts";

/** Every letter is cut in `test/golden/joins.test.ts`. */
const SAMPLE_STEP = 13;

for (const [name, model] of Object.entries(MODELS)) {
  test(`a model that ${name}: what is joined is the text as it was`, () =>
    expect(shareJoined(model, SAMPLE_STEP)).toBeGreaterThan(leastOf(model) - 0.05));
}

test("how a text comes in pieces changes nothing", () => {
  const text = TEXTS.markdown ?? "";
  for (const cut of [25, 60, 133, 200]) {
    for (const { form, says } of Object.values(MODELS)) {
      const said = says(text, cut);
      if (said === undefined) continue;
      const whole = play(text.slice(0, cut), said, form, said.length);
      for (const step of [1, 2, 5, 17]) {
        const pieces = play(text.slice(0, cut), said, form, step);
        expect([pieces.out, pieces.failure]).toEqual([whole.out, whole.failure]);
      }
    }
  }
});

const T =
  "The lighthouse keeper climbed the stairs every evening, counting each of the two hundred steps as he went, until";
for (const [what, delivered, said, form] of [
  ["another answer", T, "Keepers of lighthouses had a hard life, and few of them grew old. ".repeat(9), "anchor"],
  ["a short other answer", T, "I cannot continue this.", "anchor"],
  ["the same beginning and another end", T, `${T.slice(0, 60)} or nearly so, for he was lazy`, "anchor"],
  ["the same, and sooner over", T, T.slice(0, 70), "anchor"],
  ["nothing", T, "", "anchor"],
  ["a few letters, and other words", "The ", "Keepers of lighthouses had a hard life there.", "anchor"],
  ["a letter in the middle of a word", "A", "Certainly, an Answer follows.", "anchor"],
  [
    "a half word that another word follows",
    "He had two hundred and twenty steps to clim",
    "He had two hundred and twenty steps to clim climbing them",
    "anchor",
  ],
  [
    "half a letter that is not gone on with",
    "A plan for the whole week \ud83c",
    "A plan for the whole week and more of it",
    "anchor",
  ],
] as const) {
  test(`no join: ${what}`, () => {
    const { failure, out, joined } = play(delivered, said, form, 7);
    expect([typeof failure, out, joined]).toEqual(["string", "", false]);
  });
}

for (const [what, delivered, said, wanted] of [
  [
    "an answer that was whole already",
    "That is all that there is to say of it.",
    "That is all that there is to say of it.",
    "",
  ],
  ["the few letters that it began with", "The ", "The sea is calm.", "sea is calm."],
  ["few letters, with other blanks", "Hello! I", "Hello!  I am fine.", " am fine."],
  ["a letter", "I", "It is calm, and so is the lake.", "t is calm, and so is the lake."],
  ["a letter, after a preamble", "A", "Sure, here it is:\n\nA calm sea, and a lake.", " calm sea, and a lake."],
  [
    "a blank that both have",
    "So he waited for the night, and ",
    "So he waited for the night, and then it came",
    "then it came",
  ],
  [
    "a paragraph that one has begun",
    "He waited for the night to come.\n",
    "He waited for the night to come.\n\nIt came.",
    "\nIt came.",
  ],
  [
    "an indent",
    "    for value in all_values:\n",
    "for value in all_values:\n        total += value",
    "        total += value",
  ],
  [
    "a fence that is opened again",
    "Here is the function that you want:\n\n```python\ndef mean(values):\n",
    "Here is the function that you want:\n\n```python\ndef mean(values):\n```python\n    return 0",
    "    return 0",
  ],
  [
    "a fence that is closed",
    "Here it is, as you asked:\n```python\nreturn 0",
    "Here it is, as you asked:\n```python\nreturn 0\n```\nDone.",
    "\n```\nDone.",
  ],
] as const) {
  test(`joined: ${what}`, () =>
    expect(play(delivered, said, "anchor", 5)).toMatchObject({ failure: undefined, out: wanted }));
}

test("an anchor begins at a word and never in the middle of a letter", () => {
  expect(anchorOf(TEXTS.prose?.slice(0, 300) ?? "")).toMatch(/^\S/);
  expect(anchorOf("🎉".repeat(80)).isWellFormed()).toBe(true);
  expect(anchorOf(`${"x".repeat(150)}\ud83c`).isWellFormed()).toBe(true);
  for (const [, text] of Object.entries(TEXTS)) {
    for (let cut = 1; cut < text.length; cut += 7) {
      const anchor = anchorOf(text.slice(0, cut));
      expect(anchor.length).toBeLessThanOrEqual(200);
      const delivered = text.slice(0, cut).trimEnd();
      expect(delivered.indexOf(anchor)).toBe(delivered.length - anchor.length);
    }
  }
});

test("the longest overlap equals the plain search", () => {
  let state = 7;
  const letters = (length: number) =>
    Array.from({ length }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return "ab"[state % 2];
    }).join("");
  for (let round = 0; round < 500; round += 1) {
    const text = letters(1 + (round % 17));
    const more = letters(1 + (round % 13));
    let wanted = 0;
    for (let k = 1; k <= Math.min(text.length, more.length); k += 1) if (text.endsWith(more.slice(0, k))) wanted = k;
    expect(longestOverlap(text, more)).toBe(wanted);
  }
});
