// `holdfast init`: writes a first configuration from the provider keys that the environment has. Never over another file,
// and never a key: the file names the variable.

import { dirname, join, relative, resolve } from "node:path";
import { PROVIDERS } from "../../catalog/providers.ts";
import { starter } from "../config/starter.ts";
import { writeNewTextFile } from "../runtime/command-io.ts";
import { type Command, misuse } from "./command.ts";
import { DEFAULT_FILE } from "./config-file.ts";
import { readFlags, textFlag } from "./flags.ts";

const HELP = `holdfast init [--file ${DEFAULT_FILE}] [--json]

Writes a commented configuration from the provider keys found in the environment. It never overwrites a file, and writes
the names of the variables, never their values.

  --file FILE   what to write (default: ${DEFAULT_FILE})
  --json        one object on one line: { file, found }

Exit codes: 0 written, 2 not.`;

export const init: Command = { summary: "write a first configuration", help: HELP, run: runInit };

const SCHEMA = join("schema", "holdfast.schema.json");
const ROOT = join(import.meta.dir, "..", "..");

async function runInit(args: readonly string[]): Promise<number> {
  const parsed = readFlags(args, { file: { type: "string" } });
  if (!parsed.ok) return misuse("init", parsed.message);
  const file = textFlag(parsed.flags, "file") ?? DEFAULT_FILE;
  const { text, found } = starter(process.env, schemaSeenFrom(file));
  const problem = await writeNewTextFile(file, text);
  if (problem !== undefined) return misuse("init", problem);
  if (parsed.flags.json === true) console.log(JSON.stringify({ file, found }));
  else
    console.log(
      `wrote ${file} ${told(found)}\nNext: holdfast check --live${file === DEFAULT_FILE ? "" : ` --config ${file}`}`,
    );
  return 0;
}

/** As a path inside the user's own project; one outside would not be there tomorrow. */
function schemaSeenFrom(file: string): string {
  const seen = relative(dirname(resolve(file)), join(ROOT, SCHEMA)).replaceAll("\\", "/");
  return seen.startsWith("..") || /^\w:/.test(seen) ? "node_modules/holdfast/schema/holdfast.schema.json" : seen;
}

function told(found: readonly { readonly provider: string; readonly variable: string }[]): string {
  if (found.length > 0) return `for ${found.map(({ provider, variable }) => `${provider} (${variable})`).join(", ")}`;
  const variables = Object.values(PROVIDERS).flatMap(({ keyVariable }) => keyVariable ?? []);
  return `for a local Ollama: no provider key is in the environment (looked for ${variables.join(", ")})`;
}
