// The steps of `check` and `test`, each a child process: its output passes through, its time and its counts are kept.

import { join } from "node:path";

export const ROOT = join(import.meta.dir, "..");

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** The step is a run of `bun test`; any other step counts as one, passed or failed. */
  readonly tests?: true;
}

/** A step that runs longer hangs; it is ended and counts as failed. */
const STEP_LIMIT_MS = 900_000;

const bin = (name: string) => join(ROOT, "node_modules", ".bin", name);

/** Types, lint and formatting, house rules, generated pages, unit tests. */
export const CHECK_STEPS: readonly Step[] = [
  { name: "types", command: [bin("tsc"), "--noEmit", "-p", "."] },
  { name: "lint", command: [bin("biome"), "check", "--error-on-warnings", "."] },
  { name: "tidy", command: [process.execPath, "scripts/tidy.ts"] },
  { name: "docs", command: [process.execPath, "scripts/docs.ts", "--check"] },
  testStep("unit tests", ["./src", "./catalog", "./scripts"], { timeoutMs: 30_000, workers: workers() }),
];

/** Tests of the whole: the gateway over sockets, the official SDKs. */
export const WHOLE_STEPS: readonly Step[] = [
  testStep("tests of the whole", ["./test"], { timeoutMs: 120_000, workers: 1 }),
];

interface Running {
  readonly timeoutMs: number;
  /** Processes that share the files. Those of the whole have sockets and clocks of their own: one. */
  readonly workers: number;
}

function testStep(name: string, folders: readonly string[], { timeoutMs, workers }: Running): Step {
  // Without isolation a worker loads each module once, as one process for all would.
  const shared = workers > 1 ? [`--parallel=${workers}`, "--no-isolate"] : [];
  return {
    name,
    command: [process.execPath, "test", "--only-failures", ...shared, "--timeout", String(timeoutMs), ...folders],
    tests: true,
  };
}

/** More would each load the same modules for a few files. */
function workers(): number {
  return Math.min(4, navigator.hardwareConcurrency);
}

/** Runs all of them, whatever fails, and gives the sum. */
export async function runSteps(steps: readonly Step[]): Promise<Counts> {
  let sum: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const step of steps) {
    const startedMs = performance.now();
    console.log(`── ${step.name}`);
    const counts = await runStep(step);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    console.log(`── ${step.name}: ${counts.failed === 0 ? "ok" : "FAILED"} (${seconds} s)`);
    sum = {
      passed: sum.passed + counts.passed,
      failed: sum.failed + counts.failed,
      skipped: sum.skipped + counts.skipped,
    };
  }
  return sum;
}

async function runStep({ command, tests }: Step): Promise<Counts> {
  const child = Bun.spawn([...command], {
    cwd: ROOT,
    stdout: "pipe",
    stderr: "pipe",
    timeout: STEP_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const [, told] = await Promise.all([pass(child.stdout, process.stdout), pass(child.stderr, process.stderr)]);
  const code = await child.exited;
  if (tests) return countTests(told, code);
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

async function pass(from: ReadableStream<Uint8Array>, to: NodeJS.WriteStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of from) {
    to.write(part);
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

/** From the summary that `bun test` writes last. A run that ended badly has at least one failure, counted or not. */
export function countTests(output: string, exitCode: number): Counts {
  const plain = Bun.stripANSI(output);
  const count = (word: string) => Number([...plain.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))].at(-1)?.[1] ?? 0);
  const failed = count("fail") + count("errors?");
  return {
    passed: count("pass"),
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: count("skip") + count("todo"),
  };
}

/** `N passed, N failed[, N skipped]` */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}
