// What one process kept the next one has, under the same keys; and whatever the disk does, calls notice nothing.

import { describe, expect, test } from "bun:test";
import { handRuntime } from "../../test/support/hand-runtime.ts";
import type { AnswerKeys, KeptAnswer, KeptAnswers } from "../core/cell.ts";
import type { Database } from "../core/database.ts";
import { fault } from "../core/fault.ts";
import { openMemoryDatabase } from "../runtime/sqlite.ts";
import { keepOnDisk } from "./answers-on-disk.ts";
import { createKeptAnswers } from "./kept-answers.ts";

const HOUR_MS = 3_600_000;

function start(database: Database, bytesMax?: number) {
  const hand = handRuntime(() => fault("bug", "nothing is sent here"));
  const answers = createKeptAnswers(bytesMax);
  const troubles: string[] = [];
  const disk = keepOnDisk(answers, { database, runtime: hand.runtime, trouble: (message) => troubles.push(message) });
  return { ...hand, answers, disk, troubles };
}

function put(answers: KeptAnswers, nowMs: number, keys: AnswerKeys, more: Partial<KeptAnswer> = {}): void {
  answers.set(keys, {
    texts: ["one", "zwei \u2028 \u{1F40B}"],
    target: "a/m",
    model: "m",
    call: "c",
    tenant: "t",
    route: "chat",
    atMs: nowMs,
    freshUntilMs: nowMs + HOUR_MS,
    goneAtMs: nowMs + 2 * HOUR_MS,
    ...more,
  });
}

const rowsOf = (database: Database) =>
  database
    .prepare<{ key: string }>("SELECT key FROM kept_answer ORDER BY key")
    .all()
    .map(({ key }) => key);
const random = () => 0.5;

test("the next process finds them by the same keys, as old as they are", async () => {
  const database = openMemoryDatabase();
  const one = start(database);
  const secret = one.answers.secretOf("tenant\nt", random);
  const more = { tags: ["a/1", "b"], calls: [{ name: "f", json: '{"a":1}' }] };
  put(one.answers, one.runtime.clock.now(), { exact: "k", stem: "s" }, more);
  expect(rowsOf(database)).toEqual([]);
  await one.advance(2_000);
  expect(rowsOf(database)).toEqual(["k"]);
  const two = start(database);
  expect(two.answers.secretOf("tenant\nt", () => 0.9)).toEqual(secret);
  const kept = two.answers.get({ exact: "other", stem: "s" }, two.runtime.clock.now());
  expect(kept?.texts).toEqual(["one", "zwei \u2028 \u{1F40B}"]);
  expect(kept).toMatchObject(more);
  // The hand's calendar begins at the same moment for both.
  expect(kept?.goneAtMs).toBe(2 * HOUR_MS);
});

test("what is purged, replaced or pushed out is not there after a start; what is too old neither", async () => {
  const database = openMemoryDatabase();
  const one = start(database, 20_000);
  for (const exact of ["purged", "again", "again", "old"]) put(one.answers, 0, { exact });
  put(one.answers, 0, { exact: "old" }, { goneAtMs: 1_000 });
  await one.advance(2_000);
  one.answers.purge(() => true);
  for (let i = 0; i < 60; i++) put(one.answers, 0, { exact: `new ${i}` });
  one.disk.end();
  const rows = rowsOf(database);
  expect(rows).not.toContain("purged");
  expect(rows.length).toBe(one.answers.purge(() => true));
  put(one.answers, 0, { exact: "old" }, { goneAtMs: -1 });
  one.disk.end();
  expect(start(database).answers.bytes).toBe(0);
});

test("a burst is written in batches, and no more waits than there is room for", async () => {
  const database = openMemoryDatabase();
  const here = start(database);
  for (let i = 0; i < 3_000; i++) put(here.answers, 0, { exact: `k${i}` });
  await here.advance(1_010);
  expect(rowsOf(database).length).toBe(100);
  await here.advance(10_000);
  expect(rowsOf(database).length).toBe(2_000);
  expect(here.troubles).toEqual([]);
});

describe("a disk that fails", () => {
  const failing = (database: Database, isFailing: () => boolean): Database => ({
    ...database,
    transaction(work) {
      if (isFailing()) throw new Error("database or disk is full");
      return database.transaction(work);
    },
  });

  test("costs what it did not take, is left alone for a while, and forgets no purge", async () => {
    const database = openMemoryDatabase();
    let full = false;
    const here = start(failing(database, () => full));
    put(here.answers, 0, { exact: "before" });
    await here.advance(2_000);
    full = true;
    put(here.answers, 0, { exact: "lost" });
    here.answers.purge(({ call }) => call === "c");
    put(here.answers, 0, { exact: "lost" });
    await here.advance(10_000);
    expect(here.troubles).toEqual(["1 kept answers were not written to the store: database or disk is full"]);
    expect(here.answers.get({ exact: "lost" }, 0)?.call).toBe("c");
    full = false;
    await here.advance(60_000);
    expect(rowsOf(database)).toEqual([]);
  });

  test("that never opens leaves everything in memory", () => {
    const broken: Database = {
      ...openMemoryDatabase(),
      migrate() {
        throw new Error("attempt to write a readonly database");
      },
    };
    const here = start(broken);
    put(here.answers, 0, { exact: "k" });
    expect([here.answers.get({ exact: "k" }, 0)?.call, here.troubles.length]).toEqual(["c", 1]);
    here.disk.end();
  });

  test("with rows that are not ours is read without them", () => {
    const database = openMemoryDatabase();
    put(start(database).answers, 0, { exact: "k" });
    const sql =
      "INSERT INTO kept_answer (key, texts, target, model, call, tenant, route, at_ms, fresh_until_ms, gone_at_ms) VALUES (?, ?, 'a/m', 'm', 'c', 't', 'r', 1, 9e15, 9e15)";
    for (const [key, texts] of [
      ["x", "{"],
      ["y", "[1]"],
      ["z", '["fine"]'],
    ] as const)
      database.prepare(sql).run(key, texts);
    const { answers } = start(database);
    expect(["x", "y", "z"].map((exact) => answers.get({ exact }, 0)?.texts)).toEqual([undefined, undefined, ["fine"]]);
  });
});
