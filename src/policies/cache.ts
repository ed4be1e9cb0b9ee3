// Answers that were given before, given again while all is well: only on a route that asks for it, or to a client that wants
// nothing else (`only-if-cached`). What is kept for an outage is read elsewhere, by the last resort.

import type { Call } from "../core/call.ts";
import type { Desk } from "../core/desk.ts";
import { fault } from "../core/fault.ts";
import type { Refusal, Reply } from "../core/reply.ts";
import type { Policy, Scope, Service } from "../core/service.ts";

const NOT_KEPT: Refusal = {
  ok: false,
  fault: fault("not-cached", "No kept answer may be given, and the call asks for nothing else (only-if-cached)."),
  trail: [],
};
/** RFC 9211: the client did not want one. */
const UNWANTED = "holdfast; fwd=request";

/** `healthy`: kept answers are given while targets are well. `desk` is absent where nothing is kept. */
export function cache(desk: Desk | undefined, healthy: boolean): Policy {
  return (next) => (call, scope) => {
    if (call.cache?.onlyIfCached === true) return Promise.resolve(desk?.give(call, scope) ?? NOT_KEPT);
    return desk === undefined || !healthy ? next(call, scope) : read(desk, next, call, scope);
  };
}

async function read(desk: Desk, next: Service, call: Call, scope: Scope): Promise<Reply> {
  const { noCache = false, noStore = false } = call.cache ?? {};
  const unwanted = noCache || noStore;
  const reply = await (unwanted ? next(call, scope) : desk.giveOrAsk(call, scope, next));
  if (!reply.ok || reply.headers["cache-status"] !== undefined) return reply;
  const status = unwanted ? UNWANTED : "holdfast; fwd=miss";
  return { ...reply, headers: { ...reply.headers, "cache-status": status } };
}
