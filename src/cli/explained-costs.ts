// What a route costs beyond the calls themselves, and what each feature that is off would cost. In shares, and in dollars
// where the catalog has prices; nothing of this is spent unasked but the probes.

import type { RouteSettings, Settings } from "../core/settings.ts";
import type { Target } from "../core/target.ts";
import { canaryUsd } from "../health/canary.ts";
import { HEDGE_SPEND_SHARE } from "../policies/hedge.ts";

const WARM_EXAMPLE = 0.02;
const MINUTES_A_DAY = 1_440;

export interface ExplainedCost {
  readonly feature: string;
  readonly on: boolean;
  readonly cost: string;
}

export function costsOf(
  route: RouteSettings,
  targets: readonly Target[],
  { probesUsdPerDay = 0.5, canaryUsdPerDay }: Pick<Settings, "probesUsdPerDay" | "canaryUsdPerDay">,
): readonly ExplainedCost[] {
  const probes =
    probesUsdPerDay === 0 ? "nothing" : `at most ${probesUsdPerDay} USD a day for all routes, in an outage`;
  return [
    { feature: "probes", on: probesUsdPerDay > 0, cost: probes },
    canaryCost(targets, canaryUsdPerDay),
    hedgeCost(route, targets),
    warmCost(route, targets),
  ];
}

function canaryCost(targets: readonly Target[], usdPerDay: number | undefined): ExplainedCost {
  const each = targets.filter(({ tier }) => tier !== "local").map(({ price }) => canaryUsd(price));
  const most = each.reduce((sum, usd) => sum + usd, 0) * MINUTES_A_DAY;
  const budget = `at most ${usdPerDay} USD a day for all routes`;
  const cost = `at most ${most.toFixed(2)} USD a day if none of these targets had a call; the budget is what you write`;
  return { feature: "canary", on: usdPerDay !== undefined, cost: usdPerDay === undefined ? cost : budget };
}

function hedgeCost({ hedge }: RouteSettings, targets: readonly Target[]): ExplainedCost {
  const [first, second] = targets;
  const calls = percent(hedge?.share ?? 0.02);
  const spend = `${percent(HEDGE_SPEND_SHARE)} of what the calls cost`;
  const known = first?.price !== undefined && second?.price !== undefined;
  const dollars = known
    ? `, and at most ${spend}`
    : `; at most ${spend} only where both prices are known, which they are not here`;
  const cost = `at most ${calls} of the calls are sent to a second target too${dollars}`;
  return {
    feature: "hedge",
    on: hedge !== undefined,
    cost: targets.length < 2 ? "nothing: there is one target" : cost,
  };
}

function warmCost({ warm }: RouteSettings, targets: readonly Target[]): ExplainedCost {
  const on = warm !== undefined;
  const [first, ...others] = targets;
  if (first === undefined || others.length === 0) return { feature: "warm", on, cost: "nothing: there is one target" };
  const prices = others.map((target) => `${target.id}${priceText(target)}`).join(" and ");
  const calls = `${percent(warm ?? WARM_EXAMPLE)}${on ? "" : ", for example,"} of new conversations`;
  return { feature: "warm", on, cost: `${calls} go to ${prices} instead of ${first.id}${priceText(first)}` };
}

function priceText({ price }: Target): string {
  return price === undefined
    ? " (price unknown)"
    : ` (${price.inputPerMillionUsd} in, ${price.outputPerMillionUsd} out, USD a million tokens)`;
}

function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100}%`;
}
