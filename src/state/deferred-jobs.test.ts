// Deferred calls in the store: whose they are, how much room they take, what a store that fails costs, what a restart finds.

import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import type { Database } from "../core/database.ts";
import type { NewJob } from "../core/deferral.ts";
import { fault } from "../core/fault.ts";
import { openDatabase, openMemoryDatabase } from "../runtime/sqlite.ts";
import { randomStream } from "../sim/random.ts";
import { createDeferredJobs } from "./deferred-jobs.ts";
import { JOB_BYTES_MAX } from "./deferred-room.ts";

const TICK_MS = 2;
const DUE_MS = 6_000;
const DAY_MS = 86_400_000;
const REPLY = { status: 200, headers: { "content-type": "application/json" }, body: new Uint8Array([1, 2, 3]) };

const job = (more: Partial<NewJob> = {}): NewJob => ({
  tenant: "ada",
  route: "chat",
  name: "n",
  named: true,
  hash: "h",
  call: "{}",
  body: new Uint8Array(10),
  ...more,
});

function shelf(database: Database = openMemoryDatabase()) {
  const random = randomStream(1, "ids");
  const { runtime, advance } = handRuntime(() => fault("bug", "nothing is sent here"));
  const jobs = createDeferredJobs({
    database,
    runtime: { ...runtime, random },
    isRunning: () => false,
    arrived: () => {},
  });
  const add = async (more: Partial<NewJob> = {}) => {
    const adding = jobs.enqueue(job(more));
    await advance(TICK_MS);
    return adding;
  };
  const idOf = async (more: Partial<NewJob> = {}): Promise<string> => {
    const made = await add(more);
    if ("problem" in made) throw new Error(made.problem);
    return made.id;
  };
  return { jobs, add, idOf, advance, database };
}

/** Whatever is written from now on fails, as on a disk that is full. */
function failing(database: Database): Database & { fail: boolean } {
  const broken = { ...database, fail: false };
  const check = (): void => {
    if (broken.fail) throw new Error("database or disk is full");
  };
  broken.transaction = (work) => {
    check();
    return database.transaction(work);
  };
  return broken;
}

test("no tenant ever sees, names or cancels another's job, whatever they are called", async () => {
  const random = randomStream(3, "tenants");
  const alphabet = ["a", "b", "'", '"', "%", "_", "\u0000", " ", "ä", "\n"];
  const word = () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => alphabet[Math.floor(random() * alphabet.length)]).join(
      "",
    );
  const { jobs, idOf, advance } = shelf();
  const owners = new Map<string, string>();
  for (let i = 0; i < 300; i++) {
    const tenant = word();
    owners.set(await idOf({ tenant, name: word(), body: new TextEncoder().encode(tenant) }), tenant);
  }
  const tenants = [...new Set(owners.values())];
  for (const [id, owner] of owners) {
    const seenBy = tenants.filter((tenant) => jobs.find(tenant, id) !== undefined);
    expect(seenBy).toEqual([owner]);
    const other = tenants.find((tenant) => tenant !== owner) ?? "";
    expect(jobs.cancel(other, id)).toBe(false);
    expect(jobs.find(owner, id)).toMatchObject({ tenant: owner, state: "queued" });
  }
  await advance(DUE_MS);
  for (const tenant of tenants) {
    const run = jobs.next("chat", "", []);
    expect(new TextDecoder().decode(run?.body)).toBe(run?.tenant ?? "none");
    expect(jobs.named(tenant, "no such name")).toBeUndefined();
  }
});

test("tenants take turns, each its oldest first", async () => {
  const { jobs, idOf, advance } = shelf();
  const ids: Record<string, string> = {};
  for (const name of ["a1", "a2", "a3", "b1", "c1"]) ids[name] = await idOf({ tenant: name[0] ?? "", name });
  await advance(DUE_MS);
  const order: string[] = [];
  for (let tenant = "", left: string[] = []; ; ) {
    const next = jobs.next("chat", tenant, left);
    if (next === undefined) break;
    tenant = next.tenant;
    left = [...left, next.id];
    order.push(Object.keys(ids).find((name) => ids[name] === next.id) ?? "");
  }
  expect(order).toEqual(["a1", "b1", "c1", "a2", "a3"]);
});

describe("room", () => {
  test("a call that is too large, and a tenant that has used its bytes; others still have theirs", async () => {
    const { jobs, add } = shelf();
    expect(await add({ body: new Uint8Array(JOB_BYTES_MAX + 1) })).toMatchObject({ problem: expect.any(String) });
    const body = new Uint8Array(JOB_BYTES_MAX);
    for (let i = 0; i < 32; i++) expect(await add({ name: `${i}`, body })).toMatchObject({ position: i + 1 });
    expect(await add({ name: "more", body })).toEqual({
      problem: "there is no room for more deferred calls of this key",
    });
    expect(await add({ tenant: "bob", body })).toMatchObject({ position: 1 });
    expect(jobs.counts).toMatchObject({ jobs: 33, bytes: 33 * JOB_BYTES_MAX, waiting: 33 });
  });

  test("what is over gives it back", async () => {
    const { jobs, idOf, advance } = shelf();
    const [cancelled, done] = [await idOf({ name: "a" }), await idOf({ name: "b" })];
    await idOf({ name: "c" });
    jobs.cancel("ada", cancelled);
    jobs.finish(done, "done", REPLY);
    expect(jobs.counts).toMatchObject({ jobs: 2, bytes: 13, waiting: 1 });
    await advance(DAY_MS);
    expect(jobs.sweep().length).toBe(1);
    expect(jobs.counts).toMatchObject({ jobs: 0, bytes: 0, waiting: 0 });
    expect(jobs.find("ada", done)?.state).toBe("expired");
    await advance(DAY_MS);
    jobs.sweep();
    expect([jobs.find("ada", done), jobs.list(10)]).toEqual([undefined, []]);
  });
});

test("a thousand calls that come at once are on disk by one commit, which the disk itself confirms", async () => {
  const database = openMemoryDatabase();
  const commits: string[] = [];
  const watched: Database = {
    ...database,
    exec(sql) {
      commits.push(sql);
      database.exec(sql);
    },
    transaction(work) {
      commits.push("transaction");
      return database.transaction(work);
    },
  };
  const { jobs, advance } = shelf(watched);
  commits.length = 0;
  const made = Array.from({ length: 1_000 }, (_, index) => jobs.enqueue(job({ name: `${index}` })));
  await advance(TICK_MS);
  const ids = (await Promise.all(made)).map((one) => ("id" in one ? one.id : one.problem));
  expect(new Set(ids).size).toBe(1_000);
  expect(commits).toEqual(["PRAGMA synchronous = FULL", "transaction", "PRAGMA synchronous = NORMAL"]);
});

test("a disk that is full refuses with why, takes no room, and is used again once it has some", async () => {
  const database = failing(openMemoryDatabase());
  const { jobs, add } = shelf(database);
  database.fail = true;
  const refused = await Promise.all([add({ name: "a" }), add({ name: "b" })]);
  const problem = "the store failed: database or disk is full";
  expect(refused).toEqual([{ problem }, { problem }]);
  expect(jobs.counts).toMatchObject({ jobs: 0, bytes: 0, waiting: 0 });
  database.fail = false;
  expect(await add({ name: "a" })).toMatchObject({ position: 1 });
});

test("prompts and replies leave the table when they are no longer needed", async () => {
  const { jobs, idOf, database } = shelf();
  const [done, cancelled] = [await idOf({ name: "a" }), await idOf({ name: "b" })];
  jobs.finish(done, "done", REPLY);
  jobs.cancel("ada", cancelled);
  const rows = database.prepare("SELECT state, call, body, reply FROM deferred ORDER BY seq").all();
  expect(rows).toMatchObject([
    { state: "done", call: null, body: null },
    { state: "cancelled", call: null, body: null, reply: null },
  ]);
  expect([jobs.finish(done, "done", REPLY), jobs.finish(cancelled, "done", REPLY)]).toEqual([false, false]);
});

test("the next process finds what the last one left", async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-jobs-"));
  const open = () => {
    const opened = openDatabase(join(folder, "s.db"), 0);
    if (!("database" in opened)) throw new Error(opened.problem);
    return opened.database;
  };
  const first = shelf(open());
  const [id, done] = [await first.idOf({ name: "a" }), await first.idOf({ name: "b" })];
  first.jobs.finish(done, "done", REPLY);
  first.database.close();
  const second = shelf(open());
  expect(second.jobs.counts).toMatchObject({ jobs: 2, bytes: 13, waiting: 1 });
  await second.advance(DUE_MS);
  expect(second.jobs.next("chat", "", [])?.id).toBe(id);
  expect(second.jobs.find("ada", done)?.reply).toEqual(REPLY);
  expect(second.jobs.named("ada", "a")?.id).toBe(id);
  second.database.close();
  rmSync(folder, { recursive: true });
});
