// The timers that deadlines share on the machine's clock, on real time: order and what is taken back, never how long it took.

import { expect, test } from "bun:test";
import { LazyDeadline } from "../core/timing.ts";
import { systemClock } from "./clock.ts";

/** A deadline; the result takes it back. */
function within(delayMs: number, fire: () => void): () => void {
  const deadline = new LazyDeadline(systemClock, fire);
  deadline.move(delayMs);
  return () => deadline.stop();
}

/** From here on deadlines share timers. */
const FAR_MS = 1_000;

test("fires all that are due together, in their order, and none that was taken back", async () => {
  const fired: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = ["a", "b", "c"].map((name) => within(FAR_MS, () => fired.push(name)));
  off[1]?.();
  within(FAR_MS + 100, resolve);
  await promise;
  expect(fired).toEqual(["a", "c"]);
});

test("one that takes another back while both are due keeps it from firing", async () => {
  const fired: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  let off = (): void => {};
  within(FAR_MS, () => {
    fired.push("first");
    off();
    off();
  });
  off = within(FAR_MS, () => fired.push("second"));
  within(FAR_MS + 100, resolve);
  await promise;
  expect(fired).toEqual(["first"]);
});

test("is never early, and what is armed while it fires has its own time", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const beganMs = systemClock.now();
  within(FAR_MS, () => within(FAR_MS, () => resolve(systemClock.now() - beganMs)));
  // A native timer may come a fraction of a millisecond early.
  expect(await promise).toBeGreaterThanOrEqual(2 * FAR_MS - 2);
});

test.each([
  ["nothing armed", ""],
  ["one taken back", "within().stop();"],
  ["two in one moment taken back", "const a = within(), b = within(); b.stop(); a.stop();"],
])("does not keep a process alive with %s", async (_, code) => {
  const pathOf = (file: string): string => JSON.stringify(new URL(file, import.meta.url).pathname);
  const imports = `import { systemClock } from ${pathOf("./clock.ts")}; import { LazyDeadline } from ${pathOf("../core/timing.ts")};`;
  const within =
    "const within = () => { const d = new LazyDeadline(systemClock, () => {}); d.move(60_000); return d; };";
  const child = Bun.spawn([process.execPath, "-e", `${imports} ${within} ${code}`]);
  expect(await child.exited).toBe(0);
});
