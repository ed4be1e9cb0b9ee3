// A target together with its provider's keys, as `pursue` sees it: each attempt takes the key that is best now, and what
// came of it is noted with that key.

import type { Call } from "../core/call.ts";
import { fault } from "../core/fault.ts";
import type { Reply } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import type { Pursued } from "../policies/pursue.ts";
import { type AttemptPlan, attempt } from "./attempt.ts";
import { createKeyring, type KeyContext, type Keyring } from "./keyring.ts";

export interface KeyedTarget extends Pursued {
  readonly keyring: Pick<Keyring<unknown>, "count">;
}

export function keyedTarget(planned: Omit<AttemptPlan, "key">, context: Omit<KeyContext, "model">): KeyedTarget {
  const { id, domain, model } = planned.target;
  const keyring = createKeyring({ ...context, model }, (key): AttemptPlan => ({ ...planned, key }));
  return {
    id,
    identity: identityOf(context.provider, model),
    domain,
    model,
    keyring,
    keys: keyring.standing,
    attempt: (call, scope, number) => run(keyring, id, { call, scope }, number),
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
