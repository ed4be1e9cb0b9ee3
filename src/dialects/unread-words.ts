// The words of a whole reply, left where they stand in its bytes until somebody keeps them: most calls are over by then, and of
// many nobody ever does.

import { LOOP_CHARS_MIN, TAIL_CHARS } from "../core/repetition.ts";
import type { Unread, Words } from "../core/reply.ts";
import type { Verdict } from "./dialect.ts";
import type { Places } from "./json-shape.ts";

const decoder = new TextDecoder();

class UnreadWords implements Unread {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #modelStart: number;
  readonly #modelEnd: number;

  constructor(bytes: Uint8Array, places: Places, { text, model }: WordSlots) {
    this.#bytes = bytes;
    this.#start = places[text * 2] ?? 0;
    this.#end = places[text * 2 + 1] ?? 0;
    this.#modelStart = places[model * 2] ?? 0;
    this.#modelEnd = places[model * 2 + 1] ?? 0;
    this.size = bytes.length;
  }

  read(): Words {
    const text = stringAt(this.#bytes, this.#start, this.#end);
    return { text, model: stringAt(this.#bytes, this.#modelStart, this.#modelEnd) };
  }
}

/** Both are strings, or there is nothing. */
export interface WordSlots {
  readonly text: number;
  readonly model: number;
}

/** What `saidIn` of either dialect tells of a reply that is one text and ended by itself if `isWords`. */
export function wordsAt(bytes: Uint8Array, places: Places, slots: WordSlots, isWords: boolean): Draft {
  const said: Draft = {};
  const start = places[slots.text * 2] ?? 0;
  const end = places[slots.text * 2 + 1] ?? 0;
  if (isWords) said.words = new UnreadWords(bytes, places, slots);
  // No text has more characters than bytes.
  if (end - start - 2 >= LOOP_CHARS_MIN) {
    const tail = tailOf(stringAt(bytes, start, end));
    if (tail !== undefined) said.tail = tail;
  }
  return said;
}

type Draft = { -readonly [Key in keyof Verdict]: Verdict[Key] };

/** What is looked at of a text to see whether it ended in a loop; `undefined` where it is too short for one. */
export function tailOf(text: string): string | undefined {
  return text.length < LOOP_CHARS_MIN ? undefined : text.slice(-TAIL_CHARS);
}

/** "" for `null` and for nothing. */
function stringAt(bytes: Uint8Array, start: number, end: number): string {
  // With its quotes, so that a byte order mark never stands first, which a decoder would leave out.
  return end === 0 ? "" : String(JSON.parse(decoder.decode(bytes.subarray(start, end))) ?? "");
}
