// A store in trouble under a real gateway: full, locked, read-only, gone, broken, foreign, held by another. Calls are answered as if
// nothing were wrong, kept answers cost misses at most, and a call that would be deferred is told why it is not.

import { Database as Sqlite } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningSimProvider, startSimProvider } from "../src/cli/sim-provider.ts";
import type { Database } from "../src/core/database.ts";
import { createBunRuntime } from "../src/runtime/bun.ts";
import { openDatabase } from "../src/runtime/sqlite.ts";
import { createDeferral } from "../src/server/deferral.ts";
import { startGateway } from "./support/gateway.ts";
import { configOf } from "./support/providers.ts";

const MAIN = join(import.meta.dir, "../src/cli/main.ts");
const folder = mkdtempSync(join(tmpdir(), "holdfast-trouble-"));
let alpha: RunningSimProvider;

beforeAll(() => {
  alpha = startSimProvider({ name: "alpha", dialect: "anthropic-messages", firstTokenMs: 1, tokensPerS: 10_000 });
});
afterAll(() => {
  alpha.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(url: string, content: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "m", max_tokens: 1_000, messages: [{ role: "user", content }] }),
  });
  const body = await response.json();
  return {
    status: response.status,
    by: response.headers.get("x-holdfast-served-by"),
    told: JSON.stringify(body),
    id: body.id,
  };
}

/** Begins the trouble; the result ends it. */
type Trouble = (database: Database, path: string) => () => void;

const TROUBLES: readonly (readonly [string, string, Trouble])[] = [
  [
    "full",
    "full",
    (database) => {
      const [row] = database.prepare<{ page_count: number }>("PRAGMA page_count").all();
      database.exec(`PRAGMA max_page_count = ${row?.page_count ?? 1}`);
      return () => database.exec("PRAGMA max_page_count = 1000000");
    },
  ],
  [
    "locked",
    "locked",
    (_, path) => {
      const other = new Sqlite(path);
      other.exec("BEGIN IMMEDIATE");
      return () => other.close();
    },
  ],
  [
    "read-only",
    "readonly",
    (database) => {
      database.exec("PRAGMA query_only = 1");
      return () => database.exec("PRAGMA query_only = 0");
    },
  ],
  [
    "gone",
    "deleted, moved or replaced",
    (_, path) => {
      renameSync(path, `${path}.moved`);
      return () => renameSync(`${path}.moved`, path);
    },
  ],
];

describe.each(TROUBLES)("a store that is %s", (name, why, begin) => {
  test("costs nothing but misses, refuses deferral with why, and is used again once it is well", async () => {
    const path = join(folder, `${name}.db`);
    const opened = openDatabase(path, 0);
    if (!("database" in opened)) throw new Error(opened.problem);
    const { database } = opened;
    const troubles: string[] = [];
    const trouble = (message: string): void => void troubles.push(message);
    const runtime = createBunRuntime();
    const parts = { deferral: createDeferral({ database, runtime, trouble }), answersIn: database, trouble };
    const gateway = startGateway(
      configOf([alpha], "    retry-wait: 0s\n    last-resort: [stale-cache, defer]\n"),
      {},
      parts,
    );
    const later = { prefer: "respond-async" };
    // Pages that are free would take a little more.
    const large = "and more of it, ".repeat(4_000);
    try {
      const end = begin(database, path);
      const well = await ask(gateway.url, "What is a holdfast?");
      expect([well.status, well.by]).toEqual([200, "target"]);
      await Bun.sleep(100);
      alpha.setFault({ kind: "overloaded" });
      const kept = await ask(gateway.url, "What is a holdfast?");
      expect([kept.status, kept.by]).toEqual([200, "stale-cache"]);
      const refused = await ask(gateway.url, `deferred ${large}`, later);
      expect([refused.status, refused.told]).toEqual([
        529,
        expect.stringContaining("was not deferred: the store failed"),
      ]);
      expect(refused.told).toContain(why);
      end();
      expect((await ask(gateway.url, `again ${large}`, later)).status).toBe(202);
      // The answer that could not be written: told once, and lost to the next start alone.
      await Bun.sleep(1_100);
      expect(troubles.filter((message) => !message.includes("kept answers were not written"))).toEqual([]);
    } finally {
      alpha.setFault(undefined);
      await gateway.stop();
      database.close();
    }
  }, 30_000);
});

async function up(config: string) {
  const child = Bun.spawn([process.execPath, MAIN, "up", "--config", config, "--port", "0", "--json"], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", BUN_CONFIG_MAX_HTTP_REQUESTS: "20000", HOLDFAST_LOG: "off" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const first = new TextDecoder().decode((await child.stdout.getReader().read()).value);
  const url = first === "" ? undefined : String(JSON.parse(first).ready);
  return { child, url, stderr: new Response(child.stderr).text() };
}

function configure(name: string): { readonly config: string; readonly path: string } {
  const path = join(folder, `${name}.db`);
  const config = join(folder, `${name}.yaml`);
  writeFileSync(config, `${configOf([alpha], "    last-resort: [stale-cache, defer]\n")}store: sqlite:${path}\n`);
  return { config, path };
}

test.each([
  ["broken", `SQLite format 3\u0000${"\u0010\u0000\u0001\u0001\u0000@  ".repeat(600)}`],
  ["foreign", "name,amount\nholdfast,1\n"],
])(
  "a store that is %s is put aside with a message, and the gateway starts",
  async (name, bytes) => {
    const { config, path } = configure(name);
    writeFileSync(path, bytes);
    const { child, url, stderr } = await up(config);
    expect((await ask(url ?? "", "Hello?")).status).toBe(200);
    child.kill("SIGTERM");
    await child.exited;
    expect(await stderr).toContain("it was put aside as");
    const aside = readdirSync(folder).filter((file) => file.startsWith(`${name}.db.aside-`));
    expect([aside.length, await Bun.file(join(folder, aside[0] ?? "")).text()]).toEqual([1, bytes]);
  },
  30_000,
);

test("a gateway that is stopped right behind an answer has kept it for the next one", async () => {
  const { config } = configure("stopped");
  const first = await up(config);
  expect((await ask(first.url ?? "", "What is a holdfast?")).by).toBe("target");
  first.child.kill("SIGTERM");
  await first.child.exited;
  const second = await up(config);
  alpha.setFault({ kind: "overloaded" });
  expect((await ask(second.url ?? "", "What is a holdfast?")).by).toBe("stale-cache");
  alpha.setFault(undefined);
  second.child.kill("SIGTERM");
  await second.child.exited;
}, 30_000);

test("a second gateway on the same file is refused, and the first goes on", async () => {
  const { config, path } = configure("shared");
  const first = await up(config);
  const second = await up(config);
  expect([second.url, await second.child.exited]).toEqual([undefined, 2]);
  expect(await second.stderr).toContain(`${path}: another gateway is using it`);
  expect((await ask(first.url ?? "", "Hello?")).status).toBe(200);
  first.child.kill("SIGKILL");
  await first.child.exited;
  // However the first one ended.
  const third = await up(config);
  expect((await ask(third.url ?? "", "Hello?")).status).toBe(200);
  third.child.kill("SIGTERM");
  await third.child.exited;
  expect(existsSync(path)).toBe(true);
}, 30_000);

test("a place that may not be written keeps no gateway from starting; one that cannot be is refused", async () => {
  const { config } = configure("nowhere");
  const written = await Bun.file(config).text();
  const at = (path: string) => writeFileSync(config, written.replace(/sqlite:.*/, `sqlite:${path}`));
  // Nobody may write there, whoever runs this.
  at("/proc/holdfast.db");
  const { child, url, stderr } = await up(config);
  expect((await ask(url ?? "", "What is a holdfast?")).status).toBe(200);
  alpha.setFault({ kind: "overloaded" });
  expect((await ask(url ?? "", "What is a holdfast?")).by).toBe("stale-cache");
  const refused = await ask(url ?? "", "later", { prefer: "respond-async" });
  expect([refused.status, refused.told]).toEqual([
    529,
    expect.stringContaining("was not deferred: the store could not be opened"),
  ]);
  // What an earlier gateway promised may be in it: 404 would say that it is gone.
  for (const [path, method] of [
    ["/v1/deferred/job_1", "GET"],
    ["/v1/deferred/job_1", "DELETE"],
    ["/admin/v1/deferred", "GET"],
  ] as const)
    expect([path, method, (await fetch(url + path, { method })).status]).toEqual([path, method, 503]);
  alpha.setFault(undefined);
  child.kill("SIGTERM");
  await child.exited;
  expect(await stderr).toContain("what is remembered ends with this gateway; no call is deferred");
  for (const path of [join(folder, "no/such/folder.db"), folder]) {
    at(path);
    const wrong = await up(config);
    expect([path, await wrong.child.exited]).toEqual([path, 2]);
  }
}, 30_000);
