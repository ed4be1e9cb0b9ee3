// What is given when no target can answer: the rungs below the last provider, and the facts of the outage that they may
// tell. A rung is a service like any other; whether it is asked is decided by the policy.

import type { Fault } from "./fault.ts";
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
  /** A refusal means: nothing for this call; its trail is what was tried. An answer says by `degraded` what it is. */
  serve(outage: Outage): Service;
}
