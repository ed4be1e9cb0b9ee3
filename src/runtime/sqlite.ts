// The embedded store: one SQLite file in WAL mode that one gateway writes and reports read beside it. A file that is broken
// or not ours is put aside, never overwritten and never a reason not to serve.

import { SQLiteError, Database as Sqlite } from "bun:sqlite";
import { accessSync, closeSync, existsSync, openSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Database, SqlRow, SqlValue, Statement } from "../core/database.ts";

/** "HOLD": tells our files from others' (https://sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x484f4c44;
/** A writer waits this long for another at most: it holds up the event loop meanwhile. */
const BUSY_MS = 50;
/** Larger files are not walked at the start; what is broken inside them is found when it is read. */
const CHECKED_MAX_BYTES = 32 * 1024 * 1024;

export type Opened =
  /** `note`: what people should know, such as a file that was put aside. */
  | { readonly database: Database; readonly note?: string }
  /** `inUse`: another gateway writes to it. `noPlace`: there can be no file of that name. */
  | { readonly problem: string; readonly inUse: boolean; readonly noPlace?: true };

/** Opens the file to write, alone: a second writer gets a problem. `wallMs` names a file that is put aside. */
export function openDatabase(path: string, wallMs: number): Opened {
  const folder = dirname(path);
  if (!existsSync(folder)) return { problem: `${path}: there is no folder ${folder}`, inUse: false, noPlace: true };
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    return { problem: `${path}: it is a folder`, inUse: false, noPlace: true };
  let lock: Sqlite | undefined;
  try {
    lock = takeLock(path);
    const note = putAside(path, wallMs);
    createPrivate(path);
    const sqlite = new Sqlite(path, { create: true, readwrite: true });
    sqlite.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`);
    sqlite.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA journal_size_limit = 67108864`);
    return { database: overSqlite(sqlite, { lock, isThere: standsAt(path) }), ...(note !== undefined && { note }) };
  } catch (error) {
    lock?.close();
    const inUse = lock === undefined && isBusy(error);
    return { problem: `${path}: ${inUse ? "another gateway is using it" : reasonOf(error)}`, inUse };
  }
}

/** Opens a file to read it beside the gateway that writes it. */
export function openDatabaseToRead(path: string): Opened {
  if (!existsSync(path)) return { problem: `${path}: there is no such file`, inUse: false };
  try {
    const sqlite = new Sqlite(path, { readonly: true });
    sqlite.exec("PRAGMA busy_timeout = 2000");
    const [row] = sqlite.query<{ application_id: number }, []>("PRAGMA application_id").all();
    if (row?.application_id === APPLICATION_ID) return { database: overSqlite(sqlite) };
    sqlite.close();
    return { problem: `${path}: this is no store of Holdfast`, inUse: false };
  } catch (error) {
    return { problem: `${path}: ${reasonOf(error)}`, inUse: false };
  }
}

/** A store that ends with the process; for tests and for reports over nothing. */
export function openMemoryDatabase(): Database {
  return overSqlite(new Sqlite(":memory:"));
}

/** What was said to whom may be in it: a new file is its owner's alone. SQLite gives its log the same rights. */
function createPrivate(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
}

/** Held until the process ends, however it ends: the operating system lets go of the file. */
function takeLock(path: string): Sqlite {
  const lock = new Sqlite(`${path}.lock`, { create: true, readwrite: true });
  try {
    lock.exec("PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Says what it did; `undefined` when the file is ours and whole, or not there yet. */
function putAside(path: string, wallMs: number): string | undefined {
  if (!existsSync(path)) return undefined;
  const trouble = troubleOf(path);
  if (trouble === undefined) return undefined;
  const aside = `${path}.aside-${new Date(wallMs).toISOString().replace(/[:.]/g, "-")}`;
  for (const end of ["", "-wal", "-shm"]) if (existsSync(path + end)) renameSync(path + end, aside + end);
  return `${path} ${trouble}: it was put aside as ${aside}, and a new one begins`;
}

/** Throws where the file may not be read at all: that is no reason to move it. */
function troubleOf(path: string): string | undefined {
  accessSync(path, 4 | 2);
  let sqlite: Sqlite | undefined;
  try {
    sqlite = new Sqlite(path, { readwrite: true });
    const [id] = sqlite.query<{ application_id: number }, []>("PRAGMA application_id").all();
    const [tables] = sqlite.query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_schema").all();
    if (id?.application_id !== APPLICATION_ID) return tables?.n === 0 ? undefined : "is not a store of Holdfast";
    if (statSync(path).size > CHECKED_MAX_BYTES) return undefined;
    const [check] = sqlite.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").all();
    return check?.quick_check === "ok" ? undefined : "is broken";
  } catch (error) {
    const code = error instanceof SQLiteError ? error.code : undefined;
    if (code === "SQLITE_NOTADB") return "is not a store of Holdfast";
    // "unsupported file format" and the like have no code of their own.
    if (code === "SQLITE_ERROR" || code?.startsWith("SQLITE_CORRUPT")) return "is broken";
    throw error;
  } finally {
    sqlite?.close();
  }
}

/** Whether the file of that name still is the one that is open: what is written to a file without a name is lost with us. */
function standsAt(path: string): () => boolean {
  const opened = statSync(path);
  return () => {
    const now = statSync(path, { throwIfNoEntry: false });
    return now !== undefined && now.ino === opened.ino && now.dev === opened.dev;
  };
}

interface Held {
  readonly lock: Sqlite;
  readonly isThere: () => boolean;
}

const GONE =
  "its file was deleted, moved or replaced while it was open; put it back, or start the gateway again for a new one";

function overSqlite(sqlite: Sqlite, held?: Held): Database {
  // The file is only closed, and its log folded into it, once every statement is.
  const statements: { finalize(): void }[] = [];
  const prepare = <Row = SqlRow>(sql: string): Statement<Row> => {
    const statement = sqlite.prepare<Row, SqlValue[]>(sql);
    statements.push(statement);
    return {
      all: (...values) => statement.all(...values),
      get: (...values) => statement.get(...values) ?? undefined,
      run: (...values) => statement.run(...values).changes,
    };
  };
  const database: Database = {
    exec: (sql) => void sqlite.exec(sql),
    prepare,
    transaction(work) {
      if (held?.isThere() === false) throw new Error(GONE);
      return sqlite.transaction(work).immediate();
    },
    migrate(part, steps) {
      sqlite.exec("CREATE TABLE IF NOT EXISTS holdfast_part (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT");
      const found = prepare<{ version: number }>("SELECT version FROM holdfast_part WHERE name = ?").get(part);
      const version = found?.version ?? 0;
      if (version > steps.length)
        throw new Error(`the ${part} in this store was written by a later version of Holdfast`);
      if (version === steps.length) return;
      database.transaction(() => {
        for (const step of steps.slice(version)) sqlite.exec(step);
        prepare("INSERT OR REPLACE INTO holdfast_part (name, version) VALUES (?, ?)").run(part, steps.length);
      });
    },
    close() {
      for (const statement of statements.splice(0)) statement.finalize();
      sqlite.close();
      held?.lock.close();
    },
  };
  return database;
}

function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && error.code?.startsWith("SQLITE_BUSY") === true;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
