// Which sentence a client gets whose browser or SDK says what it would rather read.

import { expect, test } from "bun:test";
import { pickLanguage } from "./language.ts";

const TAGS = ["en", "de", "pt-BR", "zh-Hant"];

test.each<[string | undefined, string]>([
  [undefined, "en"],
  ["", "en"],
  ["*", "en"],
  ["de", "de"],
  ["DE-ch-1996", "de"],
  ["de;q=0.2, pt-BR;q=0.8", "pt-BR"],
  ["de;q=0, pt-br", "pt-BR"],
  ["fr, de;q=0.5", "de"],
  ["fr-FR, fr;q=0.9", "en"],
  ["pt-PT", "pt-BR"],
  ["zh-Hant-TW", "zh-Hant"],
  ["zh", "zh-Hant"],
  ["d", "en"],
  ["de;q=NaN, \u0000, ;;;,,", "en"],
  [`${"xx,".repeat(40)}de`, "en"],
])("accept-language: %s", (header, tag) => {
  expect(TAGS[pickLanguage(header, TAGS)]).toBe(tag);
});

test("one sentence is for everybody", () => expect(pickLanguage("de", ["en"])).toBe(0));
