// Which of several languages a client would rather read: `accept-language` (RFC 9110 §12.5.4), matched as RFC 4647 §3.4
// looks tags up, and by the language alone where only a region is there. Pure.

/** A longer header is a mistake; the first ranges are the ones that were meant. */
const RANGES_MAX = 32;

/** The place of the best one in `tags`, which are as they were configured; 0 where none is asked for or there. */
export function pickLanguage(header: string | undefined, tags: readonly string[]): number {
  if (header === undefined || tags.length < 2) return 0;
  const known = tags.map((tag) => tag.toLowerCase());
  for (const range of rangesOf(header)) {
    const place = lookUp(range, known);
    if (place >= 0) return place;
  }
  return 0;
}

/** The most wanted first; of equals the first. What is not wanted at all, or not understood, is left out. */
function rangesOf(header: string): string[] {
  return header
    .toLowerCase()
    .split(",", RANGES_MAX)
    .flatMap((part) => {
      const [range = "", ...parameters] = part.split(";").map((piece) => piece.trim());
      const weight = parameters.find((piece) => piece.startsWith("q="));
      const q = weight === undefined ? 1 : Number(weight.slice(2));
      return /^[a-z]{1,8}(?:-[a-z0-9]{1,8})*$/.test(range) && q > 0 ? [{ range, q }] : [];
    })
    .sort((a, b) => b.q - a.q)
    .map(({ range }) => range);
}

/** `de-CH-1996` takes `de-ch-1996`, `de-ch` or `de`; then any `de-…`: a near neighbour is read more easily than another language. */
function lookUp(range: string, known: readonly string[]): number {
  const parts = range.split("-");
  for (let length = parts.length; length > 0; length--) {
    const place = known.indexOf(parts.slice(0, length).join("-"));
    if (place >= 0) return place;
  }
  return known.findIndex((tag) => tag.startsWith(`${parts[0]}-`));
}
