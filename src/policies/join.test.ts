import { expect, test } from "bun:test";
import { anchorOf, Join } from "./join.ts";
import { type JoinForm, longestOverlap } from "./join-place.ts";

const TEXTS: Readonly<Record<string, string>> = {
  prose:
    "The lighthouse keeper climbed the stairs every evening, counting each of the two hundred steps as he went. At the top, the lamp room opened before him, and he saw the sea: grey, restless, and without a ship. He lit the lamp, as his father had done, and waited for the night. Nothing came of it that he could tell anybody; yet in the morning the harbour held three boats that had not been there before.",
  markdown:
    "# Restoring a backup\n\nBefore you start, read this:\n\n- stop the writer\n- copy the files\n- check the sums\n\n## Steps\n\n1. Open a shell on the host.\n2. Run `restore --from latest`.\n3. Wait until it says **done**.\n\n> Never restore onto a running database.\n\nAfterwards, start the writer again and watch its log for a minute.",
  code: 'Here is the function:\n\n```python\ndef mean(values):\n    total = 0\n    for value in values:\n        total += value\n    return total / len(values)\n```\n\nIt fails on an empty list, so guard it:\n\n```python\nif not values:\n    raise ValueError("no values")\n```\n\nThat is all there is to it.',
  table:
    "| month | calls | failed |\n|---|---|---|\n| January | 120 | 3 |\n| February | 98 | 2 |\n| March | 143 | 9 |\n| April | 131 | 4 |\n| May | 120 | 3 |\n| June | 151 | 17 |\n\nJune was the worst of them, because of the outage on the 23rd.",
  german:
    "Der Wärter stieg jeden Abend die Treppe hinauf und zählte dabei die Stufen. „Zweihundert“, sagte er, „und keine weniger.“ Oben öffnete sich der Raum mit der Lampe, und er sah das Meer – grau, unruhig und ohne ein Schiff. Er zündete die Lampe an, wie es schon sein Vater getan hatte.",
  japanese:
    "灯台守は毎晩、階段を上りながら二百の段を数えた。頂上に着くと、ランプ室が目の前に開け、灰色で落ち着きのない海が見えた。船は一隻もなかった。彼は父がしたようにランプに火をともし、夜を待った。朝になると、港には見知らぬ船が三隻あった。",
  emoji:
    "Your plan for the week 🎉: on Monday 🏃 run five kilometres, on Tuesday 🧘 stretch for half an hour, on Wednesday 🏊 swim, on Thursday 😴 rest well, on Friday 🚴 ride to the lake 🏞️ and back, and at the weekend 👨‍👩‍👧 see the family. Well done 👍🏽!",
  refrain:
    "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream. Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream. And then everybody went home, tired and content, and slept until noon.",
};

interface Model {
  readonly form: JoinForm;
  /** The share that must be joined; default: 95 %. */
  readonly least?: number;
  /** What it says, given all the text and where it was cut. */
  says(text: string, cut: number): string | undefined;
}

const restOf = (text: string, cut: number) => text.slice(text.slice(0, cut).trimEnd().length);
const asked = (text: string, cut: number) => anchorOf(text.slice(0, cut)) + restOf(text, cut);

const MODELS: Readonly<Record<string, Model>> = {
  obeys: { form: "anchor", says: asked },
  "has a preamble": {
    form: "anchor",
    says: (text, cut) => `Sure! Here is the rest of my reply:\n\n${asked(text, cut)}`,
  },
  "quotes the words": {
    form: "anchor",
    says: (text, cut) => `«${anchorOf(text.slice(0, cut))}»${restOf(text, cut)}`,
  },
  "begins anew": { form: "anchor", says: (text) => text },
  // A short answer that comes again in a prefix may be a refrain.
  "begins anew in a prefix": { form: "prefix", says: (text) => text, least: 0.3 },
  "doubles blanks": {
    form: "anchor",
    says: (text, cut) => anchorOf(text.slice(0, cut)).replace(/ /g, "  ") + restOf(text, cut),
  },
  "loses line ends": {
    form: "anchor",
    says: (text, cut) => anchorOf(text.slice(0, cut)).replace(/\n+/g, " ") + restOf(text, cut),
  },
  "loses all blanks": {
    form: "anchor",
    least: 0.85,
    says: (text, cut) => anchorOf(text.slice(0, cut)).replace(/\s+/g, "") + restOf(text, cut),
  },
  "begins anew after a preamble": { form: "anchor", says: (text) => `Of course! Here is the whole reply:\n\n${text}` },
  "writes other quotes": {
    form: "anchor",
    says: (text, cut) => anchorOf(text.slice(0, cut)).replace(/["„“]/g, "”").replace(/–/g, "-") + restOf(text, cut),
  },
  // In a text that repeats itself a part of the anchor is often no proof.
  "re-words the first words": {
    form: "anchor",
    least: 0.9,
    says: (text, cut) => {
      const anchor = anchorOf(text.slice(0, cut));
      return anchor.length < 60 ? undefined : `In other words ${anchor.slice(30)}${restOf(text, cut)}`;
    },
  },
  "goes on in a prefix": { form: "prefix", says: restOf },
  "says less of the anchor": {
    form: "anchor",
    least: 0.9,
    says: (text, cut) => {
      const anchor = anchorOf(text.slice(0, cut));
      return anchor.length < 60 ? undefined : anchor.slice(-40).trimStart() + restOf(text, cut);
    },
  },
};

function play(delivered: string, said: string, form: JoinForm, step: number): Join & { out: string } {
  const join = new Join(delivered, form);
  let out = "";
  for (let at = 0; at < said.length; at += step) out += join.feed(said.slice(at, at + step));
  return Object.assign(join, { out: out + join.end() });
}

/** Shorter answers are not continued: they are held, and begun anew. */
const DELIVERED_LEAST = 20;

for (const [name, { form, says, least }] of Object.entries(MODELS)) {
  test(`a model that ${name}: every cut of every text is joined as it was, or not at all`, () => {
    let played = 0;
    let joined = 0;
    for (const [kind, text] of Object.entries(TEXTS)) {
      for (let cut = DELIVERED_LEAST; cut < text.length; cut += 1) {
        const said = says(text, cut);
        if (said === undefined) continue;
        played += 1;
        const delivered = text.slice(0, cut);
        const { failure, out } = play(delivered, said, form, 1 + (cut % 9));
        if (failure !== undefined) {
          expect(out, `${kind} at ${cut}`).toBe("");
          continue;
        }
        joined += 1;
        if (delivered + out !== text)
          throw new Error(
            `${kind} at ${cut}: ${JSON.stringify(delivered.slice(-30))} + ${JSON.stringify(out.slice(0, 60))}`,
          );
      }
    }
    expect(joined / played).toBeGreaterThan(least ?? 0.95);
  });
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
