// Exchanges that no call of the engine stands for: what was refused before it reached a route, and what was passed through.
// Their ids are told to clients too, so `/admin/v1/calls/{id}` must know them. In memory, bounded; never a query, a header or a body.

import type { DialectId } from "../core/call.ts";
import type { Fault, FaultKind } from "../core/fault.ts";

export interface Aside {
  readonly id: string;
  readonly aside: "refused" | "passthrough";
  readonly dialect: DialectId;
  /** ISO 8601, UTC: when it was answered. */
  readonly at: string;
  /** Of the answer. */
  readonly status: number;
  /** Why it was refused. */
  readonly fault?: FaultKind;
  readonly message?: string;
  /** What was passed through, and to whom. */
  readonly method?: string;
  readonly path?: string;
  readonly provider?: string;
}

type Passed = Required<Pick<Aside, "id" | "dialect" | "status" | "method" | "path" | "provider">>;

export interface Asides {
  refused(asked: Pick<Aside, "id" | "dialect">, reason: Fault, status: number): void;
  passed(passed: Passed): void;
  get(id: string): Aside | undefined;
}

export const ASIDES_MAX = 1_000;
const TEXT_MAX = 300;

/** The newest `keptMax`. */
export function createAsides(wallMs: () => number, keptMax = ASIDES_MAX): Asides {
  const kept = new Map<string, Aside>();
  const keep = (aside: Omit<Aside, "at">): void => {
    const oldest = kept.size >= keptMax ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    kept.set(aside.id, { ...aside, at: new Date(wallMs()).toISOString() });
  };
  return {
    refused({ id, dialect }, { kind, message }, status) {
      keep({ id, aside: "refused", dialect, status, fault: kind, message: message.slice(0, TEXT_MAX) });
    },
    passed({ path, ...passed }) {
      keep({ aside: "passthrough", ...passed, path: path.slice(0, TEXT_MAX) });
    },
    get: (id) => kept.get(id),
  };
}
