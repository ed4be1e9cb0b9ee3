// Lines to a file descriptor (the call log on stderr), written in batches and never waited for: whoever reads slowly loses
// lines and is told how many. Not for what must not be lost.

import { write } from "node:fs";

export interface LineSink {
  /** Takes one line without its end. */
  write(line: string): void;
  /** Lines given up, in all. */
  readonly dropped: number;
  /** Resolves when all is written, or after `graceMs`. */
  flush(graceMs: number): Promise<void>;
}

export interface LineSinkOptions {
  /** The line that says how many were dropped just before. */
  tellDropped(count: number): string;
  /** Characters that may wait. */
  readonly waitingMax?: number;
}

/** Some thousand lines. */
const WAITING_CHARS_MAX = 2_000_000;
/** Lines of this time share one write. */
const BATCH_MS = 100;
/** So much is not waited with; it is what a pipe takes at once. */
const BATCH_CHARS = 65_536;
/** A pipe that is full is tried again after this. */
const FULL_MS = 50;

export function createLineSink(fd: number, { tellDropped, waitingMax = WAITING_CHARS_MAX }: LineSinkOptions): LineSink {
  let waiting: string[] = [];
  let waitingChars = 0;
  let dropped = 0;
  let untold = 0;
  let state: "idle" | "armed" | "writing" | "gone" = "idle";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settled: (() => void)[] = [];

  const arm = (delayMs: number): void => {
    state = "armed";
    // Nothing is held open for the log: the end of the process flushes it.
    timer = setTimeout(send, delayMs);
    timer.unref();
  };
  const send = (): void => {
    clearTimeout(timer);
    state = "writing";
    if (untold > 0) waiting.push(tellDropped(untold));
    untold = 0;
    const bytes = Buffer.from(`${waiting.join("\n")}\n`);
    waiting = [];
    writeAll(fd, bytes, (taken) => (taken ? done() : finish("gone")));
  };
  const done = (): void => {
    waitingChars = waiting.reduce((sum, line) => sum + line.length + 1, 0);
    if (waiting.length > 0 || untold > 0) send();
    else finish("idle");
  };
  const finish = (next: "idle" | "gone"): void => {
    state = next;
    for (const resolve of settled.splice(0)) resolve();
  };
  return {
    write(line) {
      if (state === "gone" || waitingChars + line.length > waitingMax) {
        dropped++;
        untold++;
        return;
      }
      waiting.push(line);
      waitingChars += line.length + 1;
      if (state === "idle") arm(BATCH_MS);
      if (state === "armed" && waitingChars >= BATCH_CHARS) send();
    },
    get dropped() {
      return dropped;
    },
    flush(graceMs) {
      if (state === "idle" || state === "gone") return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        settled.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}

/** `taken` is false when nobody reads there any more. */
function writeAll(fd: number, bytes: Buffer, settle: (taken: boolean) => void): void {
  write(fd, bytes, 0, bytes.length, null, (error, count) => {
    if (error?.code === "EAGAIN") setTimeout(() => writeAll(fd, bytes, settle), FULL_MS).unref();
    else if (error) settle(false);
    else if (count < bytes.length) writeAll(fd, bytes.subarray(count), settle);
    else settle(true);
  });
}
