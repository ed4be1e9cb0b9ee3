// The configuration's JSON Schema for editors and its reference page, both from the schema that reads it.

import * as z from "zod";
import { ALLOWED, STANDARD } from "../src/config/fields.ts";
import { LATER } from "../src/config/later.ts";
import { configSchema } from "../src/config/schema.ts";
import { VERSION } from "../src/core/version.ts";

type Json = Readonly<Record<string, unknown>>;

/** With the words for people still in it. */
const TREE: Json = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });

export function jsonSchema(): string {
  const { $schema, ...rest } = TREE;
  const published = { $schema, title: "holdfast.yaml", ...publish(rest, []) };
  return `${JSON.stringify(published, undefined, 2)}\n`;
}

/** Without our own keywords, and with a word on what is not built yet. */
function publish(node: Json, path: readonly string[]): Json {
  const later = laterOf(path);
  const entries = Object.entries(node)
    .filter(([key]) => !key.startsWith("x-"))
    .map(([key, value]) => [key, publishValue(key, value, path)]);
  const standard = node[STANDARD];
  const told = Object.fromEntries(standard === undefined ? entries : [...entries, ["default", standard]]);
  if (later === undefined) return told;
  const note = `Not in this version; allowed: ${later.allowed}.`;
  return { ...told, description: told.description === undefined ? note : `${told.description} ${note}` };
}

function publishValue(key: string, value: unknown, path: readonly string[]): unknown {
  if (key === "properties" && isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => [name, isObject(child) ? publish(child, [...path, name]) : child]),
    );
  }
  if (key === "additionalProperties" || key === "items")
    return isObject(value) ? publish(value, [...path, "*"]) : value;
  if (Array.isArray(value)) return value.map((item) => (isObject(item) ? publish(item, [...path, "|"]) : item));
  return value;
}

function laterOf(path: readonly string[]) {
  return LATER.find((row) => row.path.length === path.length && row.path.every((step, at) => step === path[at]));
}

interface Key {
  readonly path: readonly string[];
  readonly node: Json;
  readonly required: boolean;
}

/** Every key, depth first. The alternatives of a value (`off | { … }`) add their keys. */
function keysOf(node: Json, path: readonly string[]): Key[] {
  const alternatives = Array.isArray(node.anyOf) ? node.anyOf.filter(isObject) : [];
  const inner = alternatives.flatMap((branch) => keysOf(branch, path));
  const named = isObject(node.properties) ? node.properties : {};
  const required = Array.isArray(node.required) ? node.required : [];
  const keys = Object.entries(named).flatMap(([name, child]) =>
    isObject(child)
      ? [{ path: [...path, name], node: child, required: required.includes(name) }, ...keysOf(child, [...path, name])]
      : [],
  );
  const each = [node.additionalProperties, node.items].filter(isObject).flatMap((item) => keysOf(item, [...path, "*"]));
  return [...inner, ...keys, ...each];
}

const KEYS = keysOf(TREE, []);

/** Tables of the page: the keys at the top, and those below each of the two mappings. */
const SECTIONS: readonly { readonly title: string; readonly under: string; readonly intro: string }[] = [
  { title: "Top level", under: "", intro: "" },
  {
    title: "providers.NAME",
    under: "providers.*",
    intro: "NAME is one of [the catalog](catalog.md), or your own with `dialect` and `url`.\n\n",
  },
  {
    title: "routes.NAME",
    under: "routes.*",
    intro:
      "NAME is what the client sends as `model`. An exact name wins over a pattern, a longer pattern over a shorter.\n\n",
  },
];

export function configPage(): string {
  const sections = SECTIONS.map(({ title, under, intro }) => {
    const rows = KEYS.filter((key) => sectionOf(key) === under).map((key) => rowOf(key, under));
    return `## ${title}\n\n${intro}| key | what | default | allowed | in |\n|---|---|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `# Configuration

\`holdfast.yaml\`, or the same object for the library. The first line of the file can bring this page into an editor:
\`# yaml-language-server: $schema=node_modules/holdfast/schema/holdfast.schema.json\` (\`holdfast init\` writes it).

Durations are written \`500ms 8s 5m 1h 7d\`, shares \`2%\`, money \`0.40usd\`. \`\${NAME}\` anywhere in a value reads the
environment. \`off\` and \`false\` mean the same. The whole schema parses in every version: a value that asks for nothing is
always accepted, one that asks for something not built yet is refused with "not in this version", and so is one that
could do nothing where it stands. A provider that no route uses is a warning, and so is a model's name that looks like a
slip of one that the catalog has.

On SIGHUP and when the file changes it is read again, and taken over whole or not at all: a bad file changes nothing. What
\`listen\` and \`store\` say takes a restart.

${sections.join("\n")}
This page is made from \`src/config/schema.ts\` by \`npm run docs\`.
`;
}

function sectionOf({ path }: Key): string {
  const section = path.slice(0, 2).join(".");
  return path.length > 2 && SECTIONS.some(({ under }) => under === section) ? section : "";
}

function rowOf({ path, node, required }: Key, under: string): string {
  const shown = path.slice(under === "" ? 0 : 2).filter((step) => step !== "*");
  const standard = node[STANDARD] === undefined ? "–" : code(String(node[STANDARD]));
  const cells = [code(shown.join(".")), node.description ?? "", required ? "required" : standard];
  return `| ${[...cells, code(allowedOf(node)), versionOf(path)].map(cell).join(" | ")} |`;
}

const NOW = VERSION.replace(/\.\d+$/, "");

function versionOf(path: readonly string[]): string {
  const later = laterOf(path);
  if (later?.asks !== undefined) return `${NOW}, and only ${code(later.allowed)}`;
  if (later !== undefined) return `not in this version, only ${code(later.allowed)}`;
  const above = path
    .map((_, length) => path.slice(0, length))
    .find((part) => isBlocked(laterOf(part)) || isHollow(part));
  return above !== undefined || isHollow(path) ? "not in this version" : NOW;
}

function isBlocked(row: (typeof LATER)[number] | undefined): boolean {
  return row !== undefined && row.partial !== true;
}

/** A feature all of whose switches are not built yet. */
function isHollow(path: readonly string[]): boolean {
  const inside = KEYS.filter(
    (key) => key.path.length === path.length + 1 && path.every((step, at) => step === key.path[at]),
  );
  const switches = inside.filter(({ node }) => node[STANDARD] === "off");
  return (
    path.length > 0 &&
    path.at(-1) !== "*" &&
    switches.length > 0 &&
    switches.every((key) => isBlocked(laterOf(key.path)))
  );
}

function allowedOf(node: Json): string {
  const words = node[ALLOWED];
  return typeof words === "string" ? words : "any";
}

/** In a table a bar ends the cell, also inside code. */
function cell(text: unknown): string {
  return String(text).replaceAll("|", "\\|");
}

function code(text: string): string {
  return `\`${text}\``;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
