// Joins what a second model says to what a first one had already said to the client. Fed piece by piece; gives what the
// client may have, nothing while it cannot be told, and says so when the two do not fit: then there is no join, never a guess.

import { normalise } from "./join-normal.ts";
import { type JoinForm, type JoinSought, type Place, placeOf } from "./join-place.ts";

/** How much of the end of an answer is quoted, unless its words are in it more than once. */
const ANCHOR_CHARS = 100;
const ANCHOR_MAX = 800;
/** What is held while no place is found, beyond a whole repetition of the answer. */
const HELD_MAX = 4_096;
/** So much after the seam decides about blanks, fences and half words. */
const SEAM_LOOK = 24;
/** A continuation is looked at when it has grown by so much, whatever the pieces in which it comes. */
const STEP_CHARS = 8;
const STEP_SHARE = 8;
const HIGH_SURROGATE_END = /[\ud800-\udbff]$/;

/** The last words of an answer: whole letters, a whole word at its beginning, and found nowhere else in it. */
export function anchorOf(delivered: string): string {
  const text = delivered.replace(HIGH_SURROGATE_END, "").trimEnd();
  for (let length = ANCHOR_CHARS; length < text.length && length <= ANCHOR_MAX; length *= 2) {
    const anchor = lastWords(text, length);
    if (text.indexOf(anchor) === text.length - anchor.length) return anchor;
  }
  return text.length <= ANCHOR_MAX ? text.trimStart() : lastWords(text, ANCHOR_MAX);
}

function lastWords(text: string, length: number): string {
  let from = text.length - length;
  const blank = text.slice(from, from + length / 2).search(/\s/);
  if (blank >= 0) from += blank + 1;
  else if (/[\udc00-\udfff]/.test(text[from] ?? "")) from += 1;
  return text.slice(from).trimStart();
}

export class Join {
  /** Why the two do not fit; `undefined` while they do. */
  failure: string | undefined;
  /** True once the seam is behind: what comes now is the client's as it is. */
  joined = false;
  readonly #sought: JoinSought;
  #came = "";
  #lookAt = STEP_CHARS;
  /** Behind the place that was found. */
  #rest: string | undefined;
  #quoted = false;

  constructor(delivered: string, form: JoinForm) {
    const anchor = form === "anchor" ? anchorOf(delivered) : "";
    this.#sought = { delivered: normalise(delivered), anchor: normalise(anchor), form };
  }

  /** A piece of the continuation. Gives what is new to the client. */
  feed(text: string): string {
    if (this.joined) return text;
    return this.#advance(text, false);
  }

  /** The continuation has ended well. */
  end(): string {
    return this.joined || this.failure !== undefined ? "" : this.#advance("", true);
  }

  #advance(text: string, done: boolean): string {
    if (this.failure !== undefined) return "";
    if (this.#rest === undefined) {
      this.#came += text;
      const place = this.#look(done);
      if (place.type === "none") return this.#fail(place.why);
      if (place.type === "wait") {
        const most = this.#sought.delivered.original.length * 2 + HELD_MAX;
        return this.#came.length > most ? this.#fail("no place to join it was found") : "";
      }
      this.#rest = this.#came.slice(place.at);
      this.#quoted = place.quoted;
      this.#came = "";
    } else this.#rest += text;
    if (!done && this.#rest.trimStart().length < SEAM_LOOK) return "";
    const rest = seam(this.#sought.delivered.original, this.#quoted ? unquoted(this.#rest) : this.#rest);
    if (rest === undefined) return this.#fail("its first word does not go on from the last one");
    this.joined = true;
    this.#rest = "";
    return rest;
  }

  #look(done: boolean): Place {
    for (
      ;
      this.#lookAt <= this.#came.length;
      this.#lookAt += Math.max(STEP_CHARS, Math.floor(this.#lookAt / STEP_SHARE))
    ) {
      const place = placeOf(this.#sought, this.#came.slice(0, this.#lookAt), false);
      if (place.type !== "wait") return place;
    }
    return done ? placeOf(this.#sought, this.#came, true) : { type: "wait" };
  }

  #fail(why: string): string {
    this.failure = why;
    this.#came = "";
    this.#rest = "";
    return "";
  }
}

/** The words that were asked for came in quotes: the closing one is not the answer's. */
function unquoted(rest: string): string {
  return rest.replace(/^[»"'”’`“]/, "");
}

/** What goes on from `delivered`, without what both have at the seam; `undefined` where half a word is not gone on with. */
function seam(delivered: string, rest: string): string | undefined {
  const half = HIGH_SURROGATE_END.exec(delivered)?.[0];
  if (half !== undefined) {
    const before = /\s*$/.exec(delivered.slice(0, -half.length))?.[0] ?? "";
    const letters = rest.startsWith(before) ? rest.slice(before.length) : rest;
    return letters.startsWith(half) ? letters.slice(half.length) : undefined;
  }
  const open = withoutFence(delivered, rest);
  const blanks = /\s*$/.exec(delivered)?.[0] ?? "";
  if (blanks !== "") return withoutBlanks(blanks, open);
  const word = /[\p{L}\p{N}]{2,}$/u.exec(delivered)?.[0];
  const next = /^\s+([\p{L}\p{N}]+)/u.exec(open)?.[1];
  // "the qui" and " quick": the word once more, or another one? Nobody can tell.
  const isAgain = word !== undefined && next !== undefined && next.length > word.length && next.startsWith(word);
  return isAgain ? undefined : open;
}

/** The client has `blanks` already; more of them than it has are the answer's. */
function withoutBlanks(blanks: string, rest: string): string {
  if (rest.startsWith(blanks)) return rest.slice(blanks.length);
  const lines = (text: string): number => text.split("\n").length - 1;
  const lead = /^\s*/.exec(rest)?.[0] ?? "";
  const missing = lines(lead) - lines(blanks);
  const indent = lead.includes("\n") ? lead.slice(lead.lastIndexOf("\n") + 1) : "";
  return (missing > 0 ? "\n".repeat(missing) + indent : "") + rest.slice(lead.length);
}

/** Inside a block of code, the line that opens one again. */
function withoutFence(delivered: string, rest: string): string {
  const fences = delivered.match(/^ {0,3}```/gm)?.length ?? 0;
  return fences % 2 === 1 ? rest.replace(/^(\s*)```[a-zA-Z][\w+#.-]*[ \t]*\n/, "$1") : rest;
}
