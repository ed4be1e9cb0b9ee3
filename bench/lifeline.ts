// Ends a process of the bench when its parent is gone or when it has lived too long, so that no load outlives a run.
// For the bench's own processes; the gateway under test has none of it.

const LIFE_LIMIT_MS = 30 * 60_000;

/** Ends this process when its standard input closes, or after half an hour. */
export function dieWithParent(): void {
  setTimeout(() => process.exit(1), LIFE_LIMIT_MS).unref();
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
}
