// The table of deferred calls and what is asked of it. Each row has one hour that matters next, `expiresMs`: of a job that waits or
// has its reply, when it is given up; of one that is gone, when it is forgotten.

import type { Database } from "../core/database.ts";
import type { JobState } from "../core/deferral.ts";

const STEPS = [
  `CREATE TABLE deferred (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    route TEXT NOT NULL,
    name TEXT,
    named INTEGER NOT NULL,
    hash TEXT NOT NULL,
    state TEXT NOT NULL,
    call TEXT,
    body BLOB,
    bytes INTEGER NOT NULL,
    createdMs INTEGER NOT NULL,
    expiresMs INTEGER NOT NULL,
    dueMs INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    status INTEGER,
    headers TEXT,
    reply BLOB,
    UNIQUE (tenant, name)
  ) STRICT;
  CREATE INDEX deferred_waiting ON deferred (route, tenant, seq, dueMs) WHERE state = 'queued';
  CREATE INDEX deferred_of_tenant ON deferred (tenant, seq) WHERE state = 'queued';
  CREATE INDEX deferred_over ON deferred (expiresMs)`,
  `ALTER TABLE deferred ADD COLUMN callback TEXT;
  CREATE TABLE deferred_callback (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    state TEXT NOT NULL,
    status INTEGER,
    bornMs INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    nextMs INTEGER NOT NULL,
    problem TEXT,
    givenUp INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX deferred_callback_next ON deferred_callback (nextMs) WHERE givenUp = 0`,
] as const;

export interface JobRow {
  readonly seq: number;
  readonly id: string;
  readonly tenant: string;
  readonly route: string;
  readonly hash: string;
  readonly state: JobState;
  readonly call: string | null;
  readonly body: Uint8Array | null;
  readonly bytes: number;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly failures: number;
  readonly status: number | null;
  readonly headers: string | null;
  readonly reply: Uint8Array | null;
}

/** The last three are of its callback, while there is one to be sent or one that was given up. */
export interface ListedRow
  extends Pick<JobRow, "id" | "tenant" | "route" | "state" | "createdMs" | "failures" | "status"> {
  readonly callbackAttempts: number | null;
  readonly callbackProblem: string | null;
  readonly givenUp: number | null;
}

type Ended = Pick<JobRow, "id" | "tenant" | "route" | "bytes" | "state">;

export function createJobStatements(database: Database) {
  database.migrate("deferred", STEPS);
  return {
    usage: database.prepare<{ tenant: string; jobs: number; bytes: number; waiting: number }>(
      `SELECT tenant, count(*) AS jobs, sum(bytes) AS bytes, sum(state = 'queued') AS waiting FROM deferred
       WHERE state IN ('queued', 'done', 'dead') GROUP BY tenant`,
    ),
    insert: database.prepare(
      `INSERT INTO deferred (id, tenant, route, name, named, hash, state, call, body, bytes, createdMs, expiresMs, dueMs, failures, callback)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', ?7, ?8, ?9, ?10, ?11, ?12, 0, ?13)`,
    ),
    named: database.prepare<JobRow>("SELECT * FROM deferred WHERE tenant = ? AND name = ?"),
    forgetName: database.prepare("UPDATE deferred SET name = NULL WHERE id = ?"),
    find: database.prepare<JobRow>("SELECT * FROM deferred WHERE id = ? AND tenant = ?"),
    before: database.prepare<{ n: number }>(
      "SELECT count(*) AS n FROM deferred WHERE state = 'queued' AND tenant = ? AND seq < ?",
    ),
    waiting: database.prepare<{ route: string; jobs: number; dueMs: number }>(
      "SELECT route, count(*) AS jobs, min(dueMs) AS dueMs FROM deferred WHERE state = 'queued' GROUP BY route",
    ),
    nextAfter: database.prepare<JobRow>(
      `SELECT * FROM deferred WHERE state = 'queued' AND route = ? AND tenant > ? AND dueMs <= ?
       AND id NOT IN (SELECT value FROM json_each(?)) AND expiresMs > ? ORDER BY tenant, seq LIMIT 1`,
    ),
    queued: database.prepare<{ tenant: string; bytes: number }>(
      "SELECT tenant, bytes FROM deferred WHERE id = ? AND state = 'queued'",
    ),
    finish: database.prepare(
      `UPDATE deferred SET state = ?, expiresMs = ?, status = ?, headers = ?, reply = ?, bytes = ?,
       name = CASE named WHEN 1 THEN name END, call = NULL, body = NULL, callback = NULL WHERE id = ?`,
    ),
    /** Before the row itself ends. */
    callBack: database.prepare(
      `INSERT OR IGNORE INTO deferred_callback (id, tenant, url, secret, state, status, bornMs, attempts, nextMs, givenUp)
       SELECT id, tenant, callback ->> 'url', callback ->> 'secret', ?2, ?3, ?4, 0, ?4, 0 FROM deferred
       WHERE id = ?1 AND state = 'queued' AND callback IS NOT NULL`,
    ),
    postpone: database.prepare("UPDATE deferred SET dueMs = ?, failures = ? WHERE id = ? AND state = 'queued'"),
    end: database.prepare(
      `UPDATE deferred SET state = ?, expiresMs = ?, name = NULL, call = NULL, body = NULL, callback = NULL, headers = NULL, reply = NULL, bytes = 0
       WHERE id = ? AND state IN ('queued', 'done', 'dead')`,
    ),
    over: database.prepare<Ended>(
      `SELECT id, tenant, route, bytes, state FROM deferred
       WHERE expiresMs <= ? AND state IN ('queued', 'done', 'dead') LIMIT ?`,
    ),
    bury: database.prepare(
      `DELETE FROM deferred WHERE state IN ('expired', 'cancelled') AND (expiresMs <= ?1 OR seq <= (
         SELECT seq FROM deferred WHERE state IN ('expired', 'cancelled') ORDER BY seq DESC LIMIT 1 OFFSET ?2))`,
    ),
    list: database.prepare<ListedRow>(
      `SELECT id, tenant, route, state, createdMs, failures, status, attempts AS callbackAttempts, problem AS callbackProblem, givenUp
       FROM (SELECT * FROM deferred ORDER BY seq DESC LIMIT ?) LEFT JOIN
       (SELECT id, attempts, problem, givenUp FROM deferred_callback) USING (id) ORDER BY seq DESC`,
    ),
  };
}
