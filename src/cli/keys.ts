// `holdfast keys`: makes a gateway key, tells which there are, takes one away. The configuration holds hashes alone: a key
// is shown when it is made, and never again.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { entryLine, type KeyEntry, listEntries, withoutEntry } from "../config/key-entries.ts";
import { nearest } from "../core/nearest.ts";
import { readTextFile } from "../runtime/command-io.ts";
import { secretText } from "../runtime/entropy.ts";
import { replaceTextFile } from "../runtime/replace-file.ts";
import { type Command, misuse } from "./command.ts";
import { DEFAULT_FILE } from "./config-file.ts";
import { type Flags, readFlags, textFlag } from "./flags.ts";

const HELP = `holdfast keys create NAME [--routes a,b] [--json]
holdfast keys list [--config FILE] [--json]
holdfast keys revoke NAME [--config FILE] [--json]

Gateway keys: who may call, and which routes. A key is a tenant.

  create   prints a new key, once, and the line for \`keys\` in the configuration
  list     the keys of the configuration: names, routes, the first digits of their hashes
  revoke   takes a key out of the configuration, its comments kept; a running gateway sees the change by itself

  --routes a,b    the only routes that the key may use (default: all)
  --config FILE   the configuration (default: ${DEFAULT_FILE})
  --json          one object on one line

Exit codes: 0 done, 2 bad use or configuration.`;

export const keys: Command = { summary: "make, list and revoke gateway keys", help: HELP, run: runKeys };

const PREFIX = "hf_";
/** 160 bits. */
const LETTERS = 32;
const NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;
const ACTIONS = ["create", "list", "revoke"] as const;

async function runKeys(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, { routes: { type: "string" }, config: { type: "string" } }, 2);
  if (!parsed.ok) return misuse("keys", parsed.message);
  const [what, name] = parsed.rest;
  const action = ACTIONS.find((one) => one === what);
  if (action === undefined) {
    const near = what === undefined ? undefined : nearest(what, ACTIONS);
    return misuse("keys", near === undefined ? `one of ${ACTIONS.join(", ")} is needed` : `did you mean "${near}"?`);
  }
  if (action === "list") return name === undefined ? list(parsed.flags) : misuse("keys", `"${name}" is not expected`);
  if (name === undefined) return misuse("keys", `${action} needs a NAME`);
  return action === "create" ? create(name, parsed.flags) : revoke(name, parsed.flags);
}

function create(name: string, flags: Flags): number {
  if (!NAME.test(name)) {
    return misuse("keys", `"${name}" is no name for a key: letters, digits, \`.\`, \`_\` and \`-\`, at most 64`);
  }
  const routes = textFlag(flags, "routes")
    ?.split(",")
    .map((route) => route.trim());
  if (routes?.includes("")) return misuse("keys", "--routes is a list such as chat,claude-*");
  const key = PREFIX + secretText(LETTERS);
  const hash = `sha256:${bytesToHex(sha256(utf8ToBytes(key)))}`;
  const entry: KeyEntry = { name, hash, ...(routes && { routes }) };
  if (flags.json === true) console.log(JSON.stringify({ ...entry, key }));
  else {
    console.log(`${key}\n`);
    console.log(`It is shown this once. For the configuration:\n\nkeys:\n${entryLine(entry)}`);
  }
  return 0;
}

async function list(flags: Flags): Promise<number> {
  const found = await readEntries(flags);
  if ("problem" in found) return misuse("keys", found.problem);
  const { entries, file } = found;
  if (flags.json === true) console.log(JSON.stringify({ file, keys: entries }));
  else if (entries.length === 0) console.log(`${file} has no keys: whoever reaches the gateway may call`);
  else for (const { name, routes, hash } of entries) console.log(row(name, routes, hash));
  return 0;
}

function row(name: string, routes: readonly string[] | undefined, hash: string): string {
  return `${name.padEnd(20)} ${hash.slice(0, "sha256:".length + 8)}…  ${routes?.join(", ") ?? "all routes"}`;
}

async function revoke(name: string, flags: Flags): Promise<number> {
  const found = await readEntries(flags);
  if ("problem" in found) return misuse("keys", found.problem);
  const { entries, file, text } = found;
  const others = entries.filter((entry) => entry.name !== name);
  const next = withoutEntry(text, name);
  if (next === undefined) {
    const near = nearest(
      name,
      others.map((entry) => entry.name),
    );
    return misuse("keys", `${file} has no key "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}`);
  }
  // Without any key the gateway would ask for none.
  if (others.length === 0) {
    return misuse("keys", `"${name}" is the last key: without it anybody may call. Make another one first`);
  }
  const problem = await replaceTextFile(file, next);
  if (problem !== undefined) return misuse("keys", problem);
  if (flags.json === true) console.log(JSON.stringify({ file, revoked: name }));
  else console.log(`revoked ${name} in ${file}; a running gateway takes it over within seconds`);
  return 0;
}

interface Found {
  readonly file: string;
  readonly text: string;
  readonly entries: readonly KeyEntry[];
}

async function readEntries(flags: Flags): Promise<Found | { readonly problem: string }> {
  const file = textFlag(flags, "config") ?? DEFAULT_FILE;
  const read = await readTextFile(file);
  if ("problem" in read) return read;
  const entries = listEntries(read.text);
  return entries === undefined
    ? { problem: `${file} is no YAML; see holdfast check` }
    : { file, text: read.text, entries };
}
