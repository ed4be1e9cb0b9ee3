// Settings that could do nothing where they stand. Whoever wrote one believes that it does something, so it is refused
// with the reason; where only a part of it does nothing, that is a warning. Judges the unchecked tree: shapes are the
// schema's business and are passed over here.

import { PROVIDERS } from "../../catalog/providers.ts";
import { ATTEMPTS_PER_DOMAIN_MAX } from "../core/settings.ts";
import { ROUTE_DEFAULTS } from "./defaults.ts";
import { asksForNothing } from "./fields.ts";
import type { Issue, Path } from "./problem.ts";
import { splitTarget } from "./routes.ts";
import { at, entriesOf, textAt } from "./tree.ts";
import { durationText, parseDuration } from "./units.ts";

export interface InertFindings {
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

export function inertFindings(tree: unknown): InertFindings {
  const routes = entriesOf(at(tree, ["routes"])).map(([name]) => routeOf(tree, name));
  return {
    issues: routes.flatMap((route) => [...lateTimeouts(route), ...withoutChat(route), ...withoutSecond(route)]),
    warnings: routes.flatMap(excessAttempts),
  };
}

interface Route {
  readonly path: Path;
  /** What is written at a key of it. */
  readonly written: (...keys: readonly string[]) => unknown;
  readonly targetCount: number;
  readonly providers: readonly string[];
  /** Of its providers, as far as they are known. */
  readonly dialects: readonly (string | undefined)[];
}

function routeOf(tree: unknown, name: string): Route {
  const path = ["routes", name];
  const targets = at(tree, [...path, "targets"]);
  const listed: readonly unknown[] = Array.isArray(targets) ? targets : [];
  const parsed = listed.flatMap((target) => (typeof target === "string" ? (splitTarget(target) ?? []) : []));
  const providers = [...new Set(parsed.map(({ provider }) => provider))];
  return {
    path,
    written: (...keys) => at(tree, [...path, ...keys]),
    targetCount: listed.length,
    providers,
    dialects: providers.map((provider) => dialectOf(tree, provider)),
  };
}

function dialectOf(tree: unknown, provider: string): string | undefined {
  const known = Object.hasOwn(PROVIDERS, provider) ? PROVIDERS[provider]?.dialect : undefined;
  return textAt(tree, ["providers", provider, "dialect"]) ?? known;
}

/** A part of a call that may take as long as the whole. */
function lateTimeouts({ path, written }: Route): Issue[] {
  const own = parseDuration(written("timeouts", "total"));
  const totalMs = own ?? ROUTE_DEFAULTS.timeouts.totalMs;
  const total = `\`total\` (${durationText(totalMs)}${own === undefined ? ", where nothing is written" : ""})`;
  return ["connect", "first-token", "whole"].flatMap((key) => {
    const ms = parseDuration(written("timeouts", key));
    if (ms === undefined || ms < totalMs) return [];
    const message = `does nothing: ${total} ends the call first`;
    return [{ path: [...path, "timeouts", key], message, allowed: `less than ${durationText(totalMs)}` }];
  });
}

function withoutChat({ path, written, dialects }: Route): Issue[] {
  const chat = dialects.length === 0 || dialects.some((dialect) => dialect === undefined || dialect === "openai-chat");
  if (chat || written("usage") !== "as-asked") return [];
  const message = "does nothing: no target of this route speaks openai-chat, and only there is usage asked for";
  return [{ path: [...path, "usage"], message, allowed: "exact" }];
}

/** What needs somewhere else to send a call to. */
function withoutSecond({ path, written, targetCount }: Route): Issue[] {
  const issues: Issue[] = [];
  for (const key of ["hedge", "warm"]) {
    if (targetCount > 1 || asksForNothing(written(key))) continue;
    issues.push({ path: [...path, key], message: "does nothing: this route has only one target", allowed: "off" });
  }
  if (targetCount > 1 && !asksForNothing(written("hedge")) && written("attempts") === 1) {
    const message = "does nothing: `attempts: 1` leaves no second request to send";
    issues.push({ path: [...path, "hedge"], message, allowed: "off" });
  }
  return issues;
}

function excessAttempts({ path, written, providers }: Route): Issue[] {
  const attempts = written("attempts");
  const most = ATTEMPTS_PER_DOMAIN_MAX * providers.length;
  if (typeof attempts !== "number" || most === 0 || attempts <= most) return [];
  const message = `more than ${most} are never made: at most ${ATTEMPTS_PER_DOMAIN_MAX} of a call go to one provider`;
  return [{ path: [...path, "attempts"], message }];
}
