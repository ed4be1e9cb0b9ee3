// Where a continuation goes on from what was delivered: the pure search behind `join.ts`. A place is only ever found by
// words that both have; where there are none, or more than one place would do, there is no join.

import { type Normal, normalise } from "./join-normal.ts";

/** `prefix`: the model was given the text and goes on in it. `anchor`: it was asked to repeat the last words first. */
export type JoinForm = "prefix" | "anchor";

export interface JoinSought {
  /** All that the client has. */
  readonly delivered: Normal;
  /** Its last words, as the model was shown them: they are in it once. "" in the form `prefix`. */
  readonly anchor: Normal;
  readonly form: JoinForm;
}

export type Place =
  | { readonly type: "wait" }
  /** `at`: from here on (in the continuation) nothing is known to the client. `quoted`: the words stood in quotes. */
  | { readonly type: "at"; readonly at: number; readonly quoted: boolean }
  | { readonly type: "none"; readonly why: string };

/** So much of a continuation is looked at beyond the anchor: a preamble is short. */
export const PREAMBLE_MAX = 200;
/** Fewer letters in common may be chance. */
const OVERLAP_LEAST = 16;
const TAIL_LEAST = 20;
/** A continuation that begins like the whole answer does is the answer once more. */
const RESTART_LEAST = 40;
/** In a prefix a shorter text that comes again may be a refrain. */
const PREFIX_RESTART_LEAST = 200;
/** By then a model that begins anew has shown it. */
const PREFIX_LOOK = 24;
const WAIT: Place = { type: "wait" };

/** `came`: the continuation so far. `done`: nothing will be added to it. */
export function placeOf(sought: JoinSought, came: string, done: boolean): Place {
  return sought.form === "prefix" ? afterPrefix(sought, came, done) : afterAnchor(sought, came, done);
}

function afterAnchor({ delivered, anchor }: JoinSought, came: string, done: boolean): Place {
  const asked = anchor.original;
  const lead = came.length - came.trimStart().length;
  const said = came.slice(lead);
  // What was asked for. Not the longest overlap: in "ha ha ha" that would swallow what goes on.
  if (said.startsWith(asked)) return at(lead + asked.length, false);
  if (!done && asked.startsWith(said)) return WAIT;
  const restart = restartOf(delivered, came, done);
  if (restart !== undefined) return restart;
  const exact = came.indexOf(asked);
  if (exact >= 0 && exact <= PREAMBLE_MAX && isFirst(asked, exact, came) && isPlain(asked, came[exact - 1])) {
    return at(exact + asked.length, isQuote(came[exact - 1]));
  }
  const isLong = came.length >= asked.length + PREAMBLE_MAX;
  const heard = normalise(came);
  const found = heard.text.indexOf(anchor.text);
  const isNear = found === 0 || (found > 0 && found <= PREAMBLE_MAX && anchor.text.length >= OVERLAP_LEAST);
  if (isNear && isFirst(anchor.text, found, heard.text)) {
    return inOriginal(heard, found, anchor.text.length);
  }
  const anew = anewAfterPreamble(delivered, heard, done);
  if (anew !== undefined) return anew;
  if (!done && !isLong) return WAIT;
  return (
    tailOf(delivered, anchor, heard) ??
    overlapOf(delivered, heard) ??
    withoutBlanksOf(delivered, anchor, heard) ??
    none("its words are not those that were asked for")
  );
}

/** A model that takes a prefix goes on in it: what it repeats, the text repeats. But some begin anew all the same. */
function afterPrefix({ delivered }: JoinSought, came: string, done: boolean): Place {
  const restart = restartOf(delivered, came, done) ?? soonRestartOf(delivered, came, done);
  if (restart?.type === "at" && delivered.text.length < PREFIX_RESTART_LEAST) return none("it may begin anew, or not");
  if (restart !== undefined) return restart;
  return !done && came.trimStart().length < PREFIX_LOOK ? WAIT : at(0, false);
}

/** The answer from its beginning is passed over while it says the same, joined where it goes beyond, refused where it differs. */
function restartOf(delivered: Normal, came: string, done: boolean): Place | undefined {
  const known = delivered.text;
  if (known.length < OVERLAP_LEAST) return undefined;
  if (!done && delivered.original.startsWith(came)) return WAIT;
  if (normalise(came.slice(0, RESTART_LEAST)).text.slice(0, OVERLAP_LEAST) !== known.slice(0, OVERLAP_LEAST)) {
    return !done && came.length < OVERLAP_LEAST ? WAIT : undefined;
  }
  const heard = normalise(came);
  const same = commonPrefix(known, heard.text);
  if (same === known.length) return inOriginal(heard, 0, same);
  if (same === heard.text.length && !done) return WAIT;
  if (same < RESTART_LEAST) return undefined;
  return none(done && same === heard.text.length ? "it begins anew and ends sooner" : "it begins anew, in other words");
}

/** The same of an answer of few letters, which is all that there is to compare. */
function soonRestartOf(delivered: Normal, came: string, done: boolean): Place | undefined {
  const [known, said] = [delivered.original.trim(), came.trimStart()];
  if (known.length >= OVERLAP_LEAST) return undefined;
  if (said.startsWith(known)) return at(came.length - said.length + known.length, false);
  return !done && known.startsWith(said) ? WAIT : undefined;
}

/** "Of course! Here is the whole answer:" and then all of it. */
function anewAfterPreamble(delivered: Normal, heard: Normal, done: boolean): Place | undefined {
  const head = delivered.text.slice(0, RESTART_LEAST);
  const found = head.length < RESTART_LEAST ? -1 : heard.text.indexOf(head);
  if (found <= 0 || found > PREAMBLE_MAX || !isFirst(delivered.text, found, heard.text)) return undefined;
  const again = heard.text.slice(found);
  const same = commonPrefix(delivered.text, again);
  if (same === delivered.text.length) return inOriginal(heard, found, same);
  return same === again.length && !done ? WAIT : undefined;
}

/** The anchor with its blanks lost, or with some where it had none. */
function withoutBlanksOf(all: Normal, anchor: Normal, heard: Normal): Place | undefined {
  const wanted = lettersOf(anchor.text);
  const letters = lettersOf(heard.text);
  if (wanted.length < OVERLAP_LEAST || !isOnce(wanted, letters) || !isOnce(wanted, all.text)) return undefined;
  const found = letters.indexOf(wanted);
  if (found > PREAMBLE_MAX || !isFirst(wanted, found, letters)) return undefined;
  const from = placeOfLetter(heard.text, found);
  return inOriginal(heard, from, placeOfLetter(heard.text, found + wanted.length - 1) + 1 - from);
}

/** Where the letter stands that has `count` letters before it, blanks not counted. */
function placeOfLetter(text: string, count: number): number {
  let left = count;
  for (let place = 0; place < text.length; place++) if (text[place] !== " " && left-- === 0) return place;
  return text.length;
}

/** The last words of the anchor, where its first ones were said differently. */
function tailOf(all: Normal, anchor: Normal, heard: Normal): Place | undefined {
  const last = anchor.text.slice(-TAIL_LEAST);
  // Words that come again, on either side, may be the wrong ones.
  if (last.length < TAIL_LEAST || !isOnce(last, heard.text) || !isOnce(last, all.text)) return undefined;
  const found = heard.text.indexOf(last);
  return found >= 0 && found <= PREAMBLE_MAX + anchor.text.length ? inOriginal(heard, found, last.length) : undefined;
}

/** Few letters may be part of any word: they are looked for where a line or a quotation begins. */
function isPlain(part: string, before: string | undefined): boolean {
  return part.length >= OVERLAP_LEAST || before === "\n" || isQuote(before);
}

/** True where the last words of `part`, found at `index`, do not stand before it too: they may be all that was repeated. */
function isFirst(part: string, index: number, text: string): boolean {
  const last = lettersOf(part).slice(-OVERLAP_LEAST);
  return !lettersOf(text.slice(0, index + last.length - 1)).includes(last);
}

/** A model may lose blanks, and so hide that it said something before. */
function lettersOf(text: string): string {
  return text.replace(/\s+/g, "");
}

/** True for what is there, and nowhere else, blanks or no blanks. */
function isOnce(part: string, text: string): boolean {
  const [wanted, letters] = [lettersOf(part), lettersOf(text)];
  const found = letters.indexOf(wanted);
  return found >= 0 && found === letters.lastIndexOf(wanted);
}

/** The longest end of what was delivered with which the continuation begins. */
function overlapOf(all: Normal, heard: Normal): Place | undefined {
  const length = longestOverlap(all.text, heard.text);
  const last = heard.text.slice(Math.max(0, length - OVERLAP_LEAST), length);
  if (length < OVERLAP_LEAST || !isOnce(last, heard.text) || !isOnce(last, all.text)) return undefined;
  return inOriginal(heard, 0, length);
}

/** The length of the longest suffix of `text` that `more` begins with, by the failure function of Knuth, Morris and Pratt. */
export function longestOverlap(text: string, more: string): number {
  const end = text.slice(-more.length);
  const failure = new Int32Array(more.length);
  for (let i = 1, k = 0; i < more.length; i += 1) {
    while (k > 0 && more[i] !== more[k]) k = failure[k - 1] ?? 0;
    if (more[i] === more[k]) k += 1;
    failure[i] = k;
  }
  let k = 0;
  for (let i = 0; i < end.length; i += 1) {
    while (k > 0 && (k === more.length || end[i] !== more[k])) k = failure[k - 1] ?? 0;
    if (end[i] === more[k]) k += 1;
  }
  return k;
}

function commonPrefix(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let at = 0;
  while (at < most && one[at] === other[at]) at += 1;
  return at;
}

function inOriginal(heard: Normal, found: number, length: number): Place {
  return at(heard.after(found + length), isQuote(heard.original[heard.before(found) - 1]));
}

function at(place: number, quoted: boolean): Place {
  return { type: "at", at: place, quoted };
}

function none(why: string): Place {
  return { type: "none", why };
}

function isQuote(letter: string | undefined): boolean {
  return letter !== undefined && "«\"'“‘`„".includes(letter);
}
