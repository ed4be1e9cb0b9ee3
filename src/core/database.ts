// A store that survives the process, as the parts that remember something see it. What is behind it is the runtime's
// business; what is in it is the part's own: each keeps its tables and nobody reads another's.

export type SqlValue = string | number | bigint | Uint8Array | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export interface Statement<Row = SqlRow> {
  all(...values: readonly SqlValue[]): Row[];
  get(...values: readonly SqlValue[]): Row | undefined;
  /** How many rows changed. */
  run(...values: readonly SqlValue[]): number;
}

/**
 * Everything here blocks until it is done, so a call in flight never waits for it: work is gathered and written in one
 * transaction, behind the data path. Everything throws when the disk is full, the file is locked or broken; whoever uses
 * it catches that in one place, counts what was lost and goes on.
 */
export interface Database {
  exec(sql: string): void;
  /** Kept by the caller and used again. */
  prepare<Row = SqlRow>(sql: string): Statement<Row>;
  /** All of `work` or nothing. What it throws is thrown on. */
  transaction<T>(work: () => T): T;
  /**
   * Brings the tables of one part to `steps.length`, a step at a time; a step once released never changes.
   * Throws where the file was written by a later version.
   */
  migrate(part: string, steps: readonly string[]): void;
  close(): void;
}
