// Shows belief that our event loop turns: one timer for the whole gateway. While it stands still, nobody else is blamed for
// what comes late (`health/self.ts`).

import { loopLeft, loopTurned } from "../health/self.ts";
import type { Engine } from "./engine.ts";

const EVERY_MS = 500;

export function startPulse({ cells: { self }, runtime }: Pick<Engine, "cells" | "runtime">): () => void {
  const { clock, wallMs } = runtime;
  let disarm = (): void => {};
  const beat = (): void => {
    loopTurned(self, EVERY_MS, { nowMs: clock.now(), wallMs: wallMs() });
    disarm = clock.after(EVERY_MS, beat);
  };
  beat();
  return () => {
    disarm();
    loopLeft(self);
  };
}
