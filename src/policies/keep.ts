// Hands an answer over to whoever keeps it, once it is complete: nothing happens before that, and nothing is handed over of an
// answer that broke, was left, is of no use or was no target's. What it said its lane has remembered on the way.

import type { Call } from "../core/call.ts";
import type { Ending, Reply, Told } from "../core/reply.ts";
import type { Policy, Scope } from "../core/service.ts";

export interface Keeper {
  wants(call: Call): boolean;
  record(call: Call, target: string, told: Told, scope: Scope): void;
}

export function keep(keeper: Keeper | undefined): Policy {
  if (keeper === undefined) return (next) => next;
  return (next) => (call, scope) => {
    const replying = next(call, scope);
    return keeper.wants(call) ? replying.then((reply) => watched(keeper, reply, call, scope)) : replying;
  };
}

function watched(keeper: Keeper, reply: Reply, call: Call, scope: Scope): Reply {
  if (!reply.ok || reply.servedBy !== "target" || reply.told === undefined) return reply;
  const { told, target } = reply;
  // Words that are there are those of an answer that is over.
  if (typeof told !== "function") keeper.record(call, target, told, scope);
  else
    void reply.ending.then(({ kind, flaw }: Ending) => {
      if (kind === "complete" && flaw === undefined) keeper.record(call, target, told, scope);
    });
  return reply;
}
