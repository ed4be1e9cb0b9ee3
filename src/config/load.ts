// From a configuration to `Settings`, or to every problem at once. Pure: text and environment are passed in.

import type { ProviderSettings, RouteSettings, Settings } from "../core/settings.ts";
import { LISTEN_DEFAULTS, ROUTE_DEFAULTS } from "./defaults.ts";
import { type Environment, expand } from "./environment.ts";
import { shapeIssues } from "./issues.ts";
import { notInThisVersion } from "./later.ts";
import { type Issue, type Problem, pathText } from "./problem.ts";
import { readProviders } from "./providers.ts";
import { routeIssues, splitTarget } from "./routes.ts";
import { type Config, configSchema } from "./schema.ts";
import { fromObject, fromYaml, type Source } from "./source.ts";
import { at, entriesOf, isMapping, textAt } from "./tree.ts";
import { isLoopback } from "./url.ts";

export type Loaded =
  | { readonly ok: true; readonly settings: Settings; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

/** Reads a YAML text. `file` is only for messages. */
export function loadSettings(text: string, options: { readonly file: string; readonly env: Environment }): Loaded {
  return load(fromYaml(text, options.file), options.env);
}

/** The same for the object that the library takes; problems then have a path and no line. */
export function settingsFrom(object: unknown, options: { readonly env: Environment }): Loaded {
  return load(fromObject(object), options.env);
}

function load(source: Source, env: Environment): Loaded {
  if (source.problems.length > 0) return { ok: false, problems: inOrder(source.problems), warnings: [] };
  const written = source.tree ?? {};
  const { tree, issues: environment } = expand(written, env);
  const shape = configSchema.safeParse(tree);
  const providers = readProviders(tree, written);
  const issues = firstOfEachPlace([
    ...environment,
    ...(isMapping(tree) ? [...providers.issues, ...routeIssues(tree), ...hostIssues(tree)] : []),
    ...(shape.success ? [] : shapeIssues(shape.error.issues, written)),
    ...notInThisVersion(tree),
  ]);
  const placed = (found: readonly Issue[]) => inOrder(found.map(source.locate));
  if (!shape.success || issues.length > 0) {
    return { ok: false, problems: placed(issues), warnings: placed(providers.warnings) };
  }
  const warnings = placed([...providers.warnings, ...unusedProviders(tree)]);
  return { ok: true, settings: resolve(shape.data, providers.settings), warnings };
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

function hostIssues(tree: unknown): Issue[] {
  const host = textAt(tree, ["listen", "host"]);
  if (host === undefined || isLoopback(host)) return [];
  const message = `${JSON.stringify(host)} needs gateway keys and an admin key, which are not in this version`;
  return [{ path: ["listen", "host"], message, allowed: "a loopback address: 127.0.0.1, ::1, localhost" }];
}

function unusedProviders(tree: unknown): Issue[] {
  const targets = entriesOf(at(tree, ["routes"])).flatMap(([name]) => at(tree, ["routes", name, "targets"]));
  const used = new Set(
    targets.map((target) => (typeof target === "string" ? splitTarget(target)?.provider : undefined)),
  );
  return entriesOf(at(tree, ["providers"]))
    .filter(([name]) => !used.has(name))
    .map(([name]) => ({ path: ["providers", name], atKey: true, message: "is used by no route" }));
}

/** Fills in the defaults. Everything was checked before. */
function resolve(config: Config, providers: readonly ProviderSettings[]): Settings {
  return {
    listen: {
      host: config.listen?.host?.trim() ?? LISTEN_DEFAULTS.host,
      port: config.listen?.port ?? LISTEN_DEFAULTS.port,
    },
    providers,
    routes: Object.entries(config.routes).map(([name, route]) => resolveRoute(name, route)),
    keys: [],
    passthrough: false,
  };
}

function resolveRoute(name: string, route: Config["routes"][string]): RouteSettings {
  const { timeouts } = ROUTE_DEFAULTS;
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
    usage: route.usage ?? ROUTE_DEFAULTS.usage,
    strict: route.strict ?? ROUTE_DEFAULTS.strict,
    criticality: route.criticality ?? ROUTE_DEFAULTS.criticality,
  };
}
