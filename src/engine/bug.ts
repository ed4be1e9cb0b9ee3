// A throw of an attempt's own code as a value: told once, with its stack, for whoever mends it.

import type { Call } from "../core/call.ts";
import { type Fault, fault } from "../core/fault.ts";
import type { Scope } from "../core/service.ts";

export function bugOf(error: unknown, call: Call, scope: Scope): Fault {
  const bug = fault("bug", error instanceof Error ? error.message : String(error));
  const stack = error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {};
  scope.emit({ type: "bug", atMs: scope.runtime.clock.now(), call: call.id, message: bug.message, ...stack });
  return bug;
}
