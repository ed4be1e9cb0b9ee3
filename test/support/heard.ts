// What a strict client of a stream has in the end, whatever the dialect, and what it found wrong with it. The two readers
// (`messages-reader.ts`, `chat-reader.ts`) are written from the formats alone and share nothing with the product's own.

export interface HeardTool {
  readonly id: string;
  readonly name: string;
  /** The arguments as they came. */
  readonly json: string;
  /** Its end was told, and the arguments are a JSON object. */
  readonly whole: boolean;
}

export interface Heard {
  readonly text: string;
  readonly reasoning: string;
  readonly tools: readonly HeardTool[];
  /** In the dialect's own words. */
  readonly stop: string | undefined;
  /** The closing marker came. */
  readonly closed: boolean;
  /** In-band errors, as objects of the dialect. */
  readonly errors: readonly Json[];
  readonly usage: Json | undefined;
  /** Breaches of the grammar that the dialect's clients rely on. */
  readonly violations: readonly string[];
}

export type Json = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): Json | undefined {
  // Any object can be read by key.
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Arguments that a client can use; none at all are an empty object. */
export function isArguments(json: string): boolean {
  return json.trim() === "" || asObject(parsed(json)) !== undefined;
}

/** The frames of a stream whose lines end with LF; `rest` is what is not closed. */
export function framesOf(bytes: Uint8Array): { readonly frames: readonly string[]; readonly rest: string } {
  const parts = new TextDecoder().decode(bytes).split("\n\n");
  const rest = parts.pop() ?? "";
  return { frames: parts.filter((part) => part !== ""), rest };
}

/** Byte offsets at which frames end. */
export function frameEnds(bytes: Uint8Array): readonly number[] {
  const ends: number[] = [];
  for (let at = 1; at < bytes.length; at++) if (bytes[at] === 10 && bytes[at - 1] === 10) ends.push(at + 1);
  return ends;
}
