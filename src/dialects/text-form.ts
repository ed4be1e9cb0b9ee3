// The form of a stream's text frames: most providers send the same frame again and again with another word in it, and then
// all that has to be read is the word. The rest is compared, not parsed. What does not fit is read in full by its dialect.

interface Form {
  readonly before: string;
  readonly after: string;
}

/** Where a dialect's text stands. */
export interface TextPlace {
  /** As providers write it, up to the text. */
  readonly before: string;
  /** Its key, quoted: the last in `before`. */
  readonly key: string;
}

/** A provider whose frames are never alike (OpenAI's are padded with letters of random number) is given up. */
const MISSED_MAX = 3;
const PLAIN = /^"[^"\\\p{Cc}]*"$/u;

/** Of one stream. */
export class TextForm {
  readonly #place: TextPlace;
  #form: Form | undefined;
  #missed = 0;

  constructor(place: TextPlace) {
    this.#place = place;
  }

  /** The text of a frame that is like the last one but for it; `undefined`: it is to be read in full. */
  read(frame: string): string | undefined {
    const form = this.#form;
    if (form === undefined) return undefined;
    const text = textIn(frame, form);
    if (text === undefined) this.#form = undefined;
    else this.#missed = 0;
    return text;
  }

  /** Told of a frame that was read in full and says `text` and nothing else. */
  learn(frame: string, text: string): void {
    if (this.#missed > MISSED_MAX) return;
    this.#missed++;
    this.#form = formOf(frame, text, this.#place);
  }
}

/** `undefined` where the place of the text is not beyond doubt. */
function formOf(frame: string, text: string, { before, key }: TextPlace): Form | undefined {
  const place = frame.indexOf(before);
  if (place < 0) return undefined;
  const literal = JSON.stringify(text);
  const start = place + before.length;
  const end = start + literal.length;
  // The key is there once: of two parsers take the last, and another choice or a nested object may have one too.
  const isOnly = frame.indexOf(key) === place + before.lastIndexOf(key) && !frame.includes(key, end);
  if (!isOnly || !frame.startsWith(literal, start)) return undefined;
  return { before: frame.slice(0, start), after: frame.slice(end) };
}

function textIn(frame: string, { before, after }: Form): string | undefined {
  if (!frame.startsWith(before) || !frame.endsWith(after)) return undefined;
  const end = frame.length - after.length;
  if (end < before.length + 2) return undefined;
  const literal = frame.slice(before.length, end);
  const text = PLAIN.test(literal) ? literal.slice(1, -1) : parsed(literal);
  // An empty one says nothing, and what that means is the dialect's to say.
  return text === "" ? undefined : text;
}

function parsed(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
