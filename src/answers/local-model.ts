// A model on the operator's own machine as a last resort: asked only when no target answered, a few calls at a time, since
// such a machine is a trickle and no replacement. How it is asked is the attempt's business.

import type { Call } from "../core/call.ts";
import type { Drains, LocalCell } from "../core/cell.ts";
import type { Outage, Rung } from "../core/last-resort.ts";
import type { Reply } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";

/** Calls at one local model at once, over all routes; more go to the next rung without waiting. */
export const LOCAL_CALLS_MAX = 8;

export interface LocalTarget {
  readonly id: string;
  attempt(call: Call, scope: Scope, number: number): Promise<Reply>;
}

export function localModel(target: LocalTarget, cell: LocalCell, drains: Drains): Rung {
  return { serve: (outage) => (call, scope) => ask(outage, call, scope) };

  async function ask(outage: Outage, call: Call, scope: Scope): Promise<Reply> {
    const drained = drains.untilMs(target.id) > scope.runtime.clock.now();
    // After the call's own deadline there is no time for a model, however near.
    if (drained || scope.cancel.fault !== undefined || cell.calls >= LOCAL_CALLS_MAX) {
      return { ok: false, fault: outage.fault, trail: [] };
    }
    cell.calls++;
    const reply = await target.attempt(call, scope, outage.attempts + 1);
    if (!reply.ok) {
      cell.calls--;
      return reply;
    }
    void reply.ending.then(() => {
      cell.calls--;
    });
    return { ...reply, headers: {}, degraded: "local" };
  }
}
