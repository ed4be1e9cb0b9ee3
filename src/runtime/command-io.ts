// What a command needs of the machine beyond the engine's `Runtime`: a file's text, and the signal to stop. Not for the
// data path.

import { closeSync, openSync, readdirSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Larger files are refused: a script or a configuration is a few kilobytes. */
const FILE_MAX_BYTES = 4 * 1024 * 1024;

/** The file's text, or why there is none. */
export async function readTextFile(path: string): Promise<{ readonly text: string } | { readonly problem: string }> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > FILE_MAX_BYTES) return { problem: `${path}: the file is over ${FILE_MAX_BYTES} bytes` };
    return { text: bytes.toString("utf8") };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return { problem: `${path}: ${code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`}` };
  }
}

/** The names of what is in a folder that ships with the package. Throws where there is none. */
export function listFiles(folder: string): readonly string[] {
  return readdirSync(folder);
}

/** Writes a file that is not there yet; gives why it could not be. */
export async function writeNewTextFile(path: string, text: string): Promise<string | undefined> {
  try {
    await writeFile(path, text, { flag: "wx" });
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unwritable";
    return `${path}: ${code === "EEXIST" ? "there is such a file already; it is left as it is" : `it cannot be written (${code})`}`;
  }
}

/** Writes a file, its folders too; a reader sees the old text or the new one. Gives why it could not be written. */
export async function putTextFile(path: string, text: string): Promise<string | undefined> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.next`, text);
    await rename(`${path}.next`, path);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unwritable";
    return `${path}: it cannot be written (${code})`;
  }
}

const startedInTerminal = process.stdin.isTTY === true;

/** True when this process was started in a terminal that is there no more. */
export function hasLostTerminal(): boolean {
  if (!startedInTerminal) return false;
  try {
    closeSync(openSync("/dev/tty", "r"));
    return false;
  } catch {
    return true;
  }
}

/** Resolves at the first SIGINT or SIGTERM. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
