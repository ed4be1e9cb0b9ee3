// From a configuration to `Settings`, or to every problem at once. Pure: text and environment are passed in.

import type { ProviderSettings, RouteSettings, Settings } from "../core/settings.ts";
import { LISTEN_DEFAULTS, ROUTE_DEFAULTS } from "./defaults.ts";
import { type Environment, expand } from "./environment.ts";
import { hedgeOf } from "./hedging.ts";
import { inertFindings } from "./inert.ts";
import { shapeIssues } from "./issues.ts";
import { hostIssues, keyIssues, keyWarnings, readGatewayKeys } from "./keys.ts";
import { cacheOf, lastResortIssues, lastResortOf, lastResortProviders } from "./last-resort.ts";
import { notInThisVersion } from "./later.ts";
import { modelWarnings } from "./model-names.ts";
import { channelsOf, notifyIssues, notifyWarnings } from "./notify.ts";
import { objectiveIssues, objectivesOf } from "./objectives.ts";
import { type Origin, originFinder } from "./origin.ts";
import { type Issue, type Path, type Problem, pathText } from "./problem.ts";
import { readProviders } from "./providers.ts";
import { routeIssues, splitTarget } from "./routes.ts";
import { type Config, configSchema } from "./schema.ts";
import { fromObject, type Source } from "./source.ts";
import { at, entriesOf, isMapping } from "./tree.ts";
import { validateIssues, validateOf } from "./validate.ts";

export type Loaded =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly warnings: readonly Problem[];
      /** Where the value at a path came from, written or not. */
      readonly originOf: (path: Path) => Origin;
    }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** From the object that the library takes; problems then have a path and no line. A file's text: `load-yaml.ts`. */
export function settingsFrom(object: unknown, options: { readonly env: Environment }): Loaded {
  return settingsOf(fromObject(object), options.env);
}

/** What a source means, or every problem of it. */
export function settingsOf(source: Source, env: Environment): Loaded {
  if (source.problems.length > 0) return { ok: false, problems: inOrder(source.problems), warnings: [] };
  const written = source.tree ?? {};
  const { tree, issues: environment } = expand(written, env);
  const shape = configSchema.safeParse(tree);
  const providers = readProviders(tree, written);
  const inert = inertFindings(tree);
  const issues = firstOfEachPlace([
    ...environment,
    ...(isMapping(tree)
      ? [
          ...[...providers.issues, ...routeIssues(tree), ...lastResortIssues(tree), ...validateIssues(tree)],
          ...[...keyIssues(tree), ...hostIssues(tree), ...notifyIssues(tree)],
        ]
      : []),
    ...(shape.success
      ? objectiveIssues(tree, Array.isArray(shape.data.slo) ? shape.data.slo : [])
      : shapeIssues(shape.error.issues, written)),
    ...notInThisVersion(tree),
    ...inert.issues,
  ]);
  const placed = (found: readonly Issue[]) => inOrder(found.map(source.locate));
  if (!shape.success || issues.length > 0) {
    return { ok: false, problems: placed(issues), warnings: placed(providers.warnings) };
  }
  const warnings = placed([
    ...providers.warnings,
    ...keyWarnings(tree, written),
    ...notifyWarnings(tree, written),
    ...unusedProviders(tree),
    ...modelWarnings(tree),
    ...inert.warnings,
  ]);
  const originOf = originFinder(source, written);
  return { ok: true, settings: resolve(shape.data, providers.settings), warnings, originOf };
}

/** One sentence a place: the first finder knows best, and what follows from it is noise. */
function firstOfEachPlace(issues: readonly Issue[]): Issue[] {
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const place = pathText(issue.path);
    if (seen.has(place)) return false;
    seen.add(place);
    return true;
  });
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function unusedProviders(tree: unknown): Issue[] {
  const targets = entriesOf(at(tree, ["routes"])).flatMap(([name]) => at(tree, ["routes", name, "targets"]));
  const used = new Set(
    targets.map((target) => (typeof target === "string" ? splitTarget(target)?.provider : undefined)),
  );
  for (const provider of lastResortProviders(tree)) used.add(provider);
  return entriesOf(at(tree, ["providers"]))
    .filter(([name]) => !used.has(name))
    .map(([name]) => ({ path: ["providers", name], atKey: true, message: "is used by no route" }));
}

/** Fills in the defaults. Everything was checked before. */
function resolve(config: Config, providers: readonly ProviderSettings[]): Settings {
  const admin = typeof config.admin === "object" ? config.admin.key : undefined;
  const adminKey = admin === undefined || admin === "off" ? undefined : admin.trim();
  return {
    listen: {
      host: config.listen?.host?.trim() ?? LISTEN_DEFAULTS.host,
      port: config.listen?.port ?? LISTEN_DEFAULTS.port,
    },
    providers,
    routes: Object.entries(config.routes).map(([name, route]) => resolveRoute(name, route)),
    keys: Array.isArray(config.keys) ? readGatewayKeys(config.keys) : [],
    ...(adminKey !== undefined && { adminKey }),
    passthrough: config.passthrough !== "off",
    ...probesOf(config.probes),
    ...(typeof config.canary === "number" && config.canary > 0 && { canaryUsdPerDay: config.canary }),
    ...(Array.isArray(config.notify) && config.notify.length > 0 && { notify: channelsOf(config.notify) }),
    ...(config["status-page"] === "public" && { statusPage: "public" as const }),
    ...statusOf(config.status),
    ...(Array.isArray(config.slo) && { slos: objectivesOf(config.slo) }),
    ...(config.store !== undefined && { store: storeOf(config.store) }),
  };
}

function storeOf(store: NonNullable<Config["store"]>): NonNullable<Settings["store"]> {
  return store === "off" ? "memory" : { path: store.slice("sqlite:".length).trim() };
}

const POLL_AUTO_MS = 300_000;
/** More often no page wants to be asked, whatever is going on. */
const POLL_LEAST_MS = 30_000;

function statusOf(status: Config["status"]): Pick<Settings, "status"> {
  const poll = status === undefined ? "auto" : typeof status === "object" ? (status.poll ?? "auto") : "off";
  if (poll === "off") return {};
  return { status: { idleMs: poll === "auto" ? POLL_AUTO_MS : Math.max(POLL_LEAST_MS, poll) } };
}

function probesOf(probes: Config["probes"]): { probesUsdPerDay?: number } {
  if (probes === undefined) return {};
  if (typeof probes !== "object") return { probesUsdPerDay: 0 };
  if (probes.budget === undefined) return {};
  return { probesUsdPerDay: typeof probes.budget === "number" ? probes.budget : 0 };
}

function resolveRoute(name: string, route: Config["routes"][string]): RouteSettings {
  const { timeouts } = ROUTE_DEFAULTS;
  const lastResort = lastResortOf(route["last-resort"], route.cache);
  const cache = cacheOf(route.cache, lastResort);
  const hedge = hedgeOf(route.hedge);
  const validate = validateOf(route.validate);
  return {
    name: name.trim(),
    targets: route.targets.flatMap((target) => splitTarget(target) ?? []),
    timeouts: {
      connectMs: route.timeouts?.connect ?? timeouts.connectMs,
      firstTokenMs: route.timeouts?.["first-token"] ?? timeouts.firstTokenMs,
      wholeMs: route.timeouts?.whole ?? timeouts.wholeMs,
      idleMs: route.timeouts?.idle ?? timeouts.idleMs,
      totalMs: route.timeouts?.total ?? timeouts.totalMs,
    },
    attempts: route.attempts ?? ROUTE_DEFAULTS.attempts,
    retryWaitMs: route["retry-wait"] ?? ROUTE_DEFAULTS.retryWaitMs,
    resume: route.resume ?? ROUTE_DEFAULTS.resume,
    usage: route.usage ?? ROUTE_DEFAULTS.usage,
    strict: route.strict ?? ROUTE_DEFAULTS.strict,
    criticality: route.criticality ?? ROUTE_DEFAULTS.criticality,
    ...(validate && { validate }),
    ...(typeof route.warm === "number" && route.warm > 0 && { warm: route.warm }),
    ...(hedge && { hedge }),
    ...(cache && { cache }),
    ...(lastResort.length > 0 && { lastResort }),
    ...(typeof route.value === "number" && route.value > 0 && { valueUsd: route.value }),
  };
}
