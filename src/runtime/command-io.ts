// What a command needs of the machine beyond the engine's `Runtime`: a file's text, and the signal to stop. Not for the
// data path.

import { closeSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

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

/** A pack of evidence with a month of requests is some tens of megabytes. */
const BYTES_MAX = 512 * 1024 * 1024;

/** The file's bytes, or why there are none. */
export async function readBytes(path: string): Promise<Uint8Array | { readonly problem: string }> {
  try {
    const bytes = await readFile(path);
    return bytes.length > BYTES_MAX ? { problem: `${path}: the file is over ${BYTES_MAX} bytes` } : bytes;
  } catch (error) {
    return {
      problem: `${path}: ${codeOf(error) === "ENOENT" ? "there is no such file" : `it cannot be read (${codeOf(error)})`}`,
    };
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unreadable";
}

/** The files of a folder in the order of their names, or why they cannot be read. What is below it is left out. */
export function readFolder(
  folder: string,
  filesMax: number,
):
  | { readonly files: readonly { readonly name: string; readonly changedMs: number; readonly bytes: Uint8Array }[] }
  | { readonly problem: string } {
  try {
    const names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort();
    if (names.length > filesMax) return { problem: `${folder}: there are over ${filesMax} files` };
    const files = names.map((name) => {
      const path = join(folder, name);
      const { size, mtimeMs } = statSync(path);
      if (size > FILE_MAX_BYTES) throw new Error(`${name} is over ${FILE_MAX_BYTES} bytes`);
      return { name, changedMs: mtimeMs, bytes: readFileSync(path) };
    });
    return { files };
  } catch (error) {
    return { problem: `${folder}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** The names of what is in a folder that ships with the package. Throws where there is none. */
export function listFiles(folder: string): readonly string[] {
  return readdirSync(folder);
}

/** Writes a file that is not there yet; gives why it could not be. */
export function writeNewTextFile(path: string, text: string): Promise<string | undefined> {
  return writeNewFile(path, new TextEncoder().encode(text));
}

/** The same of bytes. */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<string | undefined> {
  try {
    await writeFile(path, bytes, { flag: "wx" });
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

/** How soon the loss of the launcher is noticed: before another gateway could be ready in this one's place. */
const LAUNCHER_LOOK_MS = 100;

/** Ends this process when the launcher that started it (`bin/launch.mjs`) was killed outright: it cannot pass that on. */
export function endWithLauncher(): void {
  const launcher = Number(process.env.HOLDFAST_LAUNCHER);
  // What this process starts has other parents.
  delete process.env.HOLDFAST_LAUNCHER;
  if (process.ppid !== launcher) return;
  const timer = setInterval(() => {
    if (process.ppid !== launcher) process.kill(process.pid, "SIGKILL");
  }, LAUNCHER_LOOK_MS);
  timer.unref();
}
