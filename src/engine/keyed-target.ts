// A target together with its provider's keys, as `pursue` sees it: each attempt takes the key that is best now, and what
// came of it is noted with that key.

import type { Call } from "../core/call.ts";
import { fault } from "../core/fault.ts";
import type { Reply } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import { PROBES_USD_PER_DAY } from "../health/probe.ts";
import type { Pursued } from "../policies/pursue.ts";
import { type AttemptPlan, attempt } from "./attempt.ts";
import { createBelieving } from "./believing.ts";
import { createKeyring, type KeyContext, type Keyring } from "./keyring.ts";

export interface KeyedTarget extends Pursued {
  readonly keyring: Pick<Keyring<unknown>, "count">;
}

export interface KeyedContext extends Omit<KeyContext, "model"> {
  /** What probes may cost a day. */
  readonly probesUsdPerDay?: number | undefined;
}

export function keyedTarget(planned: Omit<AttemptPlan, "key">, context: KeyedContext): KeyedTarget {
  const { id, domain, model } = planned.target;
  const keyring = createKeyring({ ...context, model }, (key): AttemptPlan => ({ ...planned, key }));
  const identity = identityOf(context.provider, model);
  const believing = createBelieving({
    cells: context.cells,
    identity,
    target: planned.target,
    probesUsdPerDay: context.probesUsdPerDay ?? PROBES_USD_PER_DAY,
    send: (call, scope) => run(keyring, id, { call, scope }, 1),
  });
  return {
    id,
    identity,
    domain,
    model,
    keyring,
    keys: keyring.standing,
    stand: believing.stand,
    hedging: believing,
    attempt: (call, scope, number) => believing.watch(call, scope, () => run(keyring, id, { call, scope }, number)),
  };
}

/** What the cells of a target are found by. */
export function identityOf(provider: { readonly name: string; readonly url: string }, model: string): string {
  return `${provider.name}\n${provider.url}\n${model}`;
}

interface Work {
  readonly call: Call;
  readonly scope: Scope;
}

async function run(keyring: Keyring<AttemptPlan>, id: string, { call, scope }: Work, number: number): Promise<Reply> {
  const { clock } = scope.runtime;
  const slot = keyring.take(clock.now());
  if (slot === undefined) {
    const reason = fault("credential-rejected", "no key of this provider could be read");
    return { ok: false, fault: reason, trail: [{ target: id, fault: reason.kind, ms: 0 }] };
  }
  const reply = await attempt(slot.made, call, scope, number);
  const outcome = reply.ok ? {} : { fault: reply.fault, status: reply.trail.at(-1)?.status };
  keyring.note(slot, outcome, clock.now());
  return reply;
}
