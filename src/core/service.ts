// The one function type that carries the data path. A provider target, a cache, a local model, a canned answer and the
// deferred queue are all services; a policy wraps one in another.

import type { Call } from "./call.ts";
import type { CancelSource } from "./cancel.ts";
import type { GatewayEvent } from "./gateway-event.ts";
import type { Reply } from "./reply.ts";
import type { HeaderMap, Runtime } from "./runtime.ts";
import type { LazyDeadline } from "./timing.ts";

export interface Scope {
  readonly runtime: Runtime;
  /** The call's own: whoever ends it (the client, a deadline) ends everything that is in flight for it. */
  readonly cancel: CancelSource;
  emit(event: GatewayEvent): void;
  /** Headers that tie the request of attempt `number` to a trace; absent: the client's own pass as they came. */
  readonly propagate?: ((call: Call, number: number) => HeaderMap) | undefined;
  /** Told when an attempt receives its first content, whether or not that is released yet. Only where attempts race. */
  readonly heard?: () => void;
  /** What the policy of that name has armed for the call. */
  deadline?: LazyDeadline | undefined;
}

export type Service = (call: Call, scope: Scope) => Promise<Reply>;
export type Policy = (next: Service) => Service;

/**
 * A policy that only looks at the reply, and may know one before anything is asked. Neighbours of this kind look one after the
 * other at the same promise: one of its own for each would be a promise and a function more on every call's way.
 */
export interface Look {
  /** A reply without asking further; those outside of this one look at it. */
  before?(call: Call, scope: Scope): Reply | undefined;
  /** The reply, or another in its place. */
  after(reply: Reply, call: Call, scope: Scope): Reply | Promise<Reply>;
}

/** The first step is the outermost; an absent one does nothing. */
export function pipeline(steps: readonly (Policy | Look | undefined)[], service: Service): Service {
  let next = service;
  let looks: Look[] = [];
  for (const step of steps.toReversed()) {
    if (step === undefined) continue;
    if (typeof step !== "function") looks.push(step);
    else {
      next = step(looking(looks, next));
      looks = [];
    }
  }
  return looking(looks, next);
}

/** `looks`: the innermost first. */
function looking(looks: readonly Look[], next: Service): Service {
  if (looks.length === 0) return next;
  return (call, scope) => {
    for (let place = looks.length - 1; place >= 0; place--) {
      const known = looks[place]?.before?.(call, scope);
      if (known !== undefined) return later(looks, place, Promise.resolve(known), { call, scope });
    }
    return asked(looks, next, call, scope);
  };
}

function asked(looks: readonly Look[], next: Service, call: Call, scope: Scope): Promise<Reply> {
  return next(call, scope).then((reply) => {
    let seen = reply;
    for (let place = 0; place < looks.length; place++) {
      const other = looks[place]?.after(seen, call, scope) ?? seen;
      if (other instanceof Promise) return later(looks, place, other, { call, scope });
      seen = other;
    }
    return seen;
  });
}

interface Asked {
  readonly call: Call;
  readonly scope: Scope;
}

/** What the looks behind `place` make of it, once it is there. */
function later(looks: readonly Look[], place: number, reply: Promise<Reply>, { call, scope }: Asked): Promise<Reply> {
  return asked(looks.slice(place + 1), () => reply, call, scope);
}
