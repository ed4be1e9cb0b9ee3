import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../core/runtime.ts";
import { systemClock } from "./clock.ts";
import { createSecretReader } from "./secrets.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function until(happened: () => boolean): Promise<void> {
  for (let tries = 0; !happened(); tries++) {
    if (tries > 400) throw new Error("did not happen within 4 s");
    await Bun.sleep(10);
  }
}

/** The machine's clock, moved ahead by hand. */
function skippingClock(): Clock & { skip(ms: number): void } {
  let aheadMs = 0;
  return {
    now: () => systemClock.now() + aheadMs,
    after: systemClock.after,
    skip(ms) {
      aheadMs += ms;
    },
  };
}

test("the first line of a file is the key", async () => {
  const reader = createSecretReader({ clock: systemClock });
  const file = write("one", "sk-one\nnot this\n");
  expect(reader.current({ file })).toBeUndefined();
  expect(await reader.follow(["sk-literal", { file }])).toEqual([]);
  expect(reader.current({ file })).toBe("sk-one");
  reader.stop();
});

test("a file that is written anew, or replaced, is seen", async () => {
  const reader = createSecretReader({ clock: systemClock });
  const file = write("two", "sk-old");
  await reader.follow([{ file }]);
  writeFileSync(file, "sk-new");
  await until(() => reader.current({ file }) === "sk-new");
  renameSync(write("two.next", "sk-newer"), file);
  await until(() => reader.current({ file }) === "sk-newer");
  reader.stop();
});

test("a file that is gone or empty leaves the last good key", async () => {
  const reader = createSecretReader({ clock: systemClock });
  const file = write("three", "sk-three");
  await reader.follow([{ file }]);
  writeFileSync(file, "");
  await Bun.sleep(250);
  expect(reader.current({ file })).toBe("sk-three");
  reader.stop();
});

test("what goes wrong is told without what was read", async () => {
  const reader = createSecretReader({ clock: systemClock });
  const odd = write("odd", "this is no key\n");
  const empty = write("empty", "\nsk-second-line");
  const problems = await reader.follow([
    { file: join(folder, "absent") },
    { file: odd },
    { file: empty },
    { command: "echo sk-leaked >&2; exit 3" },
    { command: "echo 'two words'" },
  ]);
  expect(problems).toEqual([
    `${folder}/absent: there is no such file`,
    `${odd}: its first line is not a key`,
    `${empty}: there is no key in its first line`,
    "the key command failed (exit code 3)",
    "the key command: its first line is not a key",
  ]);
  reader.stop();
});

test("a command is run at the start, and again after a rejection, once a minute at most", async () => {
  const clock = skippingClock();
  const reader = createSecretReader({ clock });
  const counter = write("runs", "");
  const command = `echo run >> ${counter}; echo sk-$(wc -l < ${counter} | tr -d ' ')`;
  expect(await reader.follow([{ command }])).toEqual([]);
  expect(reader.current({ command })).toBe("sk-1");
  reader.rejected({ command });
  await Bun.sleep(100);
  expect(reader.current({ command })).toBe("sk-1");
  clock.skip(61_000);
  expect(reader.current({ command })).toBe("sk-1");
  reader.rejected({ command });
  reader.rejected({ command });
  await until(() => reader.current({ command }) === "sk-2");
  await Bun.sleep(100);
  expect(reader.current({ command })).toBe("sk-2");
  reader.stop();
});

test("a command that gave no key at the start is run again while one is asked for, once a minute at most", async () => {
  const clock = skippingClock();
  const warned: string[] = [];
  const reader = createSecretReader({ clock, warn: (message) => void warned.push(message) });
  const vault = join(folder, "vault");
  const counter = write("asked", "");
  const command = `echo run >> ${counter}; cat ${vault}`;
  expect(await reader.follow([{ command }])).toEqual(["the key command failed (exit code 1)"]);
  clock.skip(61_000);
  for (let look = 0; look < 5; look++) expect(reader.current({ command })).toBeUndefined();
  await until(() => warned.length > 0);
  expect(reader.current({ command })).toBeUndefined();
  expect(await Bun.file(counter).text()).toBe("run\nrun\n");
  write("vault", "sk-late");
  clock.skip(61_000);
  await until(() => reader.current({ command }) === "sk-late");
  expect(warned).toEqual(["the key command failed (exit code 1)"]);
  reader.stop();
});

test("a file is read again within a minute even where nothing tells of its change", async () => {
  const clock = skippingClock();
  const reader = createSecretReader({ clock });
  const file = write("four", "sk-four");
  await reader.follow([{ file }]);
  clock.skip(61_000);
  writeFileSync(file, "sk-five");
  reader.current({ file });
  await until(() => reader.current({ file }) === "sk-five");
  reader.stop();
});

test("a command that hangs is ended with all it started", async () => {
  const hurried: Clock = {
    now: systemClock.now,
    after: (delayMs, fire) => systemClock.after(delayMs / 100, fire),
  };
  const reader = createSecretReader({ clock: hurried });
  const alive = join(folder, "alive");
  const command = `(sleep 1; touch ${alive}) & sleep 20; echo sk-late`;
  const startedMs = performance.now();
  expect(await reader.follow([{ command }])).toEqual(["the key command took over 10 s"]);
  expect(performance.now() - startedMs).toBeLessThan(900);
  await Bun.sleep(1_200);
  expect(await Bun.file(alive).exists()).toBe(false);
  reader.stop();
});

test("places that are no longer wanted are forgotten", async () => {
  const reader = createSecretReader({ clock: systemClock });
  const file = write("five", "sk-five");
  await reader.follow([{ file }]);
  await reader.follow([]);
  expect(reader.current({ file })).toBeUndefined();
  reader.stop();
});
