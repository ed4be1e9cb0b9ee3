// From settings to services, once, at start and reload: nothing is merged or looked up by name while a call runs. The
// order of the policies is fixed (docs/adr): cache, deadline, last resort, keep, refused, resume, pursue, attempt.

import { canned } from "../answers/canned.ts";
import { deferred } from "../answers/deferred.ts";
import { createDesk } from "../answers/desk.ts";
import { createFlights } from "../answers/flight.ts";
import { localModel } from "../answers/local-model.ts";
import type { KeyContext } from "../answers/question-key.ts";
import { createRecorder, type Recorder } from "../answers/recorder.ts";
import { hasStale, staleCache } from "../answers/stale-cache.ts";
import type { Call, DialectId } from "../core/call.ts";
import type { Cells } from "../core/cell.ts";
import type { Desk } from "../core/desk.ts";
import type { Rung } from "../core/last-resort.ts";
import { type Look, type Policy, pipeline, type Scope, type Service } from "../core/service.ts";
import type { Likeness, ProviderSettings, RouteSettings, Secrets, Settings, TargetSettings } from "../core/settings.ts";
import type { Target, TokenPrice } from "../core/target.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { cache } from "../policies/cache.ts";
import { deadline } from "../policies/deadline.ts";
import { HEDGE_PROMPT_BYTES_MAX } from "../policies/hedge.ts";
import { keep } from "../policies/keep.ts";
import { lastResort } from "../policies/last-resort.ts";
import { pursue } from "../policies/pursue.ts";
import { refused, remembered } from "../policies/refused.ts";
import { createValidation } from "../policies/validate.ts";
import { createProvider, type Provider } from "../providers/provider.ts";
import { vendorsOf } from "../providers/vendor.ts";
import type { AttemptPlan } from "./attempt.ts";
import { createFavour } from "./favour.ts";
import { type KeyedPart, type KeyedTarget, keyedTarget } from "./keyed-target.ts";
import { resuming } from "./resuming.ts";

export interface Route {
  /** As configured: a model name, or a pattern. */
  readonly name: string;
  readonly targets: readonly Target[];
  /** The targets as they are tried, for whoever tells how they stand. */
  readonly keyed: readonly KeyedTarget[];
  /** The same, each in its own dialect, for whoever asks on his own. */
  readonly natives: readonly KeyedTarget[];
  /** Its last resorts that are models. */
  readonly locals: readonly LocalStandby[];
  serve(dialect: DialectId): Service;
}

export interface Routes {
  readonly names: readonly string[];
  get(model: string): Route | undefined;
  /** The name of the route that a model would take; compiles nothing. */
  find(model: string): string | undefined;
  /** Some route says something in several languages: what clients read is worth knowing. */
  readonly speaksSeveral: boolean;
  /** Every route that has targets by now: those of exact names, and one for each model that a pattern matched. */
  compiled(): readonly Route[];
}

export interface CompileContext {
  readonly cells: Cells;
  readonly secrets: Secrets;
  /** A model's largest output in tokens, where known. */
  readonly maxOutput: (model: string) => number | undefined;
  /** What a model can hold in tokens, where known. */
  readonly contextOf?: ((model: string) => number | undefined) | undefined;
  readonly priceOf: (provider: ProviderSettings, model: string) => TokenPrice | undefined;
}

/** Outermost first, around `pursue`: what `explain` prints is what runs. */
export const POLICY_ORDER = ["cache", "deadline", "last-resort", "keep", "refused", "resume"] as const;

/** Models that a pattern matched are compiled once each; the oldest is forgotten beyond this. */
const MATCHED_MAX = 1_000;

export function compile(settings: Settings, context: CompileContext): Routes {
  const vendors = vendorsOf(settings.providers);
  const providers = new Map(
    settings.providers.map((made) => [
      made.name,
      { settings: made, made: createProvider(made), vendor: vendors.get(made.name) },
    ]),
  );
  const build = (route: RouteSettings, matched: string) =>
    compileRoute(route, (target) => plan({ route, target, matched, providers, context }), {
      ...context,
      probesUsdPerDay: settings.probesUsdPerDay,
    });
  const exact = new Map<string, Route>();
  const patterns: { prefix: string; route: RouteSettings }[] = [];
  for (const route of settings.routes) {
    if (route.name.endsWith("*")) patterns.push({ prefix: route.name.slice(0, -1), route });
    else exact.set(route.name, build(route, route.name));
  }
  patterns.sort((a, b) => b.prefix.length - a.prefix.length);
  const matched = new Map<string, Route>();
  const patternOf = (model: string) => patterns.find(({ prefix }) => model.startsWith(prefix));
  return {
    names: settings.routes.map((route) => route.name),
    speaksSeveral: settings.routes.some(({ lastResort = [] }) =>
      lastResort.some((rung) => rung.type === "canned" && rung.languages !== undefined),
    ),
    get(model) {
      const known = exact.get(model) ?? matched.get(model);
      if (known !== undefined) return known;
      const pattern = patternOf(model);
      if (pattern === undefined) return undefined;
      const oldest = matched.size >= MATCHED_MAX ? matched.keys().next().value : undefined;
      if (oldest !== undefined) matched.delete(oldest);
      const route = build(pattern.route, model.slice(pattern.prefix.length));
      matched.set(model, route);
      return route;
    },
    find: (model) => (exact.has(model) ? model : patternOf(model)?.route.name),
    compiled: () => [...exact.values(), ...matched.values()],
  };
}

interface Planned {
  readonly plan: Omit<AttemptPlan, "client" | KeyedPart>;
  readonly provider: ProviderSettings;
}

interface PlanContext {
  readonly route: RouteSettings;
  readonly target: TargetSettings;
  /** The part of the model name that the route's `*` stood for. */
  readonly matched: string;
  readonly providers: ReadonlyMap<
    string,
    { readonly settings: ProviderSettings; readonly made: Provider; readonly vendor: string | undefined }
  >;
  readonly context: Pick<CompileContext, "maxOutput" | "contextOf" | "priceOf">;
}

function plan({ route, target, matched, providers, context }: PlanContext): Planned {
  const found = providers.get(target.provider);
  if (found === undefined) throw new Error(`settings name the provider ${target.provider}, which they do not define`);
  const provider = found.made;
  const prefix = route.name.endsWith("*") ? route.name.slice(0, -1) : "";
  // `*` carries over what a client would write there: the whole name where the pattern is a prefix of a model's own.
  const model = target.model === "*" ? prefix + matched : target.model.replace("*", () => matched);
  const limit = context.maxOutput(model);
  const contextTokens = context.contextOf?.(model);
  const price = context.priceOf(found.settings, model);
  const plan: Planned["plan"] = {
    target: {
      id: `${provider.name}/${model}`,
      provider: provider.name,
      model,
      dialect: provider.dialect,
      domain: provider.name,
      ...(found.vendor !== undefined && { vendor: found.vendor }),
      tier: provider.tier,
      ...(limit !== undefined && { maxOutputTokens: limit }),
      ...(contextTokens !== undefined && { contextTokens }),
      ...(price !== undefined && { price }),
    },
    provider,
    dialect: DIALECTS[provider.dialect],
    timeouts: route.timeouts,
    exactUsage: route.usage === "exact",
    strict: route.strict,
    validation: route.validate && createValidation(route.validate),
    hasStore: provider.name === storeOf(route, provider.dialect, providers),
    tolerantFrom: Math.min(route.attempts, route.targets.length),
    resume: route.resume,
    keeps: route.cache === undefined ? "nothing" : route.cache.tools === true ? "calls" : "words",
  };
  return { plan, provider: found.settings };
}

/** The first provider of the dialect on the route. */
function storeOf(
  { targets }: RouteSettings,
  dialect: DialectId,
  providers: PlanContext["providers"],
): string | undefined {
  return targets.find((target) => providers.get(target.provider)?.settings.dialect === dialect)?.provider;
}

function compileRoute(
  route: RouteSettings,
  planOf: (target: TargetSettings) => Planned,
  { cells, secrets, probesUsdPerDay }: CompileContext & { readonly probesUsdPerDay: number | undefined },
): Route {
  const plans = route.targets.map(planOf);
  const services = new Map<DialectId, Service>();
  let keyed: readonly KeyedTarget[] = [];
  const natives: KeyedTarget[] = [];
  for (const [id, client] of Object.entries(DIALECTS)) {
    // The cells of both are the same.
    keyed = plans.map(({ plan, provider }) =>
      keyedTarget({ ...plan, client }, { provider, cells, secrets, probesUsdPerDay, alternatives: plans.length > 1 }),
    );
    natives.push(...keyed.filter(({ made }) => made.dialect === id));
    const caching = cachingOf(route, client, cells);
    const rungs = rungsOf(route, planOf, { client, stale: caching?.stale }, { cells, secrets });
    // The keys of DIALECTS are dialect ids.
    services.set(id as DialectId, protect(route, { targets: keyed, rungs, caching, client }, cells));
  }
  return {
    name: route.name,
    targets: plans.map(({ plan }) => plan.target),
    keyed,
    natives,
    locals: standbysOf(route, planOf, { cells, secrets }),
    serve(dialect) {
      const service = services.get(dialect);
      if (service === undefined) throw new Error(`no service for the dialect ${dialect}`);
      return service;
    },
  };
}

/** What keeps a route's answers, reads them while all is well, and reads them in an outage. */
interface Caching {
  readonly recorder: Recorder;
  readonly desk: Desk;
  readonly stale: Rung | undefined;
  /** A call would be given a kept answer if no target could answer. */
  readonly spared: ((call: Call, scope: Scope) => boolean) | undefined;
}

function cachingOf({ cache: rules, name }: RouteSettings, client: Dialect, cells: Cells): Caching | undefined {
  const { answers } = cells;
  const outageCell = cells.outage(name);
  if (rules === undefined) return undefined;
  const keysFor = (likeness: Likeness): KeyContext => ({
    client,
    scope: rules.scope,
    likeness,
    secretOf: answers.secretOf,
  });
  const { healthy, outage } = rules;
  const kept = keysFor(healthy === "stem" || outage === "stem" ? "stem" : "exact");
  const read = healthy === "off" ? outage : healthy;
  const recorder = createRecorder({ ...rules, keys: kept, route: name, answers });
  return {
    recorder,
    desk: createDesk({ shelf: recorder, keys: keysFor(read === "off" ? "exact" : read), flights: createFlights() }),
    stale: outage === "off" ? undefined : staleCache(recorder, keysFor(outage)),
    spared: outage === "off" ? undefined : hasStale(recorder, keysFor(outage), outageCell),
  };
}

function rungsOf(
  { name, lastResort = [], criticality }: RouteSettings,
  planOf: (target: TargetSettings) => Planned,
  { client, stale }: { readonly client: Dialect; readonly stale: Rung | undefined },
  { cells, secrets }: Pick<CompileContext, "cells" | "secrets">,
): readonly Rung[] {
  return lastResort.flatMap((rung) => {
    if (rung.type === "stale-cache") return stale ?? [];
    if (rung.type === "defer") return deferred(cells.deferral, name);
    if (rung.type === "canned") return canned(rung, client);
    const { plan, provider } = planOf(rung.target);
    const target = keyedTarget({ ...plan, client, tolerantFrom: 0 }, { provider, cells, secrets });
    return localModel(target, { cell: cells.local(target.identity), drains: cells.drains, client, criticality });
  });
}

/** A model that waits for an outage, asked in its own dialect. */
export interface LocalStandby {
  readonly target: KeyedTarget;
  readonly provider: Pick<Provider, "dialect" | "authorize"> & { readonly settings: ProviderSettings };
}

function standbysOf(
  { lastResort = [] }: RouteSettings,
  planOf: (target: TargetSettings) => Planned,
  { cells, secrets }: Pick<CompileContext, "cells" | "secrets">,
): readonly LocalStandby[] {
  return lastResort.flatMap((rung): LocalStandby[] => {
    if (rung.type !== "local") return [];
    const { plan, provider: settings } = planOf(rung.target);
    const target = keyedTarget(
      { ...plan, client: plan.dialect, tolerantFrom: 0 },
      { provider: settings, cells, secrets },
    );
    return [{ target, provider: { ...plan.provider, settings } }];
  });
}

interface Ladder {
  readonly client: Dialect;
  readonly targets: readonly KeyedTarget[];
  readonly rungs: readonly Rung[];
  readonly caching: Caching | undefined;
}

function protect(route: RouteSettings, { targets, rungs, caching, client }: Ladder, cells: Cells): Service {
  const { totalMs } = route.timeouts;
  const { name, criticality } = route;
  const limits = { attemptsMax: route.attempts, retryWaitMs: route.retryWaitMs, totalMs };
  const hedge = route.hedge && {
    ...route.hedge,
    isSafe: ({ body }: Call) => body.length <= HEDGE_PROMPT_BYTES_MAX && !client.wire.actsAlone(body),
  };
  const favour =
    targets.length < 2
      ? undefined
      : createFavour({
          route: name,
          targets: targets.map(({ id }) => id),
          conversations: cells.conversations,
          warm: route.warm ?? 0,
        });
  const outage = cells.outage(name);
  const rules = { ...limits, route: name, criticality, outage, spared: caching?.spared, hedge, favour };
  const chase = pursue(targets, rules, cells, (call, nowMs) => remembered(cells, call, nowMs));
  const policies: Readonly<Record<(typeof POLICY_ORDER)[number], Policy | Look | undefined>> = {
    cache: cache(caching?.desk, (route.cache?.healthy ?? "off") !== "off"),
    deadline: deadline(totalMs),
    "last-resort": lastResort(rungs, outage),
    keep: caching && keep(caching.recorder),
    refused: refused(cells),
    resume: resuming({ mode: route.resume, client, attemptsMax: route.attempts }),
  };
  return pipeline(
    POLICY_ORDER.map((name) => policies[name]),
    chase,
  );
}
