// Texts that break, and models that go on with them in each of the ways in which models are known to.

import { expect } from "bun:test";
import { anchorOf, Join } from "../../src/policies/join.ts";
import type { JoinForm } from "../../src/policies/join-place.ts";

export const TEXTS: Readonly<Record<string, string>> = {
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

export interface Model {
  readonly form: JoinForm;
  /** The share that must be joined; default: 95 %. */
  readonly least?: number;
  /** What it says, given all the text and where it was cut. */
  says(text: string, cut: number): string | undefined;
}

const restOf = (text: string, cut: number) => text.slice(text.slice(0, cut).trimEnd().length);
const asked = (text: string, cut: number) => anchorOf(text.slice(0, cut)) + restOf(text, cut);

export const MODELS: Readonly<Record<string, Model>> = {
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
  "begins anew in a prefix": { form: "prefix", says: (text) => text, least: 0.25 },
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

export function play(delivered: string, said: string, form: JoinForm, step: number): Join & { out: string } {
  const join = new Join(delivered, form);
  let out = "";
  for (let at = 0; at < said.length; at += step) out += join.feed(said.slice(at, at + step));
  return Object.assign(join, { out: out + join.end() });
}

/** Cuts every text at every `step`th letter: what is joined is the text as it was. Gives the share that was. */
export function shareJoined({ form, says }: Model, step: number): number {
  let played = 0;
  let joined = 0;
  for (const [kind, text] of Object.entries(TEXTS)) {
    for (let cut = 1; cut < text.length; cut += step) {
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
  return joined / played;
}

/** The share that must be joined at least. */
export function leastOf({ least = 0.95 }: Model): number {
  return least;
}
