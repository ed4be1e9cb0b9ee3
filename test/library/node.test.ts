// The library on Node: built as it is published, used by a program that Node runs, with the official SDKs as its clients.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "../../scripts/build.ts";
import type { DialectId } from "../../src/core/call.ts";
import { type Pair, startPair } from "../support/providers.ts";

const ROOT = join(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "holdfast-library-"));

/** An application's folder: the built package beside everything that is installed here. */
beforeAll(() => {
  const modules = join(folder, "node_modules");
  const own = join(modules, "holdfast");
  mkdirSync(own, { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (!name.startsWith(".")) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  copyFileSync(join(ROOT, "package.json"), join(own, "package.json"));
  build(join(own, "dist"));
  mkdirSync(join(modules, "@anthropic-ai"));
  symlinkSync(join(ROOT, "node_modules", "anthropic-sdk-1"), join(modules, "@anthropic-ai", "sdk"));
  for (const name of ["node-client.mjs", "node-memory.mjs", "node-vendors.mjs"]) {
    copyFileSync(join(import.meta.dir, name), join(folder, name));
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Came {
  readonly text?: string;
  readonly target?: string;
  readonly threw?: string;
  readonly message?: string;
}

interface Told {
  readonly results: Readonly<Record<string, Came>>;
  readonly facts: readonly string[];
  /** On a signal that outlived its calls. */
  readonly listeners: number;
}

/** What a program printed. Warnings of the platform are failures: a listener that is never taken off shows there. */
async function node(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = Bun.spawn(["node", ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
    timeout: 60_000,
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0 || err !== "") throw new Error(`node ended with ${code}: ${err}`);
  return out;
}

async function onNode(sdk: string, dialect: DialectId, { primary, backup }: Pair): Promise<Told> {
  const asked = JSON.stringify({ sdk, dialect, primary: primary.url, backup: backup.url });
  // The shape of what `node-client.mjs` prints.
  return JSON.parse(await node(["node-client.mjs", asked])) as Told;
}

const nodeMajor = Number(Bun.spawnSync(["node", "-p", "process.versions.node"]).stdout.toString().split(".")[0]);

const SDKS: readonly [sdk: string, dialect: DialectId, nodeAtLeast: number][] = [
  ["openai-6", "openai-chat", 20],
  ["openai-7", "openai-chat", 22],
  ["anthropic-sdk-0", "anthropic-messages", 20],
  ["anthropic-sdk-1", "anthropic-messages", 20],
];

for (const [sdk, dialect, nodeAtLeast] of SDKS) {
  if (!(nodeMajor >= nodeAtLeast)) {
    test.skip(`${sdk} needs Node ${nodeAtLeast}; this is ${nodeMajor}`, () => {});
    continue;
  }
  describe(`${sdk} on Node ${nodeMajor}`, () => {
    let pair: Pair;
    let told: Told = { results: {}, facts: [], listeners: -1 };
    beforeAll(async () => {
      pair = startPair(dialect);
      told = await onNode(sdk, dialect, pair);
    });
    afterAll(() => pair.stop());

    test("a healthy primary answers, whole and as a stream", () => {
      for (const came of [told.results.whole, told.results.stream]) {
        expect(came).toEqual({
          text: expect.stringContaining("primary"),
          target: expect.stringMatching(/^primary\/a-\d+$/),
        });
      }
    });

    test("a failing primary is replaced unseen, whole and as a stream", () => {
      for (const name of ["wholeRescued", "streamRescued", "refusedConnection"]) {
        expect(told.results[name]).toEqual({ text: expect.stringContaining("backup"), target: "backup/b" });
      }
    });

    test("a stream that breaks is gone on with", () => {
      const { text, threw } = told.results.resumed ?? {};
      expect(threw).toBeUndefined();
      expect(text).toMatch(/^This is primary with .*\.$/);
    });

    test("a stream that breaks, and is not gone on with, throws in the SDK, after what came", () => {
      const { text, threw, message } = told.results.inBandError ?? {};
      expect(text).not.toBe("");
      expect(threw).toMatch(/Error$/);
      expect(message).toContain("broke off");
    });

    test("leaving rejects as the platform's fetch does, before the answer and within it", () => {
      expect(told.results.leftBefore?.threw).toBe("APIUserAbortError");
      expect(told.results.bareLeftBefore?.message).toBe("The operation was aborted due to timeout");
      expect(told.results.bareLeftWithin?.message).toBe("The operation was aborted due to timeout");
      // An SDK's stream that its own reader aborts ends quietly.
      expect(told.results.leftWithin?.threw).toBeUndefined();
      expect(told.results.leftWithin?.text?.length).toBeLessThan(told.results.stream?.text?.length ?? 0);
    });

    test("a call that is over has left the caller's signal", () => {
      expect(told.listeners).toBe(0);
    });

    test("whoever leaves closes the connection to the provider", () => {
      expect(
        pair.primary
          .log()
          .slice(-6, -2)
          .map(({ ended }) => ended),
      ).toEqual(Array(4).fill("client-closed"));
    });

    test("the facts of every call were told", () => {
      const count = (type: string) => told.facts.filter((fact) => fact === type).length;
      expect(count("call-start")).toBe(13);
      expect(count("call-end")).toBe(13);
    });
  });
}

test("a call leaves no memory behind", async () => {
  expect(Number(await node(["--expose-gc", "node-memory.mjs"]))).toBeLessThan(2_000);
});

test("the guide's program runs as printed, and through an outage", async () => {
  const guide = readFileSync(join(ROOT, "docs/guides/library.md"), "utf8");
  const program = guide.match(/<!-- test: library -->\n```js\n([\s\S]*?)```/)?.[1];
  writeFileSync(join(folder, "guide.mjs"), program ?? "throw new Error('no program in the guide');");
  const { primary, backup, stop } = startPair("anthropic-messages");
  const hosts = {
    "https://api.anthropic.com": new URL(primary.url).origin,
    "https://api.openai.com": new URL(backup.url).origin,
  };
  const env = { ANTHROPIC_API_KEY: "a", OPENAI_API_KEY: "o", HOLDFAST_VENDORS: JSON.stringify(hosts) };
  try {
    expect(await node(["--import", "./node-vendors.mjs", "guide.mjs"], env)).toContain("primary");
    primary.setFault({ kind: "overloaded" });
    expect(await node(["--import", "./node-vendors.mjs", "guide.mjs"], env)).toContain("backup");
  } finally {
    stop();
  }
});
