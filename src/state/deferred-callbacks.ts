// What clients of deferred calls are to be told, in the store beside the calls: a row comes in the transaction that ends a
// call, and goes once its receiver has it. So each is told at least once, under the same id, whenever the process ends.

import type { Database } from "../core/database.ts";
import type { JobState } from "../core/deferral.ts";

export interface CallbackRow {
  /** The job's. */
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  readonly secret: string;
  readonly state: JobState;
  /** Of the reply that is there; `null`: there is none. */
  readonly status: number | null;
  readonly bornMs: number;
  /** Made so far. */
  readonly attempts: number;
}

/** Given up: for people to see, until then. */
const SHOWN_MS = 2 * 86_400_000;
/** One tenant's receivers that hang must not hold up the others'. */
const OF_ONE_TENANT = 2;
const AT_ONCE = 8;

/** All throw when the store fails. Times are in milliseconds since the Unix epoch. */
export interface DeferredCallbacks {
  /** Those whose time has come, a few of each tenant, leaving out `except`. */
  due(nowMs: number, except: readonly string[]): readonly CallbackRow[];
  /** When the next one's time comes, leaving out `except`; `undefined`: there is none. */
  nextMs(except: readonly string[]): number | undefined;
  sent(id: string): void;
  again(id: string, nextMs: number, problem: string): void;
  giveUp(id: string, problem: string): void;
  /** Forgets what was given up long ago. */
  sweep(nowMs: number): void;
}

/** The table is made with that of the calls. */
export function createDeferredCallbacks(database: Database): DeferredCallbacks {
  const due = database.prepare<CallbackRow>(
    `SELECT id, tenant, url, secret, state, status, bornMs, attempts FROM (
       SELECT *, row_number() OVER (PARTITION BY tenant ORDER BY nextMs) AS place FROM deferred_callback
       WHERE givenUp = 0 AND nextMs <= ?1 AND id NOT IN (SELECT value FROM json_each(?2)))
     WHERE place <= ${OF_ONE_TENANT} ORDER BY nextMs LIMIT ${AT_ONCE}`,
  );
  const next = database.prepare<{ atMs: number | null }>(
    `SELECT min(nextMs) AS atMs FROM deferred_callback
     WHERE givenUp = 0 AND id NOT IN (SELECT value FROM json_each(?))`,
  );
  const sent = database.prepare("DELETE FROM deferred_callback WHERE id = ?");
  const again = database.prepare(
    "UPDATE deferred_callback SET attempts = attempts + 1, nextMs = ?, problem = ? WHERE id = ?",
  );
  const giveUp = database.prepare(
    "UPDATE deferred_callback SET attempts = attempts + 1, givenUp = 1, problem = ?, secret = '' WHERE id = ?",
  );
  const forget = database.prepare("DELETE FROM deferred_callback WHERE givenUp = 1 AND bornMs <= ?");
  return {
    due(nowMs, except) {
      const room = AT_ONCE - except.length;
      return room <= 0 ? [] : due.all(nowMs, JSON.stringify(except)).slice(0, room);
    },
    nextMs: (except) => next.get(JSON.stringify(except))?.atMs ?? undefined,
    sent: (id) => void sent.run(id),
    again: (id, nextMs, problem) => void again.run(Math.floor(nextMs), problem, id),
    giveUp: (id, problem) => void giveUp.run(problem, id),
    sweep: (nowMs) => void forget.run(nowMs - SHOWN_MS),
  };
}
