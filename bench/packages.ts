// The breakers of two packages as they are, each around the calls to one target, with the defaults of their authors. They read
// the time from globals, which `virtual-globals.ts` turns to the world's clock while a trace is played.

import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleAll, SamplingBreaker } from "cockatiel";
import Breaker from "opossum";

/** One target's guard: whether a call is let through is the package's own decision, and so is what it learns of it. */
export interface Guard {
  /** Runs `attempt`, whose answer says whether it succeeded; `undefined`: the package did not let it through. */
  run(attempt: () => Promise<boolean>): Promise<boolean | undefined>;
}

class Failed extends Error {}

/** cockatiel 4: `ConsecutiveBreaker(5)` or `SamplingBreaker` (20 % in 30 s), half-open after 10 s, as in its read-me. */
export function cockatielGuard(kind: "consecutive" | "sampling"): Guard {
  const breaker =
    kind === "consecutive" ? new ConsecutiveBreaker(5) : new SamplingBreaker({ threshold: 0.2, duration: 30_000 });
  const policy = circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker });
  return {
    async run(attempt) {
      try {
        await policy.execute(() => orThrow(attempt));
        return true;
      } catch (error) {
        return error instanceof BrokenCircuitError ? undefined : false;
      }
    },
  };
}

/** opossum 10 with nothing set: half of the calls of 10 s, 30 s, and 10 s for an answer. */
export function opossumGuard(): Guard {
  let refused = false;
  const breaker = new Breaker((attempt: () => Promise<boolean>) => orThrow(attempt));
  breaker.on("reject", () => {
    refused = true;
  });
  return {
    async run(attempt) {
      refused = false;
      const running = breaker.fire(attempt);
      // `reject` is told before `fire` returns.
      const wasRefused = refused;
      try {
        await running;
        return true;
      } catch {
        return wasRefused ? undefined : false;
      }
    },
  };
}

async function orThrow(attempt: () => Promise<boolean>): Promise<true> {
  if (!(await attempt())) throw new Failed("the attempt failed");
  return true;
}
