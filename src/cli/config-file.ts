// Finds the configuration file and reads it. What it says is `config/`'s business.

import { type Loaded, loadSettings } from "../config/load.ts";
import { readTextFile } from "../runtime/command-io.ts";

export const DEFAULT_FILE = "holdfast.yaml";

export type ConfigFile =
  | { readonly found: true; readonly file: string; readonly loaded: Loaded }
  /** `message` is absent when there is merely no `holdfast.yaml`. */
  | { readonly found: false; readonly message?: string };

/** The file that was named, else `holdfast.yaml` of the working folder. */
export async function readConfigFile(named: string | undefined): Promise<ConfigFile> {
  const file = named ?? DEFAULT_FILE;
  const read = await readTextFile(file);
  if ("text" in read) return { found: true, file, loaded: loadSettings(read.text, { file, env: process.env }) };
  // Any other trouble with the usual file is told: it is there, and whoever wrote it believes it is read.
  const absent = named === undefined && read.problem.includes("there is no such file");
  return absent ? { found: false } : { found: false, message: read.problem };
}
