// What a route means: names and targets that exist, each once. Judges the unchecked tree, so that every problem is found
// at once; shapes are the schema's business and are passed over here.

import { PROVIDERS } from "../../catalog/providers.ts";
import { nearest } from "../core/nearest.ts";
import type { TargetSettings } from "../core/settings.ts";
import type { Issue, Path } from "./problem.ts";
import { at, entriesOf, isVoid } from "./tree.ts";

/** A longer list is a mistake: no call tries more. */
const TARGETS_MAX = 32;
const ROUTES_MAX = 1_000;
const EXAMPLE = "a mapping such as { chat: { targets: [anthropic/claude-sonnet-5] } }";

/** `provider/model`, split at the first slash; `undefined` when a half is missing. */
export function splitTarget(text: string): TargetSettings | undefined {
  const target = text.trim();
  const slash = target.indexOf("/");
  if (slash <= 0 || slash === target.length - 1) return undefined;
  return { provider: target.slice(0, slash), model: target.slice(slash + 1) };
}

export function routeIssues(tree: unknown): Issue[] {
  const routes = entriesOf(at(tree, ["routes"]));
  if (isVoid(at(tree, ["routes"]))) {
    return [{ path: ["routes"], atKey: true, message: "needs at least one route", allowed: EXAMPLE }];
  }
  if (routes.length > ROUTES_MAX) {
    return [
      { path: ["routes"], atKey: true, message: `has ${routes.length} routes`, allowed: `at most ${ROUTES_MAX}` },
    ];
  }
  const providers = entriesOf(at(tree, ["providers"])).map(([name]) => name);
  return routes.flatMap(([name]) => [...nameIssues(name, routes), ...targetsIssues(name, tree, providers)]);
}

function nameIssues(name: string, routes: readonly [string, unknown][]): Issue[] {
  const here = { path: ["routes", name], atKey: true } as const;
  if (name.trim() === "" || !/^[\x20-\x7e]{1,256}$/.test(name)) {
    return [{ ...here, message: "is no name for a route", allowed: "at most 256 plain letters" }];
  }
  if (name.slice(0, -1).includes("*")) {
    return [{ ...here, message: "has a `*` before its end", allowed: "one `*`, at the end: claude-*" }];
  }
  const alike = routes.find(([other]) => other !== name && other.trim() === name.trim());
  // Told once, at the one with the blanks.
  return alike === undefined || name === name.trim() ? [] : [{ ...here, message: `is the route "${alike[0]}" again` }];
}

function targetsIssues(route: string, tree: unknown, providers: readonly string[]): Issue[] {
  const path: Path = ["routes", route, "targets"];
  const targets = at(tree, path);
  if (!Array.isArray(targets)) return [];
  if (targets.length === 0) return [{ path, message: "is empty", allowed: "at least one provider/model" }];
  if (targets.length > TARGETS_MAX)
    return [{ path, message: "is too long", allowed: `at most ${TARGETS_MAX} targets` }];
  const seen = new Map<string, number>();
  return targets.flatMap((target: unknown, index): Issue[] => {
    if (typeof target !== "string" || target.trim() === "") return [];
    const first = seen.get(target.trim());
    seen.set(target.trim(), first ?? index);
    const place = [...path, index];
    if (first !== undefined) return [{ path: place, message: `is here twice; the first is targets[${first}]` }];
    return targetIssues(target, { route, place, providers });
  });
}

export interface TargetPlace {
  readonly route: string;
  readonly place: Path;
  readonly providers: readonly string[];
}

export function targetIssues(text: string, { route, place, providers }: TargetPlace): Issue[] {
  const target = splitTarget(text);
  if (target === undefined) {
    return [{ path: place, message: `${JSON.stringify(text)} is no target`, allowed: "provider/model" }];
  }
  const issues: Issue[] = [];
  if (!providers.includes(target.provider)) issues.push(unknownProvider(target, place, providers));
  if (!/^[\x21-\x7e]{1,256}$/.test(target.model) || target.model.includes(",")) {
    issues.push({
      path: place,
      message: "has blanks or other letters that no model's name has",
      allowed: "provider/model",
    });
  } else if (target.model.slice(0, -1).includes("*")) {
    issues.push({
      path: place,
      message: "has a `*` before its end",
      allowed: `${target.provider}/* or a model's name`,
    });
  } else if (target.model.endsWith("*") && !route.endsWith("*")) {
    const message = "`*` carries over what the route's own `*` matched, and this route has none";
    issues.push({ path: place, message, allowed: "a model's name" });
  }
  return issues;
}

function unknownProvider(target: TargetSettings, path: Path, providers: readonly string[]): Issue {
  const near = nearest(target.provider, providers);
  const message = Object.hasOwn(PROVIDERS, target.provider)
    ? `the provider "${target.provider}" is in the catalog but not in \`providers\``
    : `no provider is named "${target.provider}"`;
  const allowed = providers.length === 0 ? undefined : providers.slice(0, 12).join(", ");
  return { path, message, ...(allowed && { allowed }), nearest: near && `${near}/${target.model}` };
}
