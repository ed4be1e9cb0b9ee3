// Everything that `explain` says of a route, as data: the compiled path in its order, each value with where it came from,
// the targets, and what happens on each fault. How it looks is in `explain-text.ts`.

import { catalogModel, contextTokens, maxOutputTokens, priceOf, tokenPrice } from "../../catalog/models.ts";
import { type Origin, originText } from "../config/origin.ts";
import type { Path } from "../config/problem.ts";
import { durationText } from "../config/units.ts";
import type { Call, DialectId } from "../core/call.ts";
import { ATTEMPTS_PER_DOMAIN_MAX, type RouteSettings, type Settings } from "../core/settings.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { POLICY_ORDER, type Route } from "../engine/compile.ts";
import { createEngine } from "../engine/engine.ts";
import { timeoutsFor } from "../engine/timeouts.ts";
import { INTAKE_MAX, INTAKE_MIN } from "../policies/bulkhead.ts";
import { GROWTH_FREE_TOKENS } from "../policies/headroom.ts";
import { QUOTA_PAUSE_MAX_MS } from "../policies/quota.ts";
import { REPEAT_MS } from "../policies/refused.ts";
import { createWorld } from "../sim/world.ts";
import { costsOf, type ExplainedCost } from "./explained-costs.ts";
import { type FaultOutcome, faultOutcomes } from "./fault-outcomes.ts";

export interface Value {
  readonly name: string;
  readonly value: string;
  /** Where it came from: a line of the file, the environment, the catalog, the default. */
  readonly origin: string;
}

export interface PathStep {
  readonly step: string;
  readonly does: string;
  readonly values: readonly Value[];
}

export interface ExplainedTarget {
  readonly target: string;
  readonly origin: string;
  readonly domain: string;
  readonly tier: "remote" | "local";
  readonly url: Value;
  readonly key: Value;
  /** By dialect of the client: its bytes as they are, or translated. */
  readonly lanes: Readonly<Record<DialectId, "native" | "translated">>;
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
  readonly price?: string;
}

export interface Explanation {
  /** As configured. */
  readonly route: string;
  /** The name that was asked for, where the route is a pattern. */
  readonly model?: string;
  readonly origin: string;
  readonly targets: readonly ExplainedTarget[];
  readonly path: readonly PathStep[];
  readonly costs: readonly ExplainedCost[];
  readonly faults: readonly FaultOutcome[];
}

export interface Explained {
  readonly settings: Settings;
  readonly originOf: (path: Path) => Origin;
}

/** `name`: a route's name, or a model's that a pattern matches; `undefined` when no route has it. */
export async function explainRoute({ settings, originOf }: Explained, name: string): Promise<Explanation | undefined> {
  const { runtime } = createWorld({ seed: 1, providers: [] });
  const facts = { maxOutput: maxOutputTokens, contextOf: contextTokens, priceOf: tokenPrice };
  const compiled = createEngine({ settings, runtime, ...facts }).routes.get(name);
  const route = settings.routes.find((candidate) => candidate.name === compiled?.name);
  if (compiled === undefined || route === undefined) return undefined;
  const origin = (path: Path) => originText(originOf(path));
  return {
    route: route.name,
    ...(name !== route.name && { model: name }),
    origin: origin(["routes", route.name]),
    targets: targetsOf(compiled, settings, origin),
    path: pathOf(route, origin),
    costs: costsOf(route, compiled.targets, settings),
    faults: await faultOutcomes(settings, name),
  };
}

type OriginText = (path: Path) => string;

function targetsOf({ name, targets }: Route, settings: Settings, origin: OriginText): ExplainedTarget[] {
  return targets.map((target, index) => {
    const provider = settings.providers.find((candidate) => candidate.name === target.provider);
    const known = catalogModel(target.model);
    const price = provider && priceOf(provider, target.model);
    const lanes = Object.entries(DIALECTS).map(([id]) => [id, id === target.dialect ? "native" : "translated"]);
    return {
      target: target.id,
      origin: origin(["routes", name, "targets", index]),
      domain: target.domain,
      tier: target.tier,
      url: { name: "url", value: provider?.url ?? "", origin: origin(["providers", target.provider, "url"]) },
      key: keyOf(target.provider, provider?.keys.length ?? 0, origin),
      // One for each dialect.
      lanes: Object.fromEntries(lanes) as ExplainedTarget["lanes"],
      ...(known?.contextTokens !== undefined && { contextTokens: known.contextTokens }),
      ...(target.maxOutputTokens !== undefined && { maxOutputTokens: target.maxOutputTokens }),
      ...(price !== undefined && {
        price: `${price.inputPerMillion} in, ${price.outputPerMillion} out (USD a million tokens, ${price.verified})`,
      }),
    };
  });
}

/** Never the key itself. */
function keyOf(provider: string, count: number, origin: OriginText): Value {
  const single = origin(["providers", provider, "key"]);
  const from = single === "default" ? origin(["providers", provider, "keys"]) : single;
  return { name: "key", value: count === 0 ? "none" : count === 1 ? "one key" : `${count} keys`, origin: from };
}

const SHED =
  "while no target is believed to answer a trickle of calls is still tried, each target in its turn; the others are told at once";

/** Nothing of them is configured. */
const LIMITS: readonly PathStep[] = [
  {
    step: "headroom",
    does: `what comes by failover grows beyond ${GROWTH_FREE_TOKENS / 1e6} million tokens a minute by half in a quarter of an hour, while there is another target; after a 429 it is as much as was accepted, and more as that goes well`,
    values: [],
  },
  {
    step: "bulkhead",
    does: `at most ${INTAKE_MAX} attempts under way at one provider, shared fairly among tenants; under suspicion about what it had while it was well, at least ${INTAKE_MIN}`,
    values: [],
  },
  {
    step: "quota",
    does: `a key that by its provider's own headers has nothing left is paused until it has, at most ${durationText(QUOTA_PAUSE_MAX_MS)}: another key first, then another target`,
    values: [],
  },
];
type Steps = Readonly<Record<(typeof POLICY_ORDER)[number], Omit<PathStep, "step">>>;
type ValueOf = (key: string, text: string, ...below: readonly string[]) => Value;

/** What each policy of the engine's order does with this route's values. */
function policySteps(route: RouteSettings, origin: OriginText, value: ValueOf): Steps {
  return {
    ...keepingOf(route, value),
    deadline: {
      does: "ends the whole call; after its first content only a deadline that the client sent holds",
      values: [value("timeouts", durationText(route.timeouts.totalMs), "total")],
    },
    "last-resort": {
      does: "what is given when no target answered and the caller is not to blame, in this order",
      values: (route.lastResort ?? []).map((rung, index) => ({
        name: String(index + 1),
        value: rung.type !== "local" ? rung.type : `${rung.target.provider}/${rung.target.model}`,
        origin: origin(["routes", route.name, "last-resort", index]),
      })),
    },
    refused: {
      does: `the same call again within the retry-after of its error (${durationText(REPEAT_MS)} where it had none) is answered the same, without a provider`,
      values: [],
    },
    resume: {
      does: "a stream that breaks after its first content is gone on with by another attempt, in the same stream; one of which JSON was asked is held until it is whole, and begun anew if it breaks",
      values: [value("resume", route.resume)],
    },
  };
}

function pathOf(route: RouteSettings, origin: OriginText): PathStep[] {
  const value: ValueOf = (key, text, ...below) => ({
    name: below.length === 0 ? key : below.join("."),
    value: text,
    origin: origin(["routes", route.name, key, ...below]),
  });
  const timeout = (key: string, text: string) => value("timeouts", text, key);
  const steps = policySteps(route, origin, value);
  return [
    ...POLICY_ORDER.filter((step) => isUsed(step, route)).map((step) => ({
      step,
      ...steps[step],
    })),
    { step: "shed", does: SHED, values: [value("criticality", route.criticality)] },
    {
      step: "pursue",
      does: `tries targets, at most ${ATTEMPTS_PER_DOMAIN_MAX} times one provider`,
      values: pursueValues(route, value),
    },
    ...LIMITS,
    {
      step: "attempt",
      does: "one request, up to the first content; from then on the stream is its own",
      values: [
        timeout("connect", durationText(route.timeouts.connectMs)),
        timeout("first-token", autoText(route, "firstTokenMs")),
        timeout("whole", autoText(route, "wholeMs")),
        timeout("idle", autoText(route, "idleMs")),
        value("usage", route.usage),
        ...askedOf(route, value),
      ],
    },
  ];
}

function pursueValues(
  { attempts, retryWaitMs, criticality, hedge, warm }: RouteSettings,
  value: (key: string, text: string) => Value,
): Value[] {
  return [
    value("attempts", String(attempts)),
    value("retry-wait", durationText(retryWaitMs)),
    value("criticality", criticality),
    ...(hedge === undefined ? [] : [value("hedge", hedgeText(hedge))]),
    ...(warm === undefined ? [] : [value("warm", `${Math.round(warm * 10_000) / 100}% of new conversations`)]),
  ];
}

function hedgeText({ after, share }: NonNullable<RouteSettings["hedge"]>): string {
  const when = typeof after === "number" ? durationText(after) : `${after} of the first target's own first contents`;
  return `a second request after ${when}, for at most ${Math.round(share * 10_000) / 100}% of the calls`;
}

/** What is kept of a route's answers, and when it is read while all is well. */
function keepingOf(route: RouteSettings, value: ValueOf): Pick<Steps, "cache" | "keep"> {
  return {
    cache: {
      does: "gives a kept answer to the same question while it is fresh, and asks once for all who ask the same now",
      values: [value("cache", route.cache?.healthy ?? "off", "healthy")],
    },
    keep: {
      does: "keeps an answer once its client has all of it, to be given again by the last resort stale-cache",
      values: [
        value("cache", route.cache?.outage ?? "off", "outage"),
        value("cache", route.cache?.scope ?? "tenant", "scope"),
        value("cache", durationText(route.cache?.ttlMs ?? 0), "ttl"),
        value("cache", durationText(route.cache?.staleIfErrorMs ?? 0), "stale-if-error"),
        ...(route.cache?.tools === true ? [value("cache", "true", "tools")] : []),
      ],
    },
  };
}

function askedOf({ strict, validate }: RouteSettings, value: (key: string, text: string) => Value): readonly Value[] {
  const asked = validate && `${Object.keys(validate).length} rules; answers are held until they are checked`;
  return [value("strict", String(strict)), ...(asked === undefined ? [] : [value("validate", asked)])];
}

function isUsed(step: (typeof POLICY_ORDER)[number], { lastResort, cache, resume }: RouteSettings): boolean {
  if (step === "cache") return cache !== undefined && cache.healthy !== "off";
  if (step === "resume") return resume !== "off";
  return step === "last-resort" ? lastResort !== undefined : step !== "keep" || cache !== undefined;
}

/** What `auto` comes to for a plain call, and for one that thinks. */
function autoText({ timeouts }: RouteSettings, key: "firstTokenMs" | "wholeMs" | "idleMs"): string {
  const set = timeouts[key];
  if (set !== "auto") return durationText(set);
  const cold = (thinks: boolean) => durationText(Math.round(timeoutsFor(timeouts, plainCall(thinks))[key]));
  const [plain, thinking] = [cold(false), cold(true)];
  const length = key === "wholeMs" ? " for an answer without a limit of its own" : "";
  return `auto: ${plain}${length}${plain === thinking ? "" : `, ${thinking} where the model thinks unseen`}`;
}

function plainCall(thinks: boolean): Pick<Call, "inspected"> {
  return { inspected: { model: "", stream: true, thinks, modelSpan: { start: 0, end: 0 } } };
}
