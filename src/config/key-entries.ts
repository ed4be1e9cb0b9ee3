// The entries of `keys` in a configuration's text: one to paste, those that are there, one taken out with every comment and
// order of the rest kept. Lenient: it does not care what else is in the file, for a key must be revocable from any of them.

import { isMap, isSeq, parseDocument } from "yaml";
import { at } from "./tree.ts";

export interface KeyEntry {
  readonly name: string;
  readonly hash: string;
  /** Absent: all. */
  readonly routes?: readonly string[];
}

/** One line for the list under `keys:`. */
export function entryLine({ name, hash, routes }: KeyEntry): string {
  const limited = routes === undefined ? "" : `, routes: [${routes.map(plain).join(", ")}]`;
  return `  - { name: ${plain(name)}, hash: "${hash}"${limited} }`;
}

/** As YAML takes it: quoted unless nobody could take it for anything else. */
function plain(text: string): string {
  return /^[A-Za-z][\w.-]*$/.test(text) && !/^(?:true|false|yes|no|on|off|null)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

/** `undefined` when the text is no YAML. */
export function listEntries(text: string): readonly KeyEntry[] | undefined {
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) return undefined;
  const keys = at(document.toJS({ maxAliasCount: 100 }), ["keys"]);
  return Array.isArray(keys) ? keys.flatMap((key: unknown) => asEntry(key) ?? []) : [];
}

function asEntry(key: unknown): KeyEntry | undefined {
  const name = at(key, ["name"]);
  if (typeof name !== "string") return undefined;
  const hash = at(key, ["hash"]);
  const routes = at(key, ["routes"]);
  return {
    name,
    hash: typeof hash === "string" ? hash : "",
    ...(Array.isArray(routes) && { routes: routes.map(String) }),
  };
}

/** The text without the entries of that name; `undefined` when there is none, or the text is no YAML. */
export function withoutEntry(text: string, name: string): string | undefined {
  const document = parseDocument(text, { prettyErrors: false });
  const keys = document.errors.length > 0 ? undefined : document.get("keys");
  if (!isSeq(keys)) return undefined;
  const kept = keys.items.filter((item) => !(isMap(item) && String(item.get("name")) === name));
  if (kept.length === keys.items.length) return undefined;
  keys.items = kept;
  return document.toString({ lineWidth: 0 });
}
