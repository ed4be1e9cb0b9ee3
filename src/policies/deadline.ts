// The call's own deadlines: the route's `total` until the commit, and what the client sent for good. Thin shell: it only
// cancels; what was in flight ends by that.

import type { Call } from "../core/call.ts";
import { fault } from "../core/fault.ts";
import type { Reply } from "../core/reply.ts";
import type { Policy, Scope, Service } from "../core/service.ts";
import { LazyDeadline } from "../core/timing.ts";

const PASSED = "The call's deadline passed.";

export function deadline(totalMs: number): Policy {
  return (next) => (call, scope) => within(totalMs, next, call, scope);
}

/** Chained, not awaited, as in all that every call passes: an async function costs several times as much. */
function within(totalMs: number, next: Service, call: Call, scope: Scope): Promise<Reply> {
  const { clock } = scope.runtime;
  const timer = new LazyDeadline(clock, () => scope.cancel.cancel(fault("deadline-exceeded", PASSED)));
  timer.moveTo(Math.min(clock.now() + totalMs, call.deadlineMs));
  return next(call, scope).then((reply) => {
    // After the commit only a deadline that the client sent still holds.
    if (reply.ok && call.deadlineMs !== Number.POSITIVE_INFINITY) {
      timer.moveTo(call.deadlineMs);
      void reply.ending.then(() => timer.stop());
    } else timer.stop();
    return reply;
  });
}
