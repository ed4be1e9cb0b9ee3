// Where conversations that were answered by another target than the first are to go on. Bounded: the oldest is forgotten.

import { AgedMap } from "../core/aged-map.ts";
import type { Conversations, Stay } from "../core/cell.ts";

const CONVERSATIONS_MAX = 10_000;

export function createConversations(): Conversations {
  const stays = new AgedMap<Stay>();
  let lastMs = 0;
  return {
    isEmpty(nowMs) {
      if (stays.size > 0 && nowMs >= lastMs) stays.clear();
      return stays.size === 0;
    },
    get(key, nowMs) {
      const stay = stays.get(key);
      if (stay === undefined || nowMs < stay.untilMs) return stay;
      stays.delete(key);
      return undefined;
    },
    set(key, stay) {
      stays.set(key, stay);
      const oldest = stays.size > CONVERSATIONS_MAX ? stays.oldestKey : undefined;
      if (oldest !== undefined) stays.delete(oldest);
      lastMs = Math.max(lastMs, stay.untilMs);
    },
  };
}
