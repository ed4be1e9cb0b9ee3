import { expect, test } from "bun:test";
import type { Database } from "../core/database.ts";
import { openMemoryDatabase } from "../runtime/sqlite.ts";
import { createPageSnapshots, readPageSnapshots } from "./page-snapshots.ts";

const URL_OF = "https://status.example.com/api/v2/summary.json";
const DAY_MS = 86_400_000;
const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, max: 1_000 };
const page = (bytes: Uint8Array) => [{ url: URL_OF, bytes }];
const text = (said: string) => page(new TextEncoder().encode(said));

function setUp(database = openMemoryDatabase()) {
  const warned: string[] = [];
  const snapshots = createPageSnapshots(database, (message) => warned.push(message));
  const kept = (span = all) =>
    readPageSnapshots(database, "alpha", span).map(({ atMs, bytes }) => [atMs, new TextDecoder().decode(bytes)]);
  return { database, warned, keep: snapshots.keep, kept };
}

test("what a page said is kept byte by byte, once, of its provider and span, for 100 days", () => {
  const { keep, kept, database } = setUp();
  expect(readPageSnapshots(openMemoryDatabase(), "alpha", all)).toEqual([]);
  for (const [atMs, said] of [
    [1_000, "well"],
    [2_000, "well"],
    [3_000, "ill"],
    [4_000, "well"],
  ] as const) {
    keep("alpha", text(said), atMs);
    keep("beta", text("other"), atMs);
  }
  expect(kept()).toEqual([
    [1_000, "well"],
    [3_000, "ill"],
    [4_000, "well"],
  ]);
  expect(kept({ ...all, fromMs: 2_000, toMs: 4_000 })).toEqual([[3_000, "ill"]]);
  expect(kept({ ...all, max: 1 })).toEqual([[1_000, "well"]]);
  keep("alpha", text("later"), 3_500 + 100 * DAY_MS);
  expect(kept().map(([, said]) => said)).toEqual(["well", "later"]);
  expect(readPageSnapshots(database, "gamma", all)).toEqual([]);
});

test("room is bounded: what is too large is not kept, and the oldest make room", () => {
  const { keep, database } = setUp();
  keep("alpha", page(new Uint8Array(2 ** 21 + 1)), 1);
  for (let count = 0; count < 40; count++) keep("alpha", page(new Uint8Array(2 ** 21).fill(count)), 2 + count);
  const found = readPageSnapshots(database, "alpha", all);
  expect(found.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 32 }, (_, index) => index + 8));
});

test("a disk that fails is told once and harms nobody", () => {
  let isBroken = true;
  const real = openMemoryDatabase();
  const database: Database = {
    ...real,
    transaction(work) {
      if (isBroken) throw new Error("disk full");
      return real.transaction(work);
    },
  };
  const { keep, kept, warned } = setUp(database);
  for (let count = 0; count < 3; count++) keep("alpha", text(`said ${count}`), count);
  expect(warned).toEqual(["copies of status pages cannot be kept (disk full)"]);
  isBroken = false;
  keep("alpha", text("again"), 4);
  expect(kept()).toEqual([[4, "again"]]);
});
