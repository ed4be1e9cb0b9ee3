// Which targets of a call's route were not asked first, and why: what was believed of them when the call came. For
// `/admin/v1/calls/{id}`; found when somebody asks, so that no call pays for it.

import type { BeliefState } from "../core/cell.ts";
import type { Engine } from "../engine/engine.ts";
import type { BeliefLog } from "../observe/belief-log.ts";
import type { CallRecord } from "../observe/call-record.ts";

/** One target that was under suspicion or out of rotation. */
export interface PassedOver {
  readonly target: string;
  readonly state: BeliefState;
  /** ISO 8601, UTC: since when it was out of rotation, or under suspicion. */
  readonly since: string;
  readonly why: string;
}

/** In the route's order; empty where nothing was held against any of those that were not asked. */
export function passedOver(engine: Engine, beliefs: BeliefLog, record: CallRecord): readonly PassedOver[] {
  const asked = new Set(record.attempts.map(({ target }) => target));
  const targets = engine.routes.get(record.model)?.targets ?? [];
  return targets.flatMap(({ id }) => {
    const known = asked.has(id) ? undefined : beliefs.at(id, Date.parse(record.startedAt));
    if (known === undefined || (known.held.state === "healthy" && known.held.admission >= 1)) return [];
    const { held, left = held } = known;
    return [{ target: id, state: held.state, since: left.at, why: left.why }];
  });
}
