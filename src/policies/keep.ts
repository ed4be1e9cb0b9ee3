// Hands an answer over to whoever keeps it, once it is complete: nothing happens before that, and nothing is handed over of an
// answer that broke, was left, is of no use or was no target's. What it said its lane has remembered on the way.

import type { Call } from "../core/call.ts";
import type { Answer, Ending, Told } from "../core/reply.ts";
import type { Look, Scope } from "../core/service.ts";

export interface Keeper {
  wants(call: Call): boolean;
  record(call: Call, target: string, told: Told, scope: Scope): void;
}

export function keep(keeper: Keeper): Look {
  return {
    after(reply, call, scope) {
      if (reply.ok) handOver(keeper, reply, call, scope);
      return reply;
    },
  };
}

function handOver(keeper: Keeper, answer: Answer, call: Call, scope: Scope): void {
  const { told, target } = answer;
  if (told === undefined || answer.servedBy !== "target" || !keeper.wants(call)) return;
  // Words that are there are those of an answer that is over.
  if (!("told" in told)) keeper.record(call, target, told, scope);
  else recordAtEnd(keeper, { ending: answer.ending, target, told }, call, scope);
}

function recordAtEnd(
  keeper: Keeper,
  { ending, target, told }: Pick<Answer, "ending" | "target"> & { readonly told: Told },
  call: Call,
  scope: Scope,
): void {
  void Promise.resolve(ending).then(({ kind, flaw }: Ending) => {
    if (kind === "complete" && flaw === undefined) keeper.record(call, target, told, scope);
  });
}
