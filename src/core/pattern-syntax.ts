// Reads the structure of a regular expression. What one character is (a class, an escape, a property) is left to the
// engine's own expressions, which are asked about one character at a time: that can cost nothing.

export type Assertion = "start" | "end" | "boundary" | "inside";

export type Node =
  | { readonly type: "char"; readonly fits: (codePoint: number) => boolean }
  | { readonly type: "assert"; readonly kind: Assertion }
  | { readonly type: "all" | "any"; readonly nodes: readonly Node[] }
  | { readonly type: "repeat"; readonly node: Node; readonly least: number; readonly most: number };

const SOURCE_CHARS_MAX = 2_000;
const DEPTH_MAX = 50;
const COUNT = /^\{(\d{1,4})(,?)(\d{0,4})\}/;
/** One character's worth of an expression: an escape, a class, or a character. */
const ATOM =
  /^(?:\\(?:u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|[\s\S])|\[(?:\\[\s\S]|[^\]\\])*\]|[\s\S])/u;
const BACK_REFERENCE = /^\\(?:[1-9]|k<)/;

/** The parsed pattern, or what is wrong with it. */
export function parsePattern(source: string): { readonly node: Node } | { readonly wrong: string } {
  if (source.length > SOURCE_CHARS_MAX) return { wrong: `it is longer than ${SOURCE_CHARS_MAX} characters` };
  const flags = flagsFor(source);
  if (flags === undefined) return { wrong: "it is no regular expression" };
  try {
    return { node: new Reader(source, flags).whole() };
  } catch (error) {
    if (error instanceof Unmatchable) return { wrong: error.message };
    throw error;
  }
}

/** As JSON Schema asks, characters are code points; an expression that is only valid without that is read without. */
function flagsFor(source: string): string | undefined {
  for (const flags of ["u", ""]) {
    try {
      new RegExp(source, flags);
      return flags;
    } catch {
      // Not valid in this way.
    }
  }
  return undefined;
}

/** Thrown and caught within this file: what is wrong is found deep inside. */
class Unmatchable extends Error {}

class Reader {
  readonly #flags: string;
  #rest: string;
  #depth = 0;

  constructor(source: string, flags: string) {
    this.#rest = source;
    this.#flags = flags;
  }

  whole(): Node {
    const node = this.#any();
    if (this.#rest !== "") throw new Unmatchable("it has a bracket too many");
    return node;
  }

  #any(): Node {
    if (++this.#depth > DEPTH_MAX) throw new Unmatchable(`it is nested deeper than ${DEPTH_MAX}`);
    const nodes = [this.#all()];
    while (this.#take("|")) nodes.push(this.#all());
    this.#depth--;
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { type: "any", nodes };
  }

  #all(): Node {
    const nodes: Node[] = [];
    while (this.#rest !== "" && !this.#rest.startsWith("|") && !this.#rest.startsWith(")"))
      nodes.push(this.#repeated());
    return { type: "all", nodes };
  }

  #repeated(): Node {
    const node = this.#one();
    const count = this.#count();
    if (count === undefined) return node;
    // A lazy or greedy match ends elsewhere, but both are there or neither is.
    this.#take("?");
    return { type: "repeat", node, ...count };
  }

  #count(): { readonly least: number; readonly most: number } | undefined {
    if (this.#take("*")) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.#take("+")) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.#take("?")) return { least: 0, most: 1 };
    const found = COUNT.exec(this.#rest);
    if (found === null) return undefined;
    this.#rest = this.#rest.slice(found[0].length);
    const least = Number(found[1]);
    if (found[2] === "") return { least, most: least };
    return { least, most: found[3] === "" ? Number.POSITIVE_INFINITY : Number(found[3]) };
  }

  #one(): Node {
    if (this.#take("(")) return this.#group();
    if (this.#take("^")) return { type: "assert", kind: "start" };
    if (this.#take("$")) return { type: "assert", kind: "end" };
    if (this.#take("\\b")) return { type: "assert", kind: "boundary" };
    if (this.#take("\\B")) return { type: "assert", kind: "inside" };
    if (BACK_REFERENCE.test(this.#rest)) throw new Unmatchable("it refers back to what it matched");
    const atom = ATOM.exec(this.#rest)?.[0] ?? "";
    this.#rest = this.#rest.slice(atom.length);
    return { type: "char", fits: fitting(atom, this.#flags) };
  }

  #group(): Node {
    if (/^\?<?[=!]/.test(this.#rest)) throw new Unmatchable("it looks ahead or behind");
    const head = /^\?(?::|<[^>]*>)/.exec(this.#rest)?.[0] ?? "";
    if (head === "" && this.#rest.startsWith("?")) throw new Unmatchable("it changes its flags within");
    this.#rest = this.#rest.slice(head.length);
    const node = this.#any();
    if (!this.#take(")")) throw new Unmatchable("it has a bracket too few");
    return node;
  }

  #take(text: string): boolean {
    if (!this.#rest.startsWith(text)) return false;
    this.#rest = this.#rest.slice(text.length);
    return true;
  }
}

function fitting(atom: string, flags: string): (codePoint: number) => boolean {
  // Nothing of one character has a meaning of its own but the dot.
  const only = atom !== "." && /^[^\\[]$/u.test(atom) ? atom.codePointAt(0) : undefined;
  if (only !== undefined) return (codePoint) => codePoint === only;
  const known = new Int8Array(128);
  let expression: RegExp | undefined;
  const asked = (codePoint: number): boolean => {
    expression ??= new RegExp(`^(?:${atom})$`, flags);
    return expression.test(String.fromCodePoint(codePoint));
  };
  return (codePoint) => {
    if (codePoint >= 128) return asked(codePoint);
    if (known[codePoint] === 0) known[codePoint] = asked(codePoint) ? 1 : -1;
    return known[codePoint] === 1;
  };
}
