// When two questions in other words are the same one, without a model: the same words in the same order, once greetings,
// spelling, capitals, contractions and a few inflections are taken off. What it does not know counts as it was written, so it
// misses rather than errs: negation, numbers, names, order and tense all stay. English alone; other languages are left exact.

import type { Prompt } from "../core/message.ts";
import {
  ASKING_WORDS,
  CONTRACTIONS,
  COUNTED,
  DEEDS,
  ENGLISH,
  NAMES,
  NUMBERS,
  OF_WORDS,
  SPELLINGS,
  STARTERS,
  THINGS,
} from "./stem-words.ts";

/** A longer text is no question that others ask in other words. */
const TEXT_MAX = 300;
/** Quotes, code, several lines or sentences: every sign of it counts, so there is nothing to take off. */
const PLAIN = /^[\p{L}\p{N} '’,.?!:%°€$£+#/&-]+$/u;
const SENTENCE_END = /[.?!][ ]+\S/;
const GREETING = /^(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there)?(?:,|!|\.)? /i;
const QUICK = /^(?:a )?quick question[:,] /i;
/** A capital could be that of a title. */
const THANKS = /(?:, please|[.?!] (?:[Tt]hanks|[Tt]hank you)(?: in advance)?)[.!?]?$/;
const PLEASE = /^please,? /i;
/** What is asked follows them; alone they ask nothing. */
const ASKING = new RegExp(
  "^(?:(?:can|could|would|will) you (?:please )?tell me|(?:please )?tell me|do you know(?! (?:how|why)\\b)|" +
    "i (?:want|need|would like) to know|i'd like to know) (?=(?:what|who|when|where|why|how|which)\\b)",
  "i",
);
const REQUESTING = /^(?:can|could|would) you (?:please )?(?=(?:explain|describe|define|list|summari[sz]e|compare) )/i;
const HOW_TO = /^how (?:do i|can i|could i|to) (\S+)(?: (.*))?$/;
const BEFORE_I = /^(?:do|did|can|could|should|would|will|am|was|have|must)$/;
const THE_OF = /^(what|who) (is|are|was|were) the (\S+ of )/;

/** Prompts of one text by a user, under whatever system prompt. `undefined`: only the very same words are the same question. */
export function stemOf({ turns, tools, format }: Prompt): string | undefined {
  const turn = turns[0];
  if (turn?.role !== "user" || turns.length > 1 || tools.length > 0 || format !== undefined) return undefined;
  const part = turn.parts[0];
  return part?.type === "text" && turn.parts.length === 1 ? stem(part.text) : undefined;
}

/** The stems of one question in their order, or `undefined` where it is not plainly one in English. */
export function stem(text: string): string | undefined {
  if (text.length > TEXT_MAX) return undefined;
  const written = text.normalize("NFC").trim().replace(/’/g, "'");
  if (!PLAIN.test(written)) return undefined;
  const asked = bare(written.replace(/ {2,}/g, " "));
  if (SENTENCE_END.test(asked)) return undefined;
  const words = ended(asked).split(" ");
  const isEnglish = words.some((word) => ENGLISH.has(word));
  if (words.some((word) => OF_WORDS.has(word.toLowerCase().replace(/[,.?!:]+$/, "")))) return undefined;
  // WHO is not who.
  if (isCapitals(words[0] ?? "")) return undefined;
  const first = (words[0] ?? "").toLowerCase();
  const opening = CONTRACTIONS.get(first) ?? SPELLINGS.get(first) ?? first;
  const [starter = ""] = opening.split(" ");
  // A single word is a name or a title as likely as a question.
  if (!STARTERS.has(starter) || words.length < 2) return undefined;
  // "Is" and "are" begin statements in other languages, and what closes them makes the difference.
  if (!ASKING_WORDS.has(starter) && !isEnglish) return undefined;
  const rest = words.slice(1).map((word, index) => {
    const isMe = word === "I" && index < words.length - 2 && BEFORE_I.test((words[index] ?? "").toLowerCase());
    if (isMe) return "i";
    const number = isCounted(words[index] ?? "", words[index + 2] ?? "") ? NUMBERS.get(word) : undefined;
    return number ?? folded(word);
  });
  return shaped([opening, ...rest].join(" "));
}

/** Without what is said around a question. */
function bare(text: string): string {
  return text
    .replace(GREETING, "")
    .replace(QUICK, "")
    .replace(THANKS, (end) => (end[0] === "?" ? "?" : ""))
    .replace(ASKING, "")
    .replace(PLEASE, "")
    .replace(REQUESTING, "");
}

/** One closing mark says nothing behind a word: a question is known by how it begins. Behind a sign it may be what is asked. */
function ended(text: string): string {
  return /(?:[\p{L}\p{N}]{2}|[0-9])[.?]$/u.test(text) ? text.slice(0, -1) : text;
}

/** Capitals tell IT from it and Windows from windows, but not France from france. */
function folded(word: string): string {
  if (word === "I'm") return "I am";
  if (isCapitals(word)) return word;
  const small = word.toLowerCase();
  const known = NAMES.has(small) ? small : word;
  return CONTRACTIONS.get(known) ?? SPELLINGS.get(known) ?? known;
}

function isCounted(before: string, after: string): boolean {
  return COUNTED.has(after) || before === "times" || before === "plus" || before === "minus";
}

function isCapitals(word: string): boolean {
  return word.length > 1 && word === word.toUpperCase() && word !== word.toLowerCase();
}

function shaped(text: string): string {
  const how = HOW_TO.exec(text);
  if (how !== null) return howTo(text, how[1] ?? "", how[2] ?? "");
  return text
    .replace(/^what exactly is /, "what is ")
    .replace(/^which is the /, "what is the ")
    .replace(THE_OF, "$1 $2 $3");
}

/** Of a deed that is known: how it is asked, the article, and whether it is done once or more, change nothing. */
function howTo(text: string, deed: string, object: string): string {
  if (!DEEDS.has(deed)) return text;
  const words = object.split(" ");
  const [article = "", thing = ""] = words;
  const isArticle = article === "the" || article === "a" || article === "an";
  const at = isArticle ? 1 : 0;
  const singular = singularOf(isArticle ? thing : article);
  return singular === undefined
    ? `how to ${deed} ${object}`.trimEnd()
    : ["how to", deed, singular, ...words.slice(at + 1)].join(" ");
}

function singularOf(word: string): string | undefined {
  if (THINGS.has(word)) return word;
  return word.endsWith("s") && THINGS.has(word.slice(0, -1)) ? word.slice(0, -1) : undefined;
}
