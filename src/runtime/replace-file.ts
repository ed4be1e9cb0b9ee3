// Replacing a file's text in one step: a reader sees the old text or the new one, never half of it. Not for the data path.

import { chmod, realpath, rename, rm, stat, writeFile } from "node:fs/promises";

/** Keeps the file's mode, and a link a link; gives why it could not be done. */
export async function replaceTextFile(path: string, text: string): Promise<string | undefined> {
  let next: string | undefined;
  try {
    const real = await realpath(path);
    const { mode } = await stat(real);
    next = `${real}.${process.pid}.tmp`;
    await writeFile(next, text, { flag: "wx" });
    await chmod(next, mode & 0o7777);
    await rename(next, real);
    return undefined;
  } catch (error) {
    if (next !== undefined) await rm(next, { force: true }).catch(() => {});
    const code = error instanceof Error && "code" in error ? String(error.code) : "unwritable";
    return `${path}: it cannot be written (${code})`;
  }
}
