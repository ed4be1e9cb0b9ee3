// From settings to services, once, at start and reload: nothing is merged or looked up by name while a call runs. The
// order of the policies is fixed (docs/adr): deadline, memory of refusals, pursue, attempt.

import type { DialectId } from "../core/call.ts";
import type { Cells } from "../core/cell.ts";
import { pipeline, type Service } from "../core/service.ts";
import type { ProviderSettings, RouteSettings, Settings, TargetSettings } from "../core/settings.ts";
import type { Target } from "../core/target.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { deadline } from "../policies/deadline.ts";
import { type Pursued, pursue } from "../policies/pursue.ts";
import { refused, remembered } from "../policies/refused.ts";
import { createProvider, type Provider } from "../providers/provider.ts";
import { type AttemptPlan, attempt } from "./attempt.ts";

export interface Route {
  /** As configured: a model name, or a pattern. */
  readonly name: string;
  readonly targets: readonly Target[];
  serve(dialect: DialectId): Service;
}

export interface Routes {
  readonly names: readonly string[];
  get(model: string): Route | undefined;
}

/** Models that a pattern matched are compiled once each; the oldest is forgotten beyond this. */
const MATCHED_MAX = 1_000;

export function compile(settings: Settings, cells: Cells, maxOutput: (model: string) => number | undefined): Routes {
  const providers = new Map(settings.providers.map((provider) => [provider.name, createProvider(provider)]));
  const keys = new Map(settings.providers.map((provider) => [provider.name, provider]));
  const build = (route: RouteSettings, matched: string) =>
    compileRoute(route, (target) => plan({ route, target, matched, providers, keys, maxOutput }), cells);
  const exact = new Map<string, Route>();
  const patterns: { prefix: string; route: RouteSettings }[] = [];
  for (const route of settings.routes) {
    if (route.name.endsWith("*")) patterns.push({ prefix: route.name.slice(0, -1), route });
    else exact.set(route.name, build(route, route.name));
  }
  patterns.sort((a, b) => b.prefix.length - a.prefix.length);
  const matched = new Map<string, Route>();
  return {
    names: settings.routes.map((route) => route.name),
    get(model) {
      const known = exact.get(model) ?? matched.get(model);
      if (known !== undefined) return known;
      const pattern = patterns.find(({ prefix }) => model.startsWith(prefix));
      if (pattern === undefined) return undefined;
      const oldest = matched.size >= MATCHED_MAX ? matched.keys().next().value : undefined;
      if (oldest !== undefined) matched.delete(oldest);
      const route = build(pattern.route, model.slice(pattern.prefix.length));
      matched.set(model, route);
      return route;
    },
  };
}

type Planned = Omit<AttemptPlan, "client">;

interface PlanContext {
  readonly route: RouteSettings;
  readonly target: TargetSettings;
  /** The part of the model name that the route's `*` stood for. */
  readonly matched: string;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly keys: ReadonlyMap<string, ProviderSettings>;
  readonly maxOutput: (model: string) => number | undefined;
}

function plan({ route, target, matched, providers, keys, maxOutput }: PlanContext): Planned {
  const provider = providers.get(target.provider);
  if (provider === undefined)
    throw new Error(`settings name the provider ${target.provider}, which they do not define`);
  const prefix = route.name.endsWith("*") ? route.name.slice(0, -1) : "";
  // `*` carries over what a client would write there: the whole name where the pattern is a prefix of a model's own.
  const model = target.model === "*" ? prefix + matched : target.model.replace("*", matched);
  const limit = maxOutput(model);
  return {
    target: {
      id: `${provider.name}/${model}`,
      provider: provider.name,
      model,
      dialect: provider.dialect,
      domain: provider.name,
      tier: provider.tier,
      ...(limit !== undefined && { maxOutputTokens: limit }),
    },
    provider,
    key: keys.get(target.provider)?.keys[0],
    dialect: DIALECTS[provider.dialect],
    timeouts: route.timeouts,
    exactUsage: route.usage === "exact",
    strict: route.strict,
  };
}

function compileRoute(route: RouteSettings, planOf: (target: TargetSettings) => Planned, cells: Cells): Route {
  const plans = route.targets.map(planOf);
  const services = new Map<DialectId, Service>();
  for (const [id, client] of Object.entries(DIALECTS)) {
    const pursued = plans.map((planned) => asPursued({ ...planned, client }));
    // The keys of DIALECTS are dialect ids.
    services.set(id as DialectId, protect(route, pursued, cells));
  }
  return {
    name: route.name,
    targets: plans.map((planned) => planned.target),
    serve(dialect) {
      const service = services.get(dialect);
      if (service === undefined) throw new Error(`no service for the dialect ${dialect}`);
      return service;
    },
  };
}

function asPursued(planned: AttemptPlan): Pursued {
  const { id, domain, model } = planned.target;
  return { id, domain, model, attempt: (call, scope, number) => attempt(planned, call, scope, number) };
}

function protect(route: RouteSettings, targets: readonly Pursued[], cells: Cells): Service {
  const { totalMs } = route.timeouts;
  const rules = { attemptsMax: route.attempts, retryWaitMs: route.retryWaitMs, totalMs };
  const chase = pursue(targets, rules, cells, (call, nowMs) => remembered(cells, call, nowMs));
  // A belief that changes (a later release) ends what is remembered; until then only time does.
  return pipeline([deadline(totalMs), refused(cells, () => true)], chase);
}
