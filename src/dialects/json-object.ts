// Reads parsed JSON whose shape nobody has checked: each reader gives the value, or `undefined` when it is something else.
// It knows no format and judges nothing.

export type JsonObject = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder();

/** The parsed bytes or text; `undefined` when they are not JSON. */
export function parseJson(source: Uint8Array | string): unknown {
  try {
    return JSON.parse(typeof source === "string" ? source : decoder.decode(source));
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** A value that a field may have without meaning anything. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** A finite number of at least 0. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** More than any model can read or write. A larger count is a provider's mistake, and sums of such would end in Infinity. */
const TOKENS_END = 1_000_000_000;

/** A number of tokens that there can be. */
export function isTokens(value: unknown): value is number {
  return isCount(value) && value < TOKENS_END;
}

export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

export function listOf(value: unknown): readonly unknown[] | undefined {
  return isList(value) ? value : undefined;
}

/** A string that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function tokensOf(value: unknown): number | undefined {
  return isTokens(value) ? value : undefined;
}

/** True where a JSON text stands for an object, as the arguments of a complete tool call do. */
export function isObjectText(text: string): boolean {
  return isObject(parseJson(text));
}

/** For names that a provider chose and a message repeats: short and of one line. */
export function clip(text: string, limit: number): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}

/** What a text that should have been JSON seems to be, without quoting a word of it. */
export function looksLike(text: string): string {
  const start = text.trimStart().slice(0, 20).toLowerCase();
  if (start === "") return "empty";
  if (start.startsWith("<")) return "HTML or XML";
  if (/^(event|data|id)?:/.test(start)) return "an event stream";
  return start.startsWith("{") || start.startsWith("[") ? "cut or broken JSON" : "plain text";
}
