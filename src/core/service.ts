// The one function type that carries the data path. A provider target, a cache, a local model, a canned answer and the
// deferred queue are all services; a policy wraps one in another.

import type { Call } from "./call.ts";
import type { Cancel } from "./cancel.ts";
import type { GatewayEvent } from "./gateway-event.ts";
import type { Reply } from "./reply.ts";
import type { Runtime } from "./runtime.ts";

export interface Scope {
  readonly runtime: Runtime;
  readonly cancel: Cancel;
  emit(event: GatewayEvent): void;
}

export type Service = (call: Call, scope: Scope) => Promise<Reply>;
export type Policy = (next: Service) => Service;

/** The first policy is the outermost. */
export function pipeline(policies: readonly Policy[], service: Service): Service {
  return policies.reduceRight((next, policy) => policy(next), service);
}
