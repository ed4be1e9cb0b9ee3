// Text as it is compared across a seam: the same words in another writing are the same. White space is one blank, quotes and
// dashes have one form, compatibility forms (NFKC) are folded; case and accents stand. Places map back to the original.

export interface Normal {
  readonly original: string;
  readonly text: string;
  /** Where in the original the letter at `index` of `text` begins. */
  before(index: number): number;
  /** Where in the original what stands before `index` of `text` ends; blanks that follow are not part of it. */
  after(index: number): number;
}

const FORMS: Readonly<Record<string, string>> = {
  "\u2018": "'",
  "\u2019": "'",
  "\u201a": "'",
  "\u201b": "'",
  "\u201c": '"',
  "\u201d": '"',
  "\u201e": '"',
  "\u2010": "-",
  "\u2011": "-",
  "\u2012": "-",
  "\u2013": "-",
  "\u2014": "-",
  "\u2212": "-",
};

export function normalise(original: string): Normal {
  let text = "";
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const letter of original) {
    const end = at + letter.length;
    const form = /\s/u.test(letter) ? " " : (FORMS[letter] ?? letter.normalize("NFKC"));
    const isBlank = form.trim() === "";
    // Blanks at the beginning, and after another, are nothing.
    if (!isBlank || (text !== "" && !text.endsWith(" "))) {
      const written = isBlank ? " " : form;
      for (let unit = 0; unit < written.length; unit += 1) {
        starts.push(at);
        ends.push(end);
      }
      text += written;
    }
    at = end;
  }
  const trimmed = text.trimEnd();
  return {
    original,
    text: trimmed,
    before: (index) => starts[index] ?? original.length,
    after: (index) => (index === 0 ? (starts[0] ?? 0) : (ends[index - 1] ?? original.length)),
  };
}
