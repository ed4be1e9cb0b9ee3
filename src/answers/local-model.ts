// A model on the operator's own machine as a last resort: asked only when no target answered, a few calls at a time and the
// important ones first, briefly, and only for what it can hold: such a machine is a trickle and no replacement. How it is
// asked is the attempt's business.

import type { Call, Criticality } from "../core/call.ts";
import type { Drains, LocalCell } from "../core/cell.ts";
import { isFault } from "../core/fault.ts";
import type { Outage, Rung } from "../core/last-resort.ts";
import type { Reply } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { isObject, parseJson } from "../dialects/json-object.ts";

/** Calls at one local model at once, over all routes, up to which one of that criticality is let in; others go on without waiting. */
export const LOCAL_CALLS: Readonly<Record<Criticality, number>> = { critical: 8, default: 6, sheddable: 2 };
/** A longer answer would take minutes, and others wait. */
export const LOCAL_OUTPUT_TOKENS = 1_000;
/** Rather too many tokens are assumed: what does not fit, some servers cut without a word. */
const BYTES_PER_TOKEN = 3;

export interface LocalTarget {
  readonly id: string;
  attempt(call: Call, scope: Scope, number: number): Promise<Reply>;
}

export interface LocalPlace {
  /** Of calls that do not say it themselves. */
  readonly criticality: Criticality;
  readonly cell: LocalCell;
  readonly drains: Drains;
  readonly client: Dialect;
}

export function localModel(target: LocalTarget, { cell, drains, client, criticality }: LocalPlace): Rung {
  return { serve: (outage) => (call, scope) => ask(outage, call, scope) };

  async function ask(outage: Outage, call: Call, scope: Scope): Promise<Reply> {
    const drained = drains.untilMs(target.id) > scope.runtime.clock.now();
    const isFull = cell.calls >= LOCAL_CALLS[call.criticality ?? criticality];
    // After the call's own deadline there is no time for a model, however near.
    const isOver = scope.cancel.fault !== undefined;
    const asked = drained || isFull || isOver ? undefined : briefly(call, client);
    if (asked === undefined || !fits(asked, cell)) return { ok: false, fault: outage.fault, trail: [] };
    cell.calls++;
    const reply = await target.attempt(asked, scope, outage.attempts + 1);
    if (!reply.ok) {
      cell.calls--;
      return reply;
    }
    void Promise.resolve(reply.ending).then(() => {
      cell.calls--;
    });
    return { ...reply, headers: {}, degraded: "local" };
  }
}

/** The call with no more output than such a model is let write; `undefined` where the dialect would not have it. */
function briefly(call: Call, { wire }: Dialect): Call | undefined {
  const { maxTokens } = call.inspected;
  if (call.operation !== "generate" || (maxTokens !== undefined && maxTokens <= LOCAL_OUTPUT_TOKENS)) return call;
  const request = parseJson(new TextDecoder().decode(call.body));
  if (!isObject(request)) return undefined;
  const limit = request.max_completion_tokens == null ? "max_tokens" : "max_completion_tokens";
  const body = new TextEncoder().encode(JSON.stringify({ ...request, [limit]: LOCAL_OUTPUT_TOKENS }));
  const inspected = wire.inspect(body, call.operation);
  return isFault(inspected) ? undefined : { ...call, body, inspected };
}

function fits({ body, inspected }: Call, { contextTokens }: LocalCell): boolean {
  if (contextTokens === undefined) return true;
  return body.length / BYTES_PER_TOKEN + (inspected.maxTokens ?? 0) <= contextTokens;
}
