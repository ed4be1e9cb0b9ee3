// The one stream of facts. Logs, metrics, traces, ledger, incidents, console and the simulator's checkers read it;
// nothing else is told anything. Exactly one `attempt-end` per `attempt-start`, one `call-end` per `call-start`.

import type { BeliefCause } from "./belief-cause.ts";
import type { Criticality, DialectId, Operation } from "./call.ts";
import type { BeliefState } from "./cell.ts";
import type { JobState } from "./deferral.ts";
import type { FaultKind } from "./fault.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { Degraded, ServedBy } from "./reply.ts";
import type { PageChange } from "./status-page.ts";
import type { Usage } from "./usage.ts";

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
        /** A keyed hash of the end user whom the client named. */
        readonly endUser?: string | undefined;
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
        /** It was complete and delivered, and of no use all the same. */
        readonly flaw?: FaultKind | undefined;
        readonly status?: number | undefined;
        readonly committed: boolean;
        readonly firstContentMs?: number | undefined;
        readonly tookMs: number;
        readonly pausedMs: number;
        readonly usage?: Usage | undefined;
        readonly requestId?: string | undefined;
        /** A fingerprint of the key that was sent. */
        readonly account?: string | undefined;
        /** What the provider told of its rate limits. */
        readonly limits?: readonly RateLimit[] | undefined;
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
        /** Absent: it is not known any more. */
        readonly cause?: BeliefCause;
      }
    /** A target has become slower than it used to be and keeps a small share of its calls, or is well again. */
    | { readonly type: "slow"; readonly target: string; readonly domain: string; readonly slow: boolean }
    /** These fell silent together and nobody answers, or (none) our event loop stood still: the trouble may be ours. Nobody is ejected for it until it has `ended`. */
    | { readonly type: "self-suspicion"; readonly state: "began" | "ended"; readonly domains: readonly string[] }
    /** A probe was answered, or not; a canary is asked for evidence alone. It is no attempt of a call: `call` is its own id. */
    | {
        readonly type: "probe";
        readonly target: string;
        readonly canary?: true;
        readonly ok: boolean;
        /** It was asked a sum. Absent: it did not answer. */
        readonly answer?: "right" | "other" | "nothing";
        readonly fault?: FaultKind | undefined;
        readonly status?: number | undefined;
        readonly tookMs: number;
        readonly usage?: Usage | undefined;
        readonly requestId?: string | undefined;
        /** A fingerprint of the key that was sent. */
        readonly account?: string | undefined;
      }
    /** A target was passed over: as much was under way at its provider as may be, or as this tenant may have there. */
    | { readonly type: "target-full"; readonly target: string }
    /** Nothing was sent: no target is believed to answer, none in time, or who would takes no more by failover. */
    | {
        readonly type: "call-shed";
        readonly criticality: Criticality;
        readonly why: "outage" | "deadline" | "headroom";
      }
    /**
     * An objective's error budget burns too fast, or no longer does. `budgetLeft` is below 0 when it is overspent. `ended`: it
     * was taken out of the configuration, or changed, so that nothing is known any more of how it stands.
     */
    | {
        readonly type: "slo";
        readonly slo: string;
        readonly route: string;
        readonly state: "burning" | "recovered";
        readonly severity: "page" | "ticket";
        /** Times the rate at which the budget lasts for its window. */
        readonly burnRate: number;
        readonly budgetLeft?: number;
        readonly ended?: true;
      }
    /** An attempt is late: a second one begins beside it at `target`, or `instead` of it, where it is under suspicion. */
    | { readonly type: "hedge"; readonly target: string; readonly instead: boolean }
    | { readonly type: "retry-wait"; readonly target: string; readonly delayMs: number }
    /** An answer that broke is gone on with by another attempt, or begun anew where nothing of it was shown. */
    | {
        readonly type: "resume";
        readonly from: string;
        readonly to: string;
        readonly fault: FaultKind;
        readonly deliveredChars: number;
        readonly how: "prefix" | "anchor" | "anew";
      }
    /** A call was deferred, or is over; `call` is the job's id. Its runs are calls of their own. `waiting`: of all jobs, now. */
    | {
        readonly type: "deferred";
        readonly tenant: string;
        readonly route: string;
        readonly state: JobState;
        readonly waiting: number;
      }
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
    /** A provider's status page says something else than before; `call` is empty. */
    | PageChange
    /** Failover multiplies what a route costs; `call` is "". */
    | {
        readonly type: "budget-warning";
        readonly route: string;
        readonly spentUsd: number;
        /** What the route's first target would have asked for the same answers. */
        readonly withoutFailoverUsd: number;
        readonly overMs: number;
      }
    | { readonly type: "bug"; readonly message: string; readonly stack?: string }
  );
