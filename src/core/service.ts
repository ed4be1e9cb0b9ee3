// The one function type that carries the data path. A provider target, a cache, a local model, a canned answer and the
// deferred queue are all services; a policy wraps one in another.

import type { Call } from "./call.ts";
import type { CancelSource } from "./cancel.ts";
import type { GatewayEvent } from "./gateway-event.ts";
import type { Reply } from "./reply.ts";
import type { HeaderMap, Runtime } from "./runtime.ts";

export interface Scope {
  readonly runtime: Runtime;
  /** The call's own: whoever ends it (the client, a deadline) ends everything that is in flight for it. */
  readonly cancel: CancelSource;
  emit(event: GatewayEvent): void;
  /** Headers that tie the request of attempt `number` to a trace; absent: the client's own pass as they came. */
  readonly propagate?: (call: Call, number: number) => HeaderMap;
  /** Told when an attempt receives its first content, whether or not that is released yet. Only where attempts race. */
  readonly heard?: () => void;
}

export type Service = (call: Call, scope: Scope) => Promise<Reply>;
export type Policy = (next: Service) => Service;

/** The first policy is the outermost. */
export function pipeline(policies: readonly Policy[], service: Service): Service {
  return policies.reduceRight((next, policy) => policy(next), service);
}
