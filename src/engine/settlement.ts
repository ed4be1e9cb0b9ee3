// The end of one attempt: it happens exactly once, however it comes (terminal event, fault, timeout, client gone), and
// everything that was armed for the attempt is disarmed by it. Belief, budgets and the ledger read its event.

import type { Call } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import type { Fault, FaultKind } from "../core/fault.ts";
import type { RateLimit } from "../core/rate-limit.ts";
import type { AttemptRecord, Ending } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import { type Late, LazyDeadline } from "../core/timing.ts";
import type { Usage } from "../core/usage.ts";
import type { Debit, QuotaGate } from "./quota-gate.ts";
import { withoutKey } from "./without-key.ts";

/** Faults by which the client's side ended the attempt: nobody is owed an error any more. */
const CANCELLED: ReadonlySet<FaultKind> = new Set<FaultKind>(["cancelled", "client-stall", "superseded"]);

/** What a provider says may quote the prompt: behind a colon it is for the client alone, never for a record. */
function inOwnWords({ message }: Fault): string {
  const colon = message.indexOf(": ");
  return colon < 0 ? message : message.slice(0, colon);
}

/** The name of what has passed. */
export interface Deadline {
  passed(): Fault;
  /** See `Late`. */
  putOffToMs?(): number;
}

const NO_DEADLINE: Deadline = { passed: () => ({ kind: "bug", message: "a timer without a deadline" }) };

export class Settlement implements Late {
  /** Cancelled by the scope, by the attempt's own timer, or by whoever holds the answer. */
  readonly cancel = new CancelSource();
  readonly timer: LazyDeadline;
  readonly startMs: number;
  readonly number: number;
  settled = false;
  committed = false;
  status: number | undefined;
  requestId: string | undefined;
  usage: Usage | undefined;
  /** What makes the answer useless, though it was delivered. */
  flaw: Fault | undefined;
  firstContentMs: number | undefined;
  pausedMs = 0;
  /** The key that was sent: no fault may tell it. */
  secret: string | undefined;
  /** A fingerprint of it. */
  account: string | undefined;
  /** Of that key, and what this attempt took of it. */
  quota: QuotaGate | undefined;
  debit: Debit | undefined;
  limits: readonly RateLimit[] | undefined;
  /** Not the call itself: an open stream must not keep its request alive. */
  readonly #id: string;
  readonly #scope: Scope;
  readonly #target: string;
  #ended: Ending | undefined;
  #ending: Promise<Ending> | undefined;
  #resolve: ((ending: Ending) => void) | undefined;

  constructor(call: Call, scope: Scope, target: string, number: number) {
    this.#id = call.id;
    this.#scope = scope;
    this.#target = target;
    this.number = number;
    this.startMs = scope.runtime.clock.now();
    this.timer = new LazyDeadline(scope.runtime.clock, this);
    scope.emit({ type: "attempt-start", atMs: this.startMs, call: call.id, target, number });
    scope.cancel.listen(this.cancel);
  }

  /** Which one the timer stands for now. */
  deadline: Deadline = NO_DEADLINE;

  late(): void {
    this.cancel.cancel(this.deadline.passed());
  }

  putOffToMs(): number {
    return this.deadline.putOffToMs?.() ?? 0;
  }

  /** A whole answer is over before anybody asks: only a stream's is waited for. */
  get ending(): Ending | Promise<Ending> {
    if (this.#ended !== undefined) return this.#ended;
    this.#ending ??= this.#awaited();
    return this.#ending;
  }

  #awaited(): Promise<Ending> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get nowMs(): number {
    return this.#scope.runtime.clock.now();
  }

  content(atMs = this.nowMs): void {
    if (this.firstContentMs !== undefined) return;
    this.firstContentMs = atMs - this.startMs;
    this.#scope.heard?.();
  }

  settle(found: Fault | undefined, atMs = this.nowMs): Ending {
    const fault = found && withoutKey(found, this.secret);
    const tookMs = atMs - this.startMs;
    const kind = fault === undefined ? "complete" : CANCELLED.has(fault.kind) ? "cancelled" : "broken";
    const ending: Ending = {
      kind,
      fault,
      flaw: this.flaw,
      usage: this.usage,
      firstContentMs: this.firstContentMs ?? tookMs,
      tookMs,
      pausedMs: this.pausedMs,
    };
    if (this.settled) return ending;
    this.settled = true;
    this.#scope.cancel.unlisten(this.cancel);
    this.timer.stop();
    if (this.debit !== undefined) this.quota?.end(this.debit, this, atMs);
    this.#scope.emit({
      type: "attempt-end",
      atMs,
      call: this.#id,
      target: this.#target,
      number: this.number,
      fault: fault?.kind,
      message: fault && inOwnWords(fault),
      flaw: this.flaw?.kind,
      status: this.status,
      committed: this.committed,
      firstContentMs: this.firstContentMs,
      tookMs,
      pausedMs: this.pausedMs,
      usage: this.usage,
      account: this.account,
      limits: this.limits,
      requestId: this.secret !== undefined && this.requestId?.includes(this.secret) ? undefined : this.requestId,
    });
    this.#ended = ending;
    this.#resolve?.(ending);
    return ending;
  }

  /** This attempt as the trail tells it. */
  record(fault: Fault | undefined): AttemptRecord {
    return {
      target: this.#target,
      fault: fault?.kind ?? "ok",
      status: this.status,
      ms: Math.round(this.#ended?.tookMs ?? this.nowMs - this.startMs),
    };
  }
}
