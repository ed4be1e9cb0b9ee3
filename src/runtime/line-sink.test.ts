// The sink of lines: all of them in order where they are taken, and none waited for where they are not.

import { afterAll, expect, spyOn, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLineSink } from "./line-sink.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-sink-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tellDropped = (count: number) => `dropped ${count}`;

test("lines arrive whole and in order, in few writes", async () => {
  const path = join(folder, "lines");
  const fd = openSync(path, "w");
  const sink = createLineSink(fd, { tellDropped });
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index} ä`);
  for (const line of lines) sink.write(line);
  await sink.flush(5_000);
  sink.write("one more");
  await sink.flush(5_000);
  closeSync(fd);
  expect(readFileSync(path, "utf8")).toBe(`${[...lines, "one more"].join("\n")}\n`);
  expect(sink.dropped).toBe(0);
});

test("much is written without waiting for the timer", async () => {
  const path = join(folder, "early");
  const fd = openSync(path, "w");
  const sink = createLineSink(fd, { tellDropped });
  const all = `first\n${`${"x".repeat(999)}\n`.repeat(70)}`;
  const never = (() => ({ unref() {} })) as unknown as typeof setTimeout;
  const timers = spyOn(globalThis, "setTimeout").mockImplementation(never);
  try {
    for (const line of all.split("\n").slice(0, -1)) sink.write(line);
    while (readFileSync(path).length < all.length) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    timers.mockRestore();
    closeSync(fd);
  }
  expect(readFileSync(path, "utf8")).toBe(all);
  expect(sink.dropped).toBe(0);
});

test("beyond the limit lines are dropped and their number is told", async () => {
  const path = join(folder, "dropped");
  const fd = openSync(path, "w");
  const sink = createLineSink(fd, { tellDropped, waitingMax: 100 });
  for (let i = 0; i < 50; i++) sink.write("123456789");
  await sink.flush(5_000);
  closeSync(fd);
  expect(sink.dropped).toBe(40);
  expect(readFileSync(path, "utf8").split("\n")).toEqual([...Array<string>(10).fill("123456789"), "dropped 40", ""]);
});

test("a reader that never reads holds nobody up", async () => {
  const fifo = join(folder, "unread");
  expect(Bun.spawnSync(["mkfifo", fifo]).exitCode).toBe(0);
  const script = `
    import { openSync } from "node:fs";
    import { createLineSink } from ${JSON.stringify(join(import.meta.dir, "line-sink.ts"))};
    const sink = createLineSink(openSync(${JSON.stringify(fifo)}, "r+"), { tellDropped: String, waitingMax: 100_000 });
    let slowest = 0, last = performance.now();
    for (let i = 0; i < 40; i++) {
      for (let k = 0; k < 500; k++) sink.write("x".repeat(100));
      await new Promise((resolve) => setTimeout(resolve, 5));
      slowest = Math.max(slowest, performance.now() - last);
      last = performance.now();
    }
    await sink.flush(50);
    console.log(JSON.stringify({ slowest, dropped: sink.dropped }));
    process.exit(0);
  `;
  const writer = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "pipe" });
  const { slowest, dropped } = JSON.parse(await new Response(writer.stdout).text()) as {
    slowest: number;
    dropped: number;
  };
  expect(await writer.exited).toBe(0);
  expect(dropped).toBeGreaterThan(1_000);
  expect(slowest).toBeLessThan(1_000);
});

test("a reader that is gone costs lines only", async () => {
  const path = join(folder, "closed");
  const fd = openSync(path, "w");
  closeSync(fd);
  const readOnly = openSync(path, "r");
  const sink = createLineSink(readOnly, { tellDropped });
  sink.write("nobody");
  await sink.flush(5_000);
  sink.write("takes it");
  closeSync(readOnly);
  expect(sink.dropped).toBe(1);
});
