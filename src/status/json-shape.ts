// Looking into JSON that strangers wrote: each look gives what is asked for or `undefined`, never a throw. A list is bounded
// by its reader; a text is cut.

export type Fields = Readonly<Record<string, unknown>>;

/** More of a list than this is never looked at: the largest known page has some 300 components. */
const LIST_MAX = 2_000;
const TEXT_CHARS_MAX = 20_000;

export function fieldsOf(value: unknown): Fields | undefined {
  // A parsed object has string keys; what they hold is still unknown.
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** One that is cut ends with an element that nobody understands: what is behind it is not known to be well. */
export function listOf(value: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.length > LIST_MAX ? [...value.slice(0, LIST_MAX), undefined] : value;
}

/** The objects of a list; empty where there is none. */
export function rowsOf(value: unknown): readonly Fields[] {
  return (listOf(value) ?? []).map(fieldsOf).filter((row) => row !== undefined);
}

/** The row whose moment is the latest; of equals the first. */
export function newestOf(rows: readonly Fields[], momentMs: (row: Fields) => number): Fields | undefined {
  let newest: Fields | undefined;
  for (const row of rows) if (newest === undefined || momentMs(row) > momentMs(newest)) newest = row;
  return newest;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim().slice(0, TEXT_CHARS_MAX) : undefined;
}

export function idOf(value: unknown): string | undefined {
  return textOf(value)?.slice(0, 200);
}

/** A moment as milliseconds since the Unix epoch: ISO 8601, RFC 2822, or a `Z` for its zone. */
export function momentOf(value: unknown): number | undefined {
  const text = textOf(value);
  if (text === undefined || text.length > 64 || !/\d{4}/.test(text)) return undefined;
  const ms = Date.parse(text.replace(/ Z$/, " GMT"));
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

/** Seconds since the Unix epoch, as a number or in digits; milliseconds where they can be nothing else. */
export function epochOf(value: unknown): number | undefined {
  const count = typeof value === "string" && /^\d{9,13}$/.test(value) ? Number(value) : value;
  if (typeof count !== "number" || !Number.isFinite(count) || count <= 0) return undefined;
  return count > 100_000_000_000 ? count : count * 1_000;
}

/** Only what can be opened in a browser: a feed's `javascript:` is no link. */
export function linkOf(value: unknown): string | undefined {
  const text = textOf(value);
  if (text === undefined || text.length > 2_000 || !/^https?:\/\/[^\s"'<>]+$/i.test(text)) return undefined;
  return URL.canParse(text) ? text : undefined;
}
