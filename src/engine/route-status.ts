// How a route does, for the application's own screen: from what is believed of its targets and which of them are drained. It only
// reads: no call is made and nothing is probed for it. It names no provider: its readers are an application's users.

import type { Cells } from "../core/cell.ts";
import type { LastResortSettings, RouteSettings } from "../core/settings.ts";
import type { Route } from "./compile.ts";
import type { Engine } from "./engine.ts";

export type RouteState = "healthy" | "degraded" | "down";
/** Who still answers, in the words of `x-holdfast-served-by`. */
export type Works = "target" | "stale-cache" | "local" | "canned";

export interface RouteStatus {
  readonly route: string;
  /** `degraded`: the first target is out or comes back only now, and another answers. `down`: none is in rotation. */
  readonly state: RouteState;
  /** ISO 8601, UTC; absent where it has been so since the gateway started. */
  readonly since?: string;
  /** For a user's screen. */
  readonly sentence: string;
  readonly works: readonly Works[];
}

type Standing = { readonly state: "in" | "partly" | "out"; readonly sinceMs: number };

/** `route`: its name, or a model that it takes. `allowed`: names of routes that may be seen; absent: all. */
export function routeStatus(engine: Engine, route: string, allowed?: readonly string[]): RouteStatus | undefined {
  const name = engine.settings.routes.some((known) => known.name === route) ? route : engine.routes.find(route);
  const settings = engine.settings.routes.find((known) => known.name === name);
  if (name === undefined || settings === undefined) return undefined;
  if (allowed !== undefined && !allowed.includes(name)) return undefined;
  const { runtime, cells } = engine;
  const nowMs = runtime.clock.now();
  // Of a pattern: every model that was asked for so far, each with targets of its own.
  const compiled = engine.routes.compiled().filter((one) => one.name === name);
  const standings = compiled.map(({ keyed }) => keyed.map((target) => standingOf(cells, target, nowMs)));
  const found = worst(standings.map(stateOf));
  const { state } = found;
  // The first refusal comes before the last belief.
  const refusedMs = state === "down" ? cells.outage(name).sinceMs : undefined;
  const sinceMs = refusedMs ?? found.sinceMs;
  const works = worksOf(settings, state);
  const wall = (atMs: number): string => new Date(runtime.wallMs() - nowMs + atMs).toISOString();
  return {
    route: name,
    state,
    ...(sinceMs > 0 && { since: wall(sinceMs) }),
    sentence: sentenceOf(state, works, sinceMs > 0 ? wall(sinceMs) : undefined),
    works,
  };
}

function standingOf(cells: Cells, { id, identity, keys }: Route["keyed"][number], nowMs: number): Standing {
  const { state, sinceMs } = cells.belief(identity);
  if (cells.drains.untilMs(id) > nowMs || keys(nowMs).noKey) return { state: "out", sinceMs: 0 };
  if (state === "ejected" || state === "probation") return { state: "out", sinceMs };
  if (state === "ramp") return { state: "partly", sinceMs };
  return { state: "in", sinceMs: state === "healthy" ? sinceMs : 0 };
}

interface Found {
  readonly state: RouteState;
  /** On `Clock`; 0: not known, or from the start. */
  readonly sinceMs: number;
}

function stateOf(targets: readonly Standing[]): Found {
  const [first] = targets;
  if (first === undefined || first.state === "in") return { state: "healthy", sinceMs: first?.sinceMs ?? 0 };
  // It went down with the last of them.
  if (targets.every(({ state }) => state === "out")) {
    return { state: "down", sinceMs: Math.max(...targets.map(({ sinceMs }) => sinceMs)) };
  }
  return { state: "degraded", sinceMs: first.sinceMs };
}

/** Models of one pattern: down where all are, degraded where any is not well. */
function worst(found: readonly Found[]): Found {
  const [first = { state: "healthy", sinceMs: 0 } as const] = found;
  if (found.every(({ state }) => state === first.state)) return first;
  return { state: "degraded", sinceMs: Math.max(...found.map(({ sinceMs }) => sinceMs)) };
}

function worksOf({ lastResort = [] }: RouteSettings, state: RouteState): Works[] {
  const rungs = lastResort.map(({ type }: LastResortSettings): Works => type);
  return [...new Set<Works>(state === "down" ? rungs : ["target", ...rungs])];
}

const STILL: Readonly<Record<Exclude<Works, "target">, string>> = {
  "stale-cache": "questions that were answered before are answered again",
  local: "a simpler assistant answers meanwhile",
  canned: "you are told what to do meanwhile",
};

function sentenceOf(state: RouteState, works: readonly Works[], since: string | undefined): string {
  const when = since === undefined ? "" : ` since ${since.slice(0, 16).replace("T", " ")} UTC`;
  if (state === "healthy") return "Everything works.";
  if (state === "degraded") return `Answers come from a backup${when}; they may be slower or a little different.`;
  const still = works.flatMap((work) => (work === "target" ? [] : [STILL[work]]));
  const rest = still.length === 0 ? "Please try again later." : `Still: ${still.join("; ")}.`;
  return `New answers are not available${when}. ${rest}`;
}
