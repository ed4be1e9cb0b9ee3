// A call as people look at it afterwards: what was asked, each attempt and why it was left, how it ended. These are the
// JSON objects of `/admin/v1/calls`. Never a prompt, an answer, a header or a key.

import type { DialectId, Operation } from "../core/call.ts";
import type { FaultKind } from "../core/fault.ts";
import type { Degraded, ServedBy } from "../core/reply.ts";
import type { Usage } from "../core/usage.ts";

export interface AttemptView {
  /** From 1 within the call. */
  readonly number: number;
  readonly target: string;
  /** From the start of the call. */
  readonly startedMs: number;
  readonly state: "running" | "ok" | "failed";
  readonly fault?: FaultKind;
  /** What the fault was, as the provider or the gateway said it. */
  readonly message?: string;
  /** One sentence: what the fault means and what was done about it. Absent while it runs and when it was not left. */
  readonly why?: string;
  /** The provider's HTTP status, when one came. */
  readonly status?: number;
  /** True when its content was released to the client. */
  readonly committed: boolean;
  /** From the start of the attempt. */
  readonly firstContentMs?: number;
  readonly tookMs?: number;
  readonly usage?: Usage;
  /** The provider's own id of the request. */
  readonly requestId?: string;
}

/** Time that a call waited before an attempt. */
export interface WaitView {
  readonly target: string;
  /** From the start of the call. */
  readonly startedMs: number;
  readonly delayMs: number;
}

export interface CallRecord {
  readonly id: string;
  /** "" when no route has the model. */
  readonly route: string;
  readonly operation: Operation;
  readonly dialect: DialectId;
  readonly model: string;
  readonly stream: boolean;
  readonly tenant: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** `open`: headers are out, nothing of the answer yet. `streaming`: content is being released. */
  readonly state: "running" | "open" | "streaming" | "ended";
  readonly ending?: "complete" | "broken" | "cancelled" | "refused";
  readonly fault?: FaultKind;
  readonly servedBy?: ServedBy;
  readonly degraded?: Degraded;
  /** Who answered. */
  readonly target?: string;
  readonly attempts: readonly AttemptView[];
  readonly waits: readonly WaitView[];
  /** From the start of the call to the first content received of the attempt that answered. */
  readonly firstContentMs?: number;
  readonly tookMs?: number;
  readonly usage?: Usage;
}

/** What `/admin/v1/calls?…` may ask for. */
export interface CallQuery {
  /** Default 100; at most 1 000. */
  readonly limit?: number;
  /** The route's name, exactly. */
  readonly route?: string;
  /** Calls that ended with this fault, or one of whose attempts did. */
  readonly fault?: string;
  /** Calls that started at or after this moment, in milliseconds since the Unix epoch. */
  readonly sinceMs?: number;
}
