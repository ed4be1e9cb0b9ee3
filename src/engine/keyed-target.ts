// A target together with its provider's keys, as `pursue` sees it: each attempt takes the key that is best now, and what
// came of it is noted with that key.

import type { Call } from "../core/call.ts";
import type { BeliefCell } from "../core/cell.ts";
import { fault } from "../core/fault.ts";
import type { Reply } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import { PROBES_USD_PER_DAY } from "../health/probe.ts";
import { lateAfterMs } from "../health/silence.ts";
import { tokensPerSAtLeast } from "../health/slowness.ts";
import type { Pursued } from "../policies/pursue.ts";
import { type AttemptPlan, attempt } from "./attempt.ts";
import { createBelieving, shapeOfCall } from "./believing.ts";
import { createKeyring, type KeyContext, type Keyring } from "./keyring.ts";
import type { Learnt } from "./timeouts.ts";

export interface KeyedTarget extends Pursued {
  readonly keyring: Pick<Keyring<unknown>, "count">;
}

export interface KeyedContext extends Omit<KeyContext, "model"> {
  /** What probes may cost a day. */
  readonly probesUsdPerDay?: number | undefined;
  /** The route has other targets: one that is later than it ever was need not be waited for. */
  readonly alternatives?: boolean;
}

export function keyedTarget(planned: Omit<AttemptPlan, "key">, context: KeyedContext): KeyedTarget {
  const { id, domain, model } = planned.target;
  const identity = identityOf(context.provider, model);
  const belief = context.cells.belief(identity);
  const learnt = (call: Call) => learntOf(belief, call);
  const keyring = createKeyring(
    { ...context, model },
    (key): AttemptPlan => ({
      ...planned,
      key,
      ...(context.alternatives === true && { learnt }),
    }),
  );
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

/** First contents are learnt of streams alone: a whole answer is as late as it is long. */
function learntOf(belief: BeliefCell, call: Call): Learnt {
  return {
    lateMs: call.stream ? lateAfterMs(belief, shapeOfCall(call), 0.99) : undefined,
    tokensPerS: tokensPerSAtLeast(belief),
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
