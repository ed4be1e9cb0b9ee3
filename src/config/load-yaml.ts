// A configuration as a YAML text, where each path has a line and a column. What it means is judged in `load.ts`.

import { LineCounter, parseDocument, type YAMLError } from "yaml";
import type { Environment } from "./environment.ts";
import { type Loaded, settingsOf } from "./load.ts";
import { pathText } from "./problem.ts";
import { type Source, toProblem } from "./source.ts";
import { badKeys, offsetOf } from "./yaml-places.ts";

/** A longer configuration is a mistake. */
export const TEXT_LENGTH_MAX = 1_000_000;
const ALIASES_MAX = 100;
const NO_TEXT = /[\0\ufffd]/;
const LONE_CR = /\r(?!\n)/g;

/** Reads a YAML text. `file` is only for messages. */
export function loadSettings(text: string, options: { readonly file: string; readonly env: Environment }): Loaded {
  return settingsOf(readYaml(text, options.file), options.env);
}

/** The tree of a YAML text with its places, or its syntax errors. Not only for configurations. */
export function readYaml(given: string, file: string): Source {
  if (given.length > TEXT_LENGTH_MAX) return unreadable(file, `the file has over ${TEXT_LENGTH_MAX} characters`);
  // A CR alone ends a line (YAML 1.2, section 5.4); the parser does not know that.
  const text = given.replace(LONE_CR, "\n");
  // What a decoder makes of other encodings: some shells write UTF-16, some editors Latin-1.
  const strange = text.search(NO_TEXT);
  if (strange >= 0) return unreadable(file, "the file is not text in UTF-8", placeIn(text, strange));
  const lines = new LineCounter();
  // Keys are checked below: that check knows `4` and "4" for the same and says where the first one is.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(Math.max(0, Math.min(offset, text.length)));
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const syntax = [...document.errors, ...document.warnings].map((error) => ({
    ...place(error.pos[0]),
    path: "",
    message: syntaxMessage(error),
  }));
  if (syntax.length > 0) return { tree: undefined, problems: syntax, locate: toProblem };
  const keys = badKeys(document.contents).map(({ path, offset, firstOffset }) => ({
    ...place(offset),
    path: pathText(path),
    message:
      firstOffset === undefined
        ? "a list or a mapping is no key"
        : `this key is here twice; the first is in line ${place(firstOffset).line}`,
  }));
  if (keys.length > 0) return { tree: undefined, problems: keys, locate: toProblem };
  try {
    const tree: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
    return {
      tree,
      problems: [],
      locate: (issue) => ({ ...place(offsetOf(document.contents, issue)), ...toProblem(issue) }),
    };
  } catch (error) {
    // Too many aliases, or an alias of nothing: the parser tells only when the values are made.
    return unreadable(file, firstLine(error instanceof Error ? error.message : String(error)));
  }
}

function unreadable(file: string, message: string, { line, column } = { line: 1, column: 1 }): Source {
  return { tree: undefined, problems: [{ file, line, column, path: "", message }], locate: toProblem };
}

function placeIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

function syntaxMessage({ code, message }: YAMLError): string {
  // The parser's own words speak of its API.
  return code === "MULTIPLE_DOCS" ? "a second document begins here; a configuration is one" : firstLine(message);
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}
