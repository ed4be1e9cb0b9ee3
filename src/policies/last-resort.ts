// The ladder below the last target: when no target gave an answer and the caller is not to blame, the route's rungs are
// asked in their order. Whoever answers says what it is; when nobody does, the refusal stands as it was. It looks only at
// refusals: a call that is answered by a target passes untouched, and half an answer is never finished from here.

import type { Call } from "../core/call.ts";
import type { OutageCell } from "../core/cell.ts";
import { FAULTS } from "../core/fault.ts";
import type { Rung } from "../core/last-resort.ts";
import { attemptsIn, type Refusal, type Reply } from "../core/reply.ts";
import type { Look, Scope } from "../core/service.ts";

export function lastResort(rungs: readonly Rung[], cell: OutageCell): Look | undefined {
  if (rungs.length === 0) return undefined;
  const remembering = rungs.find(({ before }) => before !== undefined);
  return {
    before: (call) => (call.defer === undefined ? undefined : remembering?.before?.(call)),
    after(reply, call, scope) {
      if (reply.ok) {
        cell.sinceMs = undefined;
        return reply;
      }
      // Nobody waits for a job that runs: it is worth a target's answer or nothing yet.
      if (call.defer === "due") return reply;
      // The caller's own fault must reach the caller; a client that left is owed nothing.
      if (FAULTS[reply.fault.kind].blame === "caller") return reply;
      cell.sinceMs ??= scope.runtime.clock.now();
      return descend(rungs, reply, cell.sinceMs, { call, scope });
    },
  };
}

interface Asked {
  readonly call: Call;
  readonly scope: Scope;
}

async function descend(
  rungs: readonly Rung[],
  refusal: Refusal,
  sinceMs: number,
  { call, scope }: Asked,
): Promise<Reply> {
  const { runtime } = scope;
  const sinceWallMs = runtime.wallMs() - (runtime.clock.now() - sinceMs);
  // The trail of a remembered refusal is that of an earlier call.
  const trail = refusal.remembered === true ? [] : [...refusal.trail];
  const before = trail.length;
  let { fault } = refusal;
  for (const rung of rungs) {
    const outage = { fault: refusal.fault, sinceWallMs, attempts: attemptsIn(trail) };
    const reply = await rung.serve(outage)(call, scope);
    trail.push(...reply.trail);
    if (reply.ok) return { ...reply, trail };
    // While a rung was busy the client may have left: what it says then is of no use to anybody.
    if (rung.tellsWhy === true) fault = reply.fault;
    // What is wrong with the wish itself must reach whoever wished it: a rung below would hide it.
    if (FAULTS[fault.kind].blame === "caller") return { ok: false, fault, trail };
    const ended = scope.cancel.fault;
    if (ended !== undefined && FAULTS[ended.kind].blame === "caller") return { ok: false, fault: ended, trail };
  }
  return trail.length === before && fault === refusal.fault ? refusal : { ok: false, fault, trail };
}
