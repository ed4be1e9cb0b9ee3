// The form of a stream's text frames: most providers send the same frame again and again with another word in it, and then
// all that has to be read is the word. The rest is compared, not parsed. What does not fit is read in full by `chunk.ts`.

export interface TextForm {
  readonly before: string;
  readonly after: string;
}

const PLACE = '"delta":{"content":';
const PLAIN = /^"[^"\\\p{Cc}]*"$/u;

/** Of a frame that says `text` and nothing else; `undefined` where the place of the text is not beyond doubt. */
export function textFormOf(frame: string, text: string): TextForm | undefined {
  const place = frame.indexOf(PLACE);
  if (place < 0) return undefined;
  const literal = JSON.stringify(text);
  const start = place + PLACE.length;
  const end = start + literal.length;
  // Of a key that is there twice parsers take the last; and a frame may nest another like it.
  if (!frame.startsWith(literal, start) || frame.includes('"content"', end) || frame.includes(PLACE, end)) {
    return undefined;
  }
  return { before: frame.slice(0, start), after: frame.slice(end) };
}

/** The text of a frame of this form; `undefined` for any other, and for one without text. */
export function textIn(frame: string, { before, after }: TextForm): string | undefined {
  if (!frame.startsWith(before) || !frame.endsWith(after)) return undefined;
  const end = frame.length - after.length;
  if (end < before.length + 2) return undefined;
  const literal = frame.slice(before.length, end);
  const text = PLAIN.test(literal) ? literal.slice(1, -1) : parsed(literal);
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
