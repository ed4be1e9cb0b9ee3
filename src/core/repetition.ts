// Whether a text ended in a loop: a model that says one thing again and again until its limit. Linear in what it is given,
// which is the end of the text. Lists, tables, code and laughter repeat themselves too, but not so often, and they end.

/** How much of a text's end is looked at, in characters. */
export const TAIL_CHARS = 4_096;
const UNIT_CHARS_MAX = 400;
const PROBE_CHARS = 32;
/** What is looked at first, with room for letters of several bytes and white space behind the last word. */
const NEAR_BYTES = 1_536;
/** No character has more in UTF-8 than three for each of its two halves. */
const BYTES_PER_CHAR_MAX = 3;
const TAIL_BYTES = TAIL_CHARS * BYTES_PER_CHAR_MAX;
/** A unit of at most so many characters is a loop from so many times on. */
const TIMES: readonly (readonly [unitChars: number, times: number])[] = [
  [24, 40],
  [120, 12],
  [UNIT_CHARS_MAX, 6],
];
/** Whatever the unit, a loop is at least this long. */
export const LOOP_CHARS_MIN = 600;
/** Rules, borders and padding are long as well. */
const MARKS_CHARS_MIN = 1_200;

/** `endsInLoop` for a text that has still to be read: of nearly every one the very end is enough. */
export function tailLoops(tail: (bytesMax: number) => string): boolean {
  const read = tail(NEAR_BYTES);
  // A text of which so little is read is all there, and too short.
  if (read.length < NEAR_BYTES / BYTES_PER_CHAR_MAX - 1) return false;
  const near = read.trimEnd();
  // A character that was cut may be up to three wrong ones at the beginning.
  const isKnown = near.length > UNIT_CHARS_MAX + PROBE_CHARS + 2;
  return (!isKnown || endRecurs(near)) && endsInLoop(tail(TAIL_BYTES));
}

/** True where the last characters are one unit over and over. A text that went on to something else is none. */
export function endsInLoop(text: string): boolean {
  const tail = text.slice(-TAIL_CHARS).trimEnd();
  if (tail.length < LOOP_CHARS_MIN || !endRecurs(tail)) return false;
  const shared = sharedWithSuffix(tail);
  let from = 1;
  for (const [unitChars, times] of TIMES) {
    for (let unit = from; unit <= unitChars; unit++) {
      const length = unit + (shared[unit] ?? 0);
      const hasWords = /[\p{L}\p{N}]/u.test(tail.slice(-unit));
      if (length >= Math.max(unit * times, hasWords ? LOOP_CHARS_MIN : MARKS_CHARS_MIN)) return true;
    }
    from = unitChars + 1;
  }
  return false;
}

/** Nearly every text is known by its last words, which did not stand shortly before. */
function endRecurs(tail: string): boolean {
  const end = tail.slice(-PROBE_CHARS);
  const near = tail.slice(-UNIT_CHARS_MAX - PROBE_CHARS);
  return near.lastIndexOf(end, near.length - PROBE_CHARS - 1) !== -1;
}

/**
 * For each distance from the end: how many characters before there are the same as those before the end. That is the Z
 * function of the reversed text: each character is compared a constant number of times.
 */
function sharedWithSuffix(text: string): Int32Array {
  const last = text.length - 1;
  const shared = new Int32Array(text.length);
  let start = 0;
  let end = 0;
  for (let at = 1; at <= last; at++) {
    let same = at < end ? Math.min(end - at, shared[at - start] ?? 0) : 0;
    while (at + same <= last && text.charCodeAt(last - same) === text.charCodeAt(last - at - same)) same++;
    shared[at] = same;
    if (at + same > end) {
      start = at;
      end = at + same;
    }
  }
  return shared;
}
