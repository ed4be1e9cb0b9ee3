// Stands in for deferral where the store was asked for and could not be opened. What was promised before may well be in it, so
// whoever asks for that is told to ask again, not that it never was; new promises are refused.

import type { DeferralDesk } from "../core/deferral.ts";
import type { Deferral } from "./deferral.ts";

const WHY = "the store could not be opened";

const DESK: DeferralDesk = {
  waitingNow: 0,
  named: () => undefined,
  enqueue: async () => ({ problem: WHY }),
};

export function createDeferralAway(): Deferral {
  const away = (): never => {
    throw new Error(WHY);
  };
  return {
    jobs: { find: away, list: away, counts: { jobs: 0, bytes: 0, waiting: 0 } },
    seats: { taken: 0, areClosed: false },
    read() {},
    start(engine) {
      engine.cells.deferral.desk = DESK;
    },
    running: 0,
    cancel: away,
    drain() {},
    stop() {},
  };
}
