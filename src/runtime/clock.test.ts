// The shared timers of the machine's clock, on real time: order and what is taken back, never how long it took.

import { expect, test } from "bun:test";
import { systemClock } from "./clock.ts";

/** From here on deadlines share timers. */
const FAR_MS = 1_000;

test("fires all that are due together, in their order, and none that was taken back", async () => {
  const fired: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = ["a", "b", "c"].map((name) => systemClock.after(FAR_MS, () => fired.push(name)));
  off[1]?.();
  systemClock.after(FAR_MS + 100, resolve);
  await promise;
  expect(fired).toEqual(["a", "c"]);
});

test("one that takes another back while both are due keeps it from firing", async () => {
  const fired: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  let off = (): void => {};
  systemClock.after(FAR_MS, () => {
    fired.push("first");
    off();
    off();
  });
  off = systemClock.after(FAR_MS, () => fired.push("second"));
  systemClock.after(FAR_MS + 100, resolve);
  await promise;
  expect(fired).toEqual(["first"]);
});

test("is never early, and what is armed while it fires has its own time", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const beganMs = systemClock.now();
  systemClock.after(FAR_MS, () => systemClock.after(FAR_MS, () => resolve(systemClock.now() - beganMs)));
  // A native timer may come a fraction of a millisecond early.
  expect(await promise).toBeGreaterThanOrEqual(2 * FAR_MS - 2);
});

test.each([
  ["nothing armed", ""],
  ["one taken back", "systemClock.after(60_000, () => {})();"],
  [
    "two in one moment taken back",
    "const a = systemClock.after(60_000, () => {}), b = systemClock.after(60_000, () => {}); b(); a();",
  ],
])("does not keep a process alive with %s", async (_, code) => {
  const clock = new URL("./clock.ts", import.meta.url).pathname;
  const child = Bun.spawn([process.execPath, "-e", `import { systemClock } from ${JSON.stringify(clock)}; ${code}`]);
  expect(await child.exited).toBe(0);
});
