// Kept answers that outlive the process: the store is a copy of what memory holds, read once at the start and written in batches
// behind the calls. No call ever waits for it, and what it cannot take costs a miss after the next start. Questions are not in it.

import type { AnswerKeys, KeptAnswer, KeptAnswers } from "../core/cell.ts";
import type { Database, Statement } from "../core/database.ts";
import type { CalledTool } from "../core/reply.ts";
import type { Runtime } from "../core/runtime.ts";

const PART = "kept answers";
const STEPS = [
  `CREATE TABLE kept_answer (
     key TEXT PRIMARY KEY, stem TEXT, texts TEXT NOT NULL, target TEXT NOT NULL, model TEXT NOT NULL, call TEXT NOT NULL,
     tenant TEXT NOT NULL, route TEXT NOT NULL, at_ms REAL NOT NULL, fresh_until_ms REAL NOT NULL, gone_at_ms REAL NOT NULL
   ) STRICT;
   CREATE INDEX kept_answer_at ON kept_answer (at_ms);
   CREATE TABLE kept_answer_secret (id INTEGER PRIMARY KEY CHECK (id = 1), secret BLOB NOT NULL) STRICT;
   INSERT INTO kept_answer_secret (id, secret) VALUES (1, randomblob(32))`,
  "ALTER TABLE kept_answer ADD COLUMN tags TEXT",
  "ALTER TABLE kept_answer ADD COLUMN calls TEXT",
];
const WRITE_AFTER_MS = 1_000;
const NEXT_BATCH_MS = 20;
/** Of rows and of characters in one transaction: it holds up the event loop. */
const BATCH_ROWS = 100;
const BATCH_LENGTH = 1_000_000;
/** Answers that wait; of more the oldest is not written. Those to be deleted are no more than there are rows. */
const WAITING_MAX = 2_000;
/** A store that failed is left alone for a while: each try may block. */
const AGAIN_AFTER_MS = 30_000;

interface Row {
  readonly key: string;
  readonly stem: string | null;
  readonly texts: string;
  readonly target: string;
  readonly model: string;
  readonly call: string;
  readonly tenant: string;
  readonly route: string;
  readonly at_ms: number;
  readonly fresh_until_ms: number;
  readonly gone_at_ms: number;
  readonly tags: string | null;
  readonly calls: string | null;
}

export interface AnswersOnDisk {
  /** Writes what waits. The database stays open. */
  end(): void;
}

export interface DiskOptions {
  readonly database: Database;
  readonly runtime: Runtime;
  /** Answers that were not written, and why; for people. */
  readonly trouble: (message: string) => void;
}

export function keepOnDisk(answers: KeptAnswers, options: DiskOptions): AnswersOnDisk {
  try {
    return start(answers, options);
  } catch (error) {
    options.trouble(`kept answers end with this process: ${reasonOf(error)}`);
    return { end() {} };
  }
}

interface Change {
  readonly keys: AnswerKeys;
  readonly answer: KeptAnswer;
}

function start(answers: KeptAnswers, { database, runtime, trouble }: DiskOptions): AnswersOnDisk {
  const { clock } = runtime;
  database.migrate(PART, STEPS);
  const write = writerOf(database, runtime);
  const waiting = new Map<string, Change>();
  const dropped = new Set<string>();
  let armed = false;
  const arm = (afterMs: number): void => {
    if (armed) return;
    armed = true;
    clock.after(afterMs, () => {
      armed = false;
      const failed = flush(BATCH_ROWS);
      if (waiting.size + dropped.size > 0) arm(failed ? AGAIN_AFTER_MS : NEXT_BATCH_MS);
    });
  };
  /** True when the store did not take it. What was to be deleted is tried again; an answer is lost to it. */
  const flush = (rowsMax: number): boolean => {
    const changes = takeSome(waiting, rowsMax);
    const gone = [...dropped].slice(0, rowsMax);
    try {
      database.transaction(() => write(changes, gone));
      for (const key of gone) dropped.delete(key);
      return false;
    } catch (error) {
      trouble(`${changes.length} kept answers were not written to the store: ${reasonOf(error)}`);
      return true;
    }
  };
  answers.resume(load(database, runtime), secretOf(database), {
    kept(keys, answer) {
      dropped.delete(keys.exact);
      waiting.delete(keys.exact);
      const oldest = waiting.size >= WAITING_MAX ? waiting.keys().next().value : undefined;
      if (oldest !== undefined) waiting.delete(oldest);
      waiting.set(keys.exact, { keys, answer });
      arm(WRITE_AFTER_MS);
    },
    dropped(key) {
      waiting.delete(key);
      dropped.add(key);
      arm(WRITE_AFTER_MS);
    },
  });
  return {
    end() {
      while (waiting.size + dropped.size > 0 && !flush(BATCH_ROWS));
    },
  };
}

function takeSome(waiting: Map<string, Change>, rowsMax: number): Change[] {
  const taken: Change[] = [];
  let length = 0;
  for (const [key, change] of waiting) {
    if (taken.length >= rowsMax || length > BATCH_LENGTH) break;
    waiting.delete(key);
    taken.push(change);
    for (const text of change.answer.texts) length += text.length;
  }
  return taken;
}

/** The store's times are those of the calendar: the clock begins anew with each process. */
function writerOf(database: Database, runtime: Runtime): (changes: readonly Change[], gone: readonly string[]) => void {
  const put = database.prepare(
    `INSERT OR REPLACE INTO kept_answer
       (key, stem, texts, target, model, call, tenant, route, tags, calls, at_ms, fresh_until_ms, gone_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove: Statement = database.prepare("DELETE FROM kept_answer WHERE key = ?");
  return (changes, gone) => {
    const epochMs = runtime.wallMs() - runtime.clock.now();
    for (const key of gone) remove.run(key);
    for (const { keys, answer } of changes) {
      const { texts, target, model, call, tenant, route, tags, calls, atMs, freshUntilMs, goneAtMs } = answer;
      const times = [atMs, freshUntilMs, goneAtMs].map((ms) => ms + epochMs);
      const named = [target, model, call, tenant, route, jsonOf(tags), jsonOf(calls)] as const;
      put.run(keys.exact, keys.stem ?? null, JSON.stringify(texts), ...named, ...times);
    }
  };
}

function load(database: Database, runtime: Runtime): (readonly [AnswerKeys, KeptAnswer])[] {
  database.prepare("DELETE FROM kept_answer WHERE gone_at_ms <= ?").run(runtime.wallMs());
  const epochMs = runtime.wallMs() - runtime.clock.now();
  const rows = database.prepare<Row>("SELECT * FROM kept_answer ORDER BY at_ms").all();
  return rows.flatMap((row): (readonly [AnswerKeys, KeptAnswer])[] => {
    const texts = textsOf(row.texts);
    const tags = row.tags === null ? undefined : textsOf(row.tags);
    const calls = row.calls === null ? undefined : callsOf(row.calls);
    if (texts === undefined || (row.calls !== null && calls === undefined)) return [];
    const { key, stem, target, model, call, tenant, route } = row;
    const answer: KeptAnswer = {
      texts,
      target,
      model,
      call,
      tenant,
      route,
      ...(tags && { tags }),
      ...(calls && { calls }),
      atMs: row.at_ms - epochMs,
      freshUntilMs: row.fresh_until_ms - epochMs,
      goneAtMs: row.gone_at_ms - epochMs,
    };
    return [[stem === null ? { exact: key } : { exact: key, stem }, answer]];
  });
}

/** Written by ourselves; a row that is not is passed over. */
function textsOf(json: string): readonly string[] | undefined {
  try {
    const texts: unknown = JSON.parse(json);
    return Array.isArray(texts) && texts.every((text) => typeof text === "string") ? texts : undefined;
  } catch {
    return undefined;
  }
}

function jsonOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function callsOf(json: string): readonly CalledTool[] | undefined {
  try {
    const calls: unknown = JSON.parse(json);
    return Array.isArray(calls) && calls.every(isCall) ? calls : undefined;
  } catch {
    return undefined;
  }
}

function isCall(value: unknown): value is CalledTool {
  const call = value as Partial<CalledTool> | null;
  return typeof call?.name === "string" && typeof call.json === "string";
}

function secretOf(database: Database): Uint8Array {
  const row = database.prepare<{ secret: Uint8Array }>("SELECT secret FROM kept_answer_secret WHERE id = 1").get();
  if (row === undefined) throw new Error("the secret of the kept answers is missing");
  return new Uint8Array(row.secret);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
