// The short memory of calls that were refused: an identical body of the same tenant is answered the same for as long as
// the client was told to wait, without touching a provider. For clients that ignore `x-should-retry: false`, and so that
// retries of one SDK never multiply with ours. Not a cache of answers.

import type { Call } from "../core/call.ts";
import type { Cells, RefusedCell } from "../core/cell.ts";
import { FAULTS, type Fault } from "../core/fault.ts";
import { fingerprint } from "../core/fingerprint.ts";
import { attemptsIn, type Refusal } from "../core/reply.ts";
import type { Look } from "../core/service.ts";

/** Without a `retry-after`: as the final error says. */
export const REPEAT_MS = 5_000;
const REPEAT_MAX_MS = 60_000;
const FORGET_MS = 60_000;
/** Larger bodies are not hashed on the data path. */
const BODY_BYTES_MAX = 1_048_576;

export function refused(cells: Cells): Look {
  return {
    before(call, { runtime }) {
      const nowMs = runtime.clock.now();
      const known = remembered(cells, call, nowMs);
      return known !== undefined && nowMs < known.repeatUntilMs ? { ...known.refusal, remembered: true } : undefined;
    },
    after(reply, call, { runtime }) {
      // Without an attempt nothing is spared by remembering.
      if (reply.ok || attemptsIn(reply.trail) === 0 || !isWorthKeeping(reply.fault, call)) return reply;
      const nowMs = runtime.clock.now();
      cells.refused.set(keyOf(call), remember(reply, nowMs, remembered(cells, call, nowMs)));
      return reply;
    },
  };
}

/** What is known of this very call; costs nothing while no call was refused. */
export function remembered(cells: Cells, call: Call, nowMs: number): RefusedCell | undefined {
  if (cells.refused.isEmpty(nowMs) || call.body.length > BODY_BYTES_MAX) return undefined;
  return cells.refused.get(keyOf(call), nowMs);
}

function remember(refusal: Refusal, nowMs: number, known: RefusedCell | undefined): RefusedCell {
  const repeatMs = Math.min(REPEAT_MAX_MS, refusal.fault.retryAfterMs ?? REPEAT_MS);
  const failed = new Set(known?.failed);
  for (const { target, skipped } of refusal.trail) if (skipped !== true) failed.add(target);
  return {
    refusal,
    repeatUntilMs: nowMs + repeatMs,
    forgetAtMs: nowMs + Math.max(FORGET_MS, repeatMs),
    attempts: (known?.attempts ?? 0) + attemptsIn(refusal.trail),
    failed,
  };
}

/** The caller's own faults are cheap to find again, and may be gone after a change on the caller's side. */
function isWorthKeeping({ kind }: Fault, call: Call): boolean {
  const { blame } = FAULTS[kind];
  return (blame === "provider" || blame === "network") && call.body.length <= BODY_BYTES_MAX;
}

function keyOf(call: Call): string {
  return `${call.tenant}\n${call.operation}\n${call.dialect}\n${call.query}\n${fingerprint(call.body)}`;
}
