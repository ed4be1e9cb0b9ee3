// Provider keys that are kept in files or printed by commands, read ahead of need: a call never waits for a disk or a
// process. What a key is used for, and what it means that it was rejected, is not known here.

import { spawn } from "node:child_process";
import { type FSWatcher, watch } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../core/runtime.ts";
import type { KeySource, Secrets } from "../core/settings.ts";

type Place = Exclude<KeySource, string>;

export interface SecretReader extends Secrets {
  /**
   * Makes these the places that are read, and reads those that are new. Resolves, when all were tried, to what went wrong:
   * one sentence each, never with a key. The others are forgotten.
   */
  follow(sources: readonly KeySource[]): Promise<readonly string[]>;
  stop(): void;
}

export interface SecretOptions {
  readonly clock: Clock;
  /** Takes a sentence when a key that was there cannot be read any more. */
  readonly warn?: (message: string) => void;
}

/** How long a read is good for where nothing says that it changed; also the least time between two because of rejections. */
const FRESH_MS = 60_000;
/** A change often comes as several: a file is emptied, then written. */
const SETTLE_MS = 100;
const COMMAND_MS = 10_000;
const BYTES_MAX = 65_536;

export function createSecretReader({ clock, warn = () => {} }: SecretOptions): SecretReader {
  const entries = new Map<string, Entry>();
  return {
    current: (place) => entries.get(nameOf(place))?.current(),
    rejected: (place) => entries.get(nameOf(place))?.rejected(),
    async follow(sources) {
      const wanted = new Map(
        sources.flatMap((source) => (typeof source === "string" ? [] : [[nameOf(source), source]])),
      );
      for (const [name, entry] of entries) {
        if (wanted.has(name)) continue;
        entry.stop();
        entries.delete(name);
      }
      const made = [...wanted].filter(([name]) => !entries.has(name));
      for (const [name, place] of made) entries.set(name, new Entry(place, clock, warn));
      const problems = await Promise.all(made.map(([name]) => entries.get(name)?.read()));
      return problems.filter((problem) => problem !== undefined);
    },
    stop() {
      for (const entry of entries.values()) entry.stop();
      entries.clear();
    },
  };
}

function nameOf(place: Place): string {
  return "file" in place ? `file ${place.file}` : `command ${place.command}`;
}

/** One place: its last good value stays until a better one is read. */
class Entry {
  readonly #place: Place;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  readonly #watcher: FSWatcher | undefined;
  #value: string | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<string | undefined> | undefined;
  #settling: (() => void) | undefined;

  constructor(place: Place, clock: Clock, warn: (message: string) => void) {
    this.#place = place;
    this.#clock = clock;
    this.#warn = warn;
    if ("file" in place) this.#watcher = watchFolder(place.file, () => this.#changed());
  }

  current(): string | undefined {
    // Without a key nothing is sent that could be rejected: then looking is what finds out that it can be had by now.
    if ("file" in this.#place || this.#value === undefined) this.#readAgain();
    return this.#value;
  }

  rejected(): void {
    this.#readAgain();
  }

  /** Resolves to what went wrong. */
  read(): Promise<string | undefined> {
    this.#readAtMs = this.#clock.now();
    this.#reading ??= this.#load().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  stop(): void {
    this.#watcher?.close();
    this.#settling?.();
  }

  #readAgain(): void {
    if (this.#clock.now() - this.#readAtMs < FRESH_MS) return;
    void this.read().then((problem) => problem !== undefined && this.#warn(problem));
  }

  #changed(): void {
    this.#settling ??= this.#clock.after(SETTLE_MS, () => {
      this.#settling = undefined;
      void this.read();
    });
  }

  async #load(): Promise<string | undefined> {
    const place = this.#place;
    const told = await ("file" in place ? readFile(place.file) : run(place.command, this.#clock));
    if ("problem" in told) return told.problem;
    const line = told.text.split("\n", 1)[0]?.trim() ?? "";
    const what = "file" in place ? place.file : "the key command";
    if (line === "") return `${what}: there is no key in its first line`;
    // Anything else would not survive as a header.
    if (!/^[\x21-\x7e]{1,4096}$/.test(line)) return `${what}: its first line is not a key`;
    this.#value = line;
    return undefined;
  }
}

type Told = { readonly text: string } | { readonly problem: string };

/** The folder, for files are replaced by others of the same name, and mounted ones by links beside them. */
function watchFolder(file: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dirname(file), { persistent: false }, changed);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    // It is read again within the minute all the same.
    return undefined;
  }
}

async function readFile(file: string): Promise<Told> {
  try {
    const handle = await open(file, "r");
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(BYTES_MAX), 0, BYTES_MAX, 0);
      return { text: buffer.toString("utf8", 0, bytesRead) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return { problem: `${file}: ${code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`}` };
  }
}

/** Its own words are not repeated: they may hold what it was asked for. */
function run(command: string, clock: Clock): Promise<Told> {
  return new Promise((resolve) => {
    // A group of its own: what the shell has started ends with it.
    const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "ignore"], detached: true });
    const settle = (told: Told): void => {
      disarm();
      resolve(told);
    };
    const disarm = clock.after(COMMAND_MS, () => {
      endGroup(child.pid);
      settle({ problem: `the key command took over ${COMMAND_MS / 1_000} s` });
    });
    let text = "";
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (part: string) => {
      if (text.length < BYTES_MAX) text += part;
    });
    child.on("error", () => settle({ problem: "the key command cannot be started" }));
    child.on("close", (code) =>
      settle(code === 0 ? { text } : { problem: `the key command failed (exit code ${code})` }),
    );
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself meanwhile.
  }
}
