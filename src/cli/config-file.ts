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

/** Stands for a variable that is not set. Where it is taken for a url, nobody is there (RFC 2606). */
const NOT_SET = "http://not-set.invalid";

/** For what reads a configuration and calls nobody: from a shell that has not its environment it must be possible all the same. */
export async function readConfigLeniently(named: string | undefined): Promise<ConfigFile> {
  const config = await readConfigFile(named);
  if (!config.found || config.loaded.ok) return config;
  const { file, text } = config;
  const names = [...text.matchAll(/\$\{([A-Za-z_]\w*)\}/g)].map(([, name = ""]) => name);
  const unset = names.filter((name) => !process.env[name]).map((name) => [name, NOT_SET]);
  const loaded = loadSettings(text, { file, env: { ...process.env, ...Object.fromEntries(unset) } });
  return loaded.ok ? { ...config, loaded } : config;
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
