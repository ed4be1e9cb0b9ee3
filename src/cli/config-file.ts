// Finds the configuration and reads it: a file, else what the environment has. What it says is `config/`'s business.

import type { Loaded } from "../config/load.ts";
import { loadSettings } from "../config/load-yaml.ts";
import { type ZeroConfig, zeroConfig } from "../config/zero-config.ts";
import { readTextFile } from "../runtime/command-io.ts";

export const DEFAULT_FILE = "holdfast.yaml";

export type ConfigFile =
  | { readonly found: true; readonly file: string; readonly text: string; readonly loaded: Loaded }
  /** `message` is absent when there is merely no `holdfast.yaml`. */
  | { readonly found: false; readonly message?: string };

/** The file that was named, else `holdfast.yaml` of the working folder. */
export async function readConfigFile(named: string | undefined): Promise<ConfigFile> {
  const file = named ?? DEFAULT_FILE;
  const read = await readTextFile(file);
  if ("text" in read) {
    return { found: true, file, text: read.text, loaded: loadSettings(read.text, { file, env: process.env }) };
  }
  // Any other trouble with the usual file is told: it is there, and whoever wrote it believes it is read.
  const absent = named === undefined && read.problem.includes("there is no such file");
  return absent ? { found: false } : { found: false, message: read.problem };
}

export type Configuration =
  | { readonly from: "file"; readonly name: string; readonly text: string; readonly loaded: Loaded }
  | { readonly from: "environment"; readonly name: string; readonly zero: ZeroConfig; readonly loaded: Loaded }
  /** Neither a file nor a key. */
  | { readonly from: "nothing" }
  | { readonly from: "unreadable"; readonly message: string };

/** `port`: where the gateway will serve, as far as it is known before there is a configuration. */
export async function readConfiguration(named: string | undefined, port?: number): Promise<Configuration> {
  const config = await readConfigFile(named);
  if (config.found) return { from: "file", name: config.file, text: config.text, loaded: config.loaded };
  if (config.message !== undefined) return { from: "unreadable", message: config.message };
  const zero = zeroConfig(process.env, port);
  if (zero === undefined) return { from: "nothing" };
  return { from: "environment", name: "the environment", zero, loaded: zero.loaded };
}
