// The call's own deadlines: the route's `total` until the commit, and what the client sent for good. Thin shell: it only
// cancels; what was in flight ends by that.

import type { CancelSource } from "../core/cancel.ts";
import { fault } from "../core/fault.ts";
import type { Look } from "../core/service.ts";
import { type Late, LazyDeadline } from "../core/timing.ts";

const PASSED = "The call's deadline passed.";

export function deadline(totalMs: number): Look {
  return {
    before(call, scope) {
      const { clock } = scope.runtime;
      const timer = new LazyDeadline(clock, new Passing(scope.cancel));
      const nowMs = clock.now();
      timer.moveTo(Math.min(nowMs + totalMs, call.deadlineMs), nowMs);
      scope.deadline = timer;
      return undefined;
    },
    after(reply, call, { deadline: timer }) {
      // After the commit only a deadline that the client sent still holds.
      if (reply.ok && call.deadlineMs !== Number.POSITIVE_INFINITY) {
        timer?.moveTo(call.deadlineMs);
        void Promise.resolve(reply.ending).then(() => timer?.stop());
      } else timer?.stop();
      return reply;
    },
  };
}

class Passing implements Late {
  readonly #cancel: CancelSource;

  constructor(cancel: CancelSource) {
    this.#cancel = cancel;
  }

  late(): void {
    this.#cancel.cancel(fault("deadline-exceeded", PASSED));
  }
}
