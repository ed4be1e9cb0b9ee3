// The one stream of facts. Logs, metrics, traces, ledger, incidents, console and the simulator's checkers read it;
// nothing else is told anything. Exactly one `attempt-end` per `attempt-start`, one `call-end` per `call-start`.

import type { DialectId, Operation } from "./call.ts";
import type { BeliefState } from "./cell.ts";
import type { FaultKind } from "./fault.ts";
import type { Degraded, ServedBy, Usage } from "./reply.ts";

interface Fact {
  /** On `Clock`. */
  readonly atMs: number;
  readonly call: string;
}

export type GatewayEvent = Fact &
  (
    | {
        readonly type: "call-start";
        readonly route: string;
        readonly operation: Operation;
        readonly dialect: DialectId;
        readonly model: string;
        readonly stream: boolean;
        readonly tenant: string;
        /** The client's own trace context (W3C), as it came and not yet checked. */
        readonly trace?: { readonly parent: string; readonly state?: string };
      }
    /** `number` counts from 1 within the call. */
    | { readonly type: "attempt-start"; readonly target: string; readonly number: number }
    | {
        readonly type: "attempt-end";
        readonly target: string;
        readonly number: number;
        /** Absent: complete. A cancelled attempt has the fault it was cancelled with. */
        readonly fault?: FaultKind | undefined;
        readonly message?: string | undefined;
        readonly status?: number | undefined;
        readonly committed: boolean;
        readonly firstContentMs?: number | undefined;
        readonly tookMs: number;
        readonly pausedMs: number;
        readonly usage?: Usage | undefined;
        readonly requestId?: string | undefined;
      }
    /** What is believed of a target changed; `call` is the one that came by. `score` is log-evidence, `admission` the share of calls that go there. */
    | {
        readonly type: "belief";
        readonly target: string;
        readonly domain: string;
        readonly from: BeliefState;
        readonly state: BeliefState;
        readonly score: number;
        readonly admission: number;
      }
    /** A target has become slower than it used to be and keeps a small share of its calls, or is well again. */
    | { readonly type: "slow"; readonly target: string; readonly domain: string; readonly slow: boolean }
    /** These fell silent together and nobody answers: the trouble may be ours. Nobody is ejected for it until it has `ended`. */
    | { readonly type: "self-suspicion"; readonly state: "began" | "ended"; readonly domains: readonly string[] }
    /** A probe was answered, or not. It is no attempt of a call: `call` is its own id. */
    | { readonly type: "probe"; readonly target: string; readonly ok: boolean; readonly fault?: FaultKind | undefined }
    /** An attempt is late: a second one begins beside it at `target`, or `instead` of it, where it is under suspicion. */
    | { readonly type: "hedge"; readonly target: string; readonly instead: boolean }
    | { readonly type: "retry-wait"; readonly target: string; readonly delayMs: number }
    /** Headers went out before the commit. */
    | { readonly type: "call-open" }
    | { readonly type: "call-commit"; readonly target: string; readonly attempts: number }
    | {
        readonly type: "call-end";
        readonly ending: "complete" | "broken" | "cancelled" | "refused";
        readonly target?: string | undefined;
        readonly fault?: FaultKind | undefined;
        readonly attempts: number;
        readonly servedBy?: ServedBy | undefined;
        readonly degraded?: Degraded | undefined;
        readonly firstContentMs?: number | undefined;
        readonly tookMs: number;
        readonly usage?: Usage | undefined;
      }
    | { readonly type: "bug"; readonly message: string; readonly stack?: string }
  );
