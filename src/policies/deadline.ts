// The call's own deadlines: the route's `total` until the commit, and what the client sent for good. Thin shell: it only
// cancels; what was in flight ends by that.

import type { Call } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { Reply } from "../core/reply.ts";
import type { Policy, Scope, Service } from "../core/service.ts";
import { LazyDeadline } from "../core/timing.ts";

export function deadline(totalMs: number): Policy {
  return (next) => (call, scope) => within(totalMs, next, call, scope);
}

async function within(totalMs: number, next: Service, call: Call, scope: Scope): Promise<Reply> {
  const { clock } = scope.runtime;
  const source = new CancelSource();
  const off = scope.cancel.onCancel((reason) => source.cancel(reason));
  const own = call.deadlineMs !== Number.POSITIVE_INFINITY;
  const timer = new LazyDeadline(clock, () => source.cancel(fault("deadline-exceeded", "The call's deadline passed.")));
  timer.moveTo(Math.min(clock.now() + totalMs, call.deadlineMs));
  const reply = await next(call, { runtime: scope.runtime, cancel: source, emit: scope.emit });
  if (reply.ok) {
    // After the commit only a deadline that the client sent still holds.
    if (own) timer.moveTo(call.deadlineMs);
    else timer.stop();
    void reply.ending.then(() => {
      timer.stop();
      off();
    });
    return reply;
  }
  timer.stop();
  off();
  return reply;
}
