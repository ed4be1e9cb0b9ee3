// What is given when no target can answer: the rungs below the last provider, and the facts of the outage that they may
// tell. A rung is a service like any other; whether it is asked is decided by the policy.

import type { Call } from "./call.ts";
import type { Fault } from "./fault.ts";
import type { Reply } from "./reply.ts";
import type { Service } from "./service.ts";

/** Why the targets gave no answer, and since when. */
export interface Outage {
  /** What the client would have got. */
  readonly fault: Fault;
  /** Since when no target of the route has answered, in milliseconds since the Unix epoch. */
  readonly sinceWallMs: number;
  /** Attempts of this call so far; those of a rung count on. */
  readonly attempts: number;
}

export interface Rung {
  /** What it already has for this very call: asked before any target, and only where the client wants to hear later. */
  readonly before?: (call: Call) => Reply | undefined;
  /** Its refusal says why it could not serve a client that asked for it: that is what the client is told then. */
  readonly tellsWhy?: true;
  /** A refusal means: nothing for this call; its trail is what was tried. An answer says by `degraded` what it is. */
  serve(outage: Outage): Service;
}
