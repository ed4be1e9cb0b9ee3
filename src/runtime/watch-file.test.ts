import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "./clock.ts";
import { watchFile } from "./watch-file.ts";

const POLL_MS = 10;
let folder = "";
let stop = () => {};
let calls = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-watch-"));
  calls = 0;
});
afterEach(() => {
  stop();
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string) => join(folder, name);

async function watch(name: string): Promise<void> {
  stop = watchFile(path(name), () => void calls++, { clock: systemClock, pollMs: POLL_MS });
  await Bun.sleep(POLL_MS * 5);
  expect(calls).toBe(0);
}

async function told(count: number): Promise<void> {
  for (let turn = 0; turn < 200 && calls < count; turn++) await Bun.sleep(POLL_MS);
  // And no more than that.
  await Bun.sleep(POLL_MS * 8);
  expect(calls).toBe(count);
}

test("a file that is written again, and again", async () => {
  writeFileSync(path("a"), "one");
  await watch("a");
  writeFileSync(path("a"), "two");
  await told(1);
  writeFileSync(path("a"), "three");
  await told(2);
});

test("a file that another replaces, after a while without any", async () => {
  writeFileSync(path("a"), "one");
  await watch("a");
  writeFileSync(path("b"), "two");
  renameSync(path("b"), path("a"));
  await told(1);
  unlinkSync(path("a"));
  await Bun.sleep(POLL_MS * 8);
  expect(calls).toBe(1);
  writeFileSync(path("a"), "three");
  await told(2);
});

test("a link that is turned, two links deep: a ConfigMap", async () => {
  for (const version of ["..1", "..2"]) {
    mkdirSync(path(version));
    writeFileSync(join(path(version), "holdfast.yaml"), version);
  }
  symlinkSync("..1", path("..data"));
  symlinkSync("..data/holdfast.yaml", path("holdfast.yaml"));
  await watch("holdfast.yaml");
  symlinkSync("..2", path("..new"));
  renameSync(path("..new"), path("..data"));
  await told(1);
});

test("a file that grows in pieces is told once it is whole", async () => {
  writeFileSync(path("a"), "");
  await watch("a");
  for (let piece = 0; piece < 20; piece++) {
    appendFileSync(path("a"), "piece\n");
    await Bun.sleep(POLL_MS / 3);
  }
  await Bun.sleep(POLL_MS * 20);
  // A slow machine may see a pause between two pieces.
  expect(calls).toBeWithin(1, 4);
});

test("after its end nothing is told", async () => {
  writeFileSync(path("a"), "one");
  await watch("a");
  stop();
  writeFileSync(path("a"), "two");
  await Bun.sleep(POLL_MS * 8);
  expect(calls).toBe(0);
});
