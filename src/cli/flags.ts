// Flags of a command, read with `node:util`; a slip is answered with the nearest flag. Not what they mean.

import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { nearest } from "../core/nearest.ts";

export type Flags = Readonly<Record<string, string | boolean | undefined>>;

export type ParsedFlags =
  | { readonly ok: true; readonly flags: Flags; readonly rest: readonly string[] }
  | { readonly ok: false; readonly message: string };

/** `--help` and `--json` belong to every command; `rest` are the words that are no flags, at most `words` of them. */
export function readFlags(args: readonly string[], options: ParseArgsOptionsConfig, words = 0): ParsedFlags {
  const all: ParseArgsOptionsConfig = { ...options, help: { type: "boolean", short: "h" }, json: { type: "boolean" } };
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: all, allowPositionals: true, strict: true });
    const extra = positionals[words];
    if (extra !== undefined) return { ok: false, message: `"${extra}" is not expected here` };
    const flags = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? undefined : value]),
    );
    return { ok: true, flags, rest: positionals };
  } catch (error) {
    return { ok: false, message: explain(error, args, Object.keys(all)) };
  }
}

function explain(error: unknown, args: readonly string[], known: readonly string[]): string {
  const unknown = args
    .filter((arg) => arg.startsWith("--") && arg !== "--")
    .map((arg) => arg.slice(2).split("=", 1)[0] ?? "")
    .find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const near = nearest(unknown, known);
    return `unknown flag --${unknown}${near === undefined ? "" : `; did you mean --${near}?`}`;
  }
  // The first sentence; the rest explains the parser to programmers.
  return error instanceof Error ? (error.message.split(/\. |\n/, 1)[0] ?? error.message) : String(error);
}

export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
}
