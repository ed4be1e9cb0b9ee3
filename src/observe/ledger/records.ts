// Single attempts and calls on their way to the store: every failure, and a sample of what went well, with the providers'
// request ids. Bounded; what does not fit is counted. No prompt, no answer, no header, no key.

import type { GatewayEvent } from "../../core/gateway-event.ts";
import type { FailureClass } from "../../core/sla.ts";
import type { TrackedCall } from "../tracked-call.ts";
import type { CallField } from "./fields.ts";
import type { Series } from "./series.ts";

type Event<Type extends GatewayEvent["type"]> = Extract<GatewayEvent, { type: Type }>;

export interface AttemptRow {
  readonly atMs: number;
  readonly call: string;
  readonly number: number;
  readonly target: string;
  readonly account: string;
  readonly route: string;
  readonly tenant: string;
  readonly outcome: FailureClass | "ok";
  readonly fault: string;
  /** 0: none came. */
  readonly status: number;
  readonly requestId: string;
  readonly tookMs: number;
}

export interface CallRow {
  readonly atMs: number;
  readonly call: string;
  readonly route: string;
  readonly tenant: string;
  /** Whose failure it met; "" for a sample of what went well. */
  readonly provider: string;
  readonly outcome: CallField;
  readonly fault: string;
  /** A keyed hash of the end user that the client named; "" when it named none. */
  readonly user: string;
  readonly addedMs: number;
}

/** What is kept of an attempt's end. */
type Ended = Pick<
  Event<"attempt-end">,
  "call" | "number" | "target" | "fault" | "status" | "tookMs" | "requestId" | "account"
>;

export interface Records {
  attempt(one: {
    readonly event: Ended;
    readonly series: Series;
    readonly atWallMs: number;
    readonly outcome: FailureClass;
  }): void;
  sample(one: { readonly event: Event<"attempt-end">; readonly call: TrackedCall; readonly atWallMs: number }): void;
  call(one: {
    readonly event: Event<"call-end">;
    readonly call: TrackedCall;
    readonly series: Series;
    readonly outcome: CallField;
    readonly atWallMs: number;
    readonly addedMs: number;
  }): void;
  take(): { readonly attempts: readonly AttemptRow[]; readonly calls: readonly CallRow[] };
  giveBack(taken: ReturnType<Records["take"]>): void;
  readonly dropped: number;
}

/** Of each sort, between two writes and while the store fails: some 5 MB. */
export const RECORDS_MAX = 20_000;
const ID_CHARS_MAX = 128;

export function createRecords(max = RECORDS_MAX): Records {
  let attempts: AttemptRow[] = [];
  let calls: CallRow[] = [];
  let dropped = 0;
  const push = <Row>(rows: Row[], row: () => Row): void => {
    if (rows.length >= max) dropped++;
    else rows.push(row());
  };
  return {
    get dropped() {
      return dropped;
    },
    attempt: ({ event, series, atWallMs, outcome }) =>
      push(attempts, () => attemptRow(event, { ...series.name, atWallMs, outcome })),
    sample: ({ event, call, atWallMs }) =>
      push(attempts, () => attemptRow(event, { ...call.start, atWallMs, outcome: "ok" })),
    call: ({ event, call, series, outcome, atWallMs, addedMs }) =>
      push(calls, () => ({
        atMs: Math.round(atWallMs),
        call: event.call,
        route: call.start.route,
        tenant: call.start.tenant,
        provider: series.name.provider,
        outcome,
        fault: event.fault ?? "",
        user: call.start.endUser ?? "",
        addedMs: Math.round(addedMs),
      })),
    take() {
      const taken = { attempts, calls };
      attempts = [];
      calls = [];
      return taken;
    },
    giveBack(taken) {
      for (const row of taken.attempts) push(attempts, () => row);
      for (const row of taken.calls) push(calls, () => row);
    },
  };
}

function attemptRow(
  event: Ended,
  more: Pick<AttemptRow, "route" | "tenant" | "outcome"> & { readonly atWallMs: number },
): AttemptRow {
  return {
    atMs: Math.round(more.atWallMs),
    call: event.call,
    number: event.number,
    target: event.target,
    account: event.account ?? "",
    route: more.route,
    tenant: more.tenant,
    outcome: more.outcome,
    fault: event.fault ?? "",
    status: event.status ?? 0,
    requestId: (event.requestId ?? "").slice(0, ID_CHARS_MAX),
    tookMs: Math.round(event.tookMs),
  };
}
