import { Database as Sqlite } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Opened, openDatabase, openDatabaseToRead } from "./sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const NOW_MS = Date.UTC(2026, 5, 23, 14, 8);

function opened(result: Opened) {
  if ("problem" in result) throw new Error(result.problem);
  return result;
}

describe("the embedded store", () => {
  test("keeps what a part wrote, and brings its tables up to date a step at a time", () => {
    const path = at("kept.db");
    const first = opened(openDatabase(path, NOW_MS)).database;
    first.migrate("ledger", ["CREATE TABLE ledger (n INTEGER)"]);
    first.prepare("INSERT INTO ledger VALUES (?)").run(7);
    first.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = opened(openDatabase(path, NOW_MS)).database;
    second.migrate("ledger", ["CREATE TABLE ledger (n INTEGER)", "ALTER TABLE ledger ADD COLUMN m INTEGER DEFAULT 2"]);
    expect(second.prepare<{ n: number; m: number }>("SELECT * FROM ledger").all()).toEqual([{ n: 7, m: 2 }]);
    expect(() => second.migrate("ledger", [])).toThrow("later version");
    second.close();
    expect(
      readdirSync(folder)
        .filter((name) => name.startsWith("kept.db"))
        .sort(),
    ).toEqual(["kept.db", "kept.db.lock"]);
  });

  test("does all of a transaction or nothing", () => {
    const { database } = opened(openDatabase(at("whole.db"), NOW_MS));
    database.migrate("x", ["CREATE TABLE x (n INTEGER PRIMARY KEY)"]);
    const insert = database.prepare("INSERT INTO x VALUES (?)");
    const twice = () => database.transaction(() => [insert.run(1), insert.run(1)]);
    expect(twice).toThrow("UNIQUE");
    expect(database.prepare("SELECT * FROM x").all()).toEqual([]);
    database.close();
  });

  test("is written by one gateway, and read beside it", () => {
    const path = at("alone.db");
    const { database } = opened(openDatabase(path, NOW_MS));
    database.migrate("x", ["CREATE TABLE x (n INTEGER)", "INSERT INTO x VALUES (1)"]);
    expect(openDatabase(path, NOW_MS)).toEqual({ problem: `${path}: another gateway is using it`, inUse: true });
    const reading = opened(openDatabaseToRead(path)).database;
    expect(reading.prepare("SELECT n FROM x").all()).toEqual([{ n: 1 }]);
    expect(() => reading.exec("DELETE FROM x")).toThrow("readonly");
    reading.close();
    database.close();
    opened(openDatabase(path, NOW_MS)).database.close();
  });

  for (const [name, spoil, trouble] of [
    ["noise", (path: string) => writeFileSync(path, "no database at all ".repeat(100)), "is not a store of Holdfast"],
    [
      "foreign",
      (path: string) => {
        const other = new Sqlite(path, { create: true });
        other.exec("CREATE TABLE theirs (n INTEGER)");
        other.close();
      },
      "is not a store of Holdfast",
    ],
    [
      "of-another-format",
      (path: string) => writeFileSync(path, `SQLite format 3\u0000${"\u0010\u0000\u0001\u0001\u0000@  ".repeat(600)}`),
      "is broken",
    ],
    [
      "broken",
      (path: string) => {
        const { database } = opened(openDatabase(path, NOW_MS));
        database.migrate("x", ["CREATE TABLE x (t TEXT)"]);
        const insert = database.prepare("INSERT INTO x VALUES (?)");
        for (let n = 0; n < 200; n += 1) insert.run("words ".repeat(50));
        database.close();
        const bytes = readFileSync(path);
        writeFileSync(path, bytes.fill(0xff, 4096, 3 * 4096));
      },
      "is broken",
    ],
  ] as const) {
    test(`puts a file aside that is ${name}, says so, and begins anew`, () => {
      const path = at(`${name}.db`);
      spoil(path);
      const before = readFileSync(path);
      const { database, note } = opened(openDatabase(path, NOW_MS));
      const aside = `${path}.aside-2026-06-23T14-08-00-000Z`;
      expect(note).toBe(`${path} ${trouble}: it was put aside as ${aside}, and a new one begins`);
      expect(readFileSync(aside).equals(before)).toBe(true);
      database.migrate("x", ["CREATE TABLE x (n INTEGER)"]);
      database.close();
    });
  }

  test("says what is wrong with a path", () => {
    expect(openDatabase(at("no/such/folder.db"), NOW_MS)).toMatchObject({ inUse: false });
    expect(openDatabaseToRead(at("missing.db"))).toMatchObject({
      problem: `${at("missing.db")}: there is no such file`,
    });
    expect(openDatabase("/proc/holdfast.db", NOW_MS)).toMatchObject({ inUse: false });
  });
});
