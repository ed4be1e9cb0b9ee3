// As much XML as feeds are made of: elements, attributes, text, CDATA. Tolerant: a document that is cut or badly nested
// gives what was there until then. It expands no entities but the standard ones, opens nothing, and is bounded in depth
// and size, so that no document can blow it up.

import { entitiesResolved } from "./plain-text.ts";

export interface Element {
  /** Without its namespace prefix, lower-case. */
  readonly name: string;
  /** Of a `link` alone: no other element of a feed says anything in its attributes. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** Its own text and CDATA, entities resolved; not that of its children. */
  readonly text: string;
}

interface Growing {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Growing[];
  text: string;
}

const DEPTH_MAX = 40;
const ELEMENTS_MAX = 50_000;
// Each alternative reads on to where the next tag may begin and no further: no document takes more than linear time.
const TOKEN =
  /<!\[CDATA\[([\s\S]*?)(?:\]\]>|$)|<!--[\s\S]*?(?:-->|$)|<[?!][^>]*(?:>|$)|<(\/?)([A-Za-z_][^\s/<>]{0,99})(?=[\s/>])([^<>]*)>/g;
const ATTRIBUTE = /([A-Za-z_][\w:.-]{0,59})\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const ATTRIBUTES_CHARS_MAX = 1_000;
const NO_ATTRIBUTES: Readonly<Record<string, string>> = {};

/** The root, or `undefined` where there is no element at all. `clean`: it is whole, and each element ends where it should. */
export function parseXml(text: string): { readonly root: Element; readonly clean: boolean } | undefined {
  const open: Growing[] = [];
  let root: Growing | undefined;
  let ended = false;
  let astray = false;
  let elements = 0;
  let from = 0;
  const add = (words: string): void => {
    const top = open.at(-1);
    if (top !== undefined) top.text += words;
  };
  const between = (end: number): void => {
    const words = text.slice(from, end);
    if (words.includes("<")) astray = true;
    add(entitiesResolved(words));
  };
  for (const token of text.matchAll(TOKEN)) {
    between(token.index);
    from = token.index + token[0].length;
    const [, cdata, closing, name, rest = ""] = token;
    if (cdata !== undefined) add(cdata);
    if (name === undefined) continue;
    const local = name.slice(name.indexOf(":") + 1).toLowerCase();
    if (closing === "/") {
      const at = open.findLastIndex((element) => element.name === local);
      if (at !== open.length - 1) astray = true;
      if (at >= 0) open.length = at;
      if (at !== 0) continue;
      ended = true;
      break;
    }
    if (++elements > ELEMENTS_MAX) break;
    const element: Growing = {
      name: local,
      attributes: local === "link" ? attributesOf(rest) : NO_ATTRIBUTES,
      children: [],
      text: "",
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    if (rest.endsWith("/")) ended ||= open.length === 0;
    else if (open.length < DEPTH_MAX) open.push(element);
  }
  return root === undefined ? undefined : { root, clean: ended && !astray };
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  const attributes: Record<string, string> = Object.create(null);
  for (const [, name = "", double, single] of text.slice(0, ATTRIBUTES_CHARS_MAX).matchAll(ATTRIBUTE)) {
    attributes[name.toLowerCase()] = entitiesResolved(double ?? single ?? "");
  }
  return attributes;
}

export function childrenOf({ children }: Element, name: string): readonly Element[] {
  return children.filter((child) => child.name === name);
}

/** The text of the first child of that name. */
export function childText(element: Element, name: string): string | undefined {
  const text = element.children.find((child) => child.name === name)?.text.trim();
  return text === "" ? undefined : text;
}
