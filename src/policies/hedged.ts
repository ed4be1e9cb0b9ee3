// The first attempt of a call whose route hedges: a second one begins beside it when it is late, the first content wins. The
// shell around the rules of `hedge.ts` and `next-move.ts`; how two attempts run side by side is `race.ts`.

import { fault } from "../core/fault.ts";
import type { Answer, Reply } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";
import { fundHedge, hedgeAfterMs, mayHedge, spendHedge } from "./hedge.ts";
import { hedgeMove } from "./next-move.ts";
import { type HedgeRule, type Pursuit, situation } from "./pursuit.ts";
import { type Leg, race } from "./race.ts";
import { accept, askedOf, failed } from "./tried.ts";

/** The first attempt, and a second beside it when it is late. `undefined`: neither brought an answer. */
export async function hedged(pursuit: Pursuit, rule: HedgeRule, first: number): Promise<Answer | undefined> {
  const { targets, call, scope, cells } = pursuit;
  const target = targets[first];
  if (target === undefined) return undefined;
  const cell = cells.hedge(pursuit.rules.route);
  // How long the answer gets is the question's doing: of a target that is seldom asked, less is known.
  const outputTokens = target.hedging?.outputTokens() ?? 0;
  fundHedge(cell, rule.share, target.hedging?.usd(call, outputTokens));
  const start = (index: number) => (own: Scope) =>
    targets[index]?.attempt(askedOf(pursuit, index), own, ++pursuit.started) ?? nobody();
  const afterMs = hedgeAfterMs(rule, (share) => target.hedging?.lateMs(call, share));
  const places = [first];
  const second = () => {
    if (call.operation !== "generate" || call.delivered !== undefined || !rule.isSafe(call)) return undefined;
    const move = hedgeMove(situation(pursuit), first);
    if (move.type === "stop" || targets[move.candidate]?.hedging?.isWell() !== true) return undefined;
    const usd = targets[move.candidate]?.hedging?.usd(call, outputTokens);
    // From a target under suspicion the call is taken away: to load two providers then would only spread the trouble.
    const instead = target.hedging?.isWell() !== true;
    if (!instead && !mayHedge(cell, usd)) return undefined;
    if (!instead) spendHedge(cell, usd);
    scope.emit({
      type: "hedge",
      atMs: scope.runtime.clock.now(),
      call: call.id,
      target: targets[move.candidate]?.id ?? "?",
      instead,
    });
    places.push(move.candidate);
    return { start: start(move.candidate), instead };
  };
  if (afterMs === undefined || targets.length < 2) {
    const reply = await start(first)(scope);
    return digest(pursuit, places, [{ place: 0, reply, ms: 0 }]);
  }
  const { legs } = await race(scope, { delayMs: afterMs, first: start(first), second });
  return digest(pursuit, places, legs);
}

/** What came of attempts side by side; those that were outrun are told in the trail alone. */
function digest(pursuit: Pursuit, places: readonly number[], legs: readonly Leg[]): Answer | undefined {
  const { targets, trail } = pursuit;
  for (const { place, reply, ms } of legs) {
    const candidate = places[place] ?? 0;
    const target = targets[candidate];
    if (target === undefined) continue;
    trail.push(...(reply?.trail ?? [{ target: target.id, fault: "superseded" as const, ms }]));
    if (reply?.ok === true) return accept(pursuit, target, reply);
    if (reply === undefined || reply.fault.kind === "superseded") pursuit.attemptsMax--;
    else failed(pursuit, candidate, reply);
  }
  return undefined;
}

function nobody(): Promise<Reply> {
  return Promise.resolve({ ok: false, fault: fault("bug", "a move to a target that does not exist"), trail: [] });
}
