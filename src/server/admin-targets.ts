// The targets of all routes as an operator sees them, and taking one out of rotation. What drained means for a call is
// `policies/next-move.ts`'s business.

import { parseDuration } from "../config/units.ts";
import { nearest } from "../core/nearest.ts";
import type { Route } from "../engine/compile.ts";
import type { Engine } from "../engine/engine.ts";
import { type AdminFault, adminFault, isAdminFault } from "./admin-fault.ts";
import { readWithin } from "./read-call.ts";
import type { TargetBoard } from "./target-board.ts";

/** `provider/model` as a JSON object of `/admin/v1/targets`. Times are ISO 8601 in UTC. */
export interface TargetView {
  readonly target: string;
  readonly provider: string;
  readonly model: string;
  /** The routes that name it, or whose pattern has led to it. */
  readonly routes: readonly string[];
  /** `no-key`: every key of its provider was rejected or is out of quota; it is tried when nothing else is left. */
  readonly state: "ok" | "paused" | "no-key" | "drained";
  /** Absent with the state `drained`: until it is restored. */
  readonly drainedUntil?: string;
  /** The provider asked to be left alone until then. */
  readonly pausedUntil?: string;
  readonly inFlight: number;
  /** What is left for retries at the same provider, of 10. */
  readonly budgetTokens: number;
  /** Absent for a target with `*`, and before a call has come. */
  readonly keys?: { readonly all: number; readonly free: number };
  readonly lastFault?: { readonly fault: string; readonly message: string; readonly at: string };
}

/** A longer drain is one without an end. */
const DRAIN_MAX_MS = 30 * 86_400_000;
const BODY_BYTES_MAX = 1_000;

type Keyed = Route["keyed"][number];

export function listTargets(engine: Engine, board: TargetBoard | undefined): readonly TargetView[] {
  return [...namesByTarget(engine)].map(([target, { routes, keyed }]) =>
    view(engine, board, { target, routes, keyed }),
  );
}

interface Found {
  readonly routes: string[];
  keyed: Keyed | undefined;
}

/** Those that the configuration names, in its order, then those that patterns have led to. */
function namesByTarget(engine: Engine): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>();
  const note = (target: string, route: string, keyed?: Keyed): void => {
    const known = found.get(target) ?? { routes: [], keyed: undefined };
    if (!known.routes.includes(route)) known.routes.push(route);
    known.keyed ??= keyed;
    found.set(target, known);
  };
  for (const { name, targets } of engine.settings.routes) {
    for (const { provider, model } of targets) note(`${provider}/${model}`, name);
  }
  for (const { name, keyed } of engine.routes.compiled()) for (const one of keyed) note(one.id, name, one);
  return found;
}

interface Named {
  readonly target: string;
  readonly routes: readonly string[];
  readonly keyed: Keyed | undefined;
}

function view(engine: Engine, board: TargetBoard | undefined, { target, routes, keyed }: Named): TargetView {
  const nowMs = engine.runtime.clock.now();
  const offsetMs = engine.runtime.wallMs() - nowMs;
  const iso = (atMs: number): string => new Date(atMs + offsetMs).toISOString();
  const { provider, model } = halves(target);
  const drainedUntilMs = engine.cells.drains.untilMs(target);
  const keys = keyed?.keys(nowMs);
  const cellPausedMs = keyed === undefined ? 0 : engine.cells.target(keyed.identity).pausedUntilMs - nowMs;
  const pausedMs = Math.max(keys?.pausedMs ?? 0, cellPausedMs);
  const facts = board?.of(target);
  const state = drainedUntilMs > nowMs ? "drained" : keys?.noKey ? "no-key" : pausedMs > 0 ? "paused" : "ok";
  const last = facts?.lastFault;
  return {
    target,
    provider,
    model,
    routes,
    state,
    ...(state === "drained" && Number.isFinite(drainedUntilMs) && { drainedUntil: iso(drainedUntilMs) }),
    ...(pausedMs > 0 && { pausedUntil: iso(nowMs + pausedMs) }),
    inFlight: facts?.inFlight ?? 0,
    budgetTokens: Math.round(engine.cells.budget(keyed?.domain ?? provider).tokens * 10) / 10,
    ...(keyed !== undefined && { keys: keyed.keyring.count(nowMs) }),
    ...(last !== undefined && { lastFault: { fault: last.kind, message: last.message, at: iso(last.atMs) } }),
  };
}

/** `{ target, state: "drained", drainedUntil? }` */
export async function drainTarget(engine: Engine, target: string, request: Request) {
  const unknown = unknownTarget(engine, target);
  if (unknown !== undefined) return unknown;
  const forMs = await readFor(request);
  if (typeof forMs === "object" && isAdminFault(forMs)) return forMs;
  const { clock, wallMs } = engine.runtime;
  const nowMs = clock.now();
  if (!engine.cells.drains.set(target, forMs === undefined ? Number.POSITIVE_INFINITY : nowMs + forMs, nowMs)) {
    return adminFault(409, "busy", "Too many targets are drained already; restore some.");
  }
  const until = forMs === undefined ? {} : { drainedUntil: new Date(wallMs() + forMs).toISOString() };
  return { target, state: "drained", ...until };
}

/** `{ target, state: "ok", wasDrained }` */
export function restoreTarget(engine: Engine, target: string) {
  const wasDrained = engine.cells.drains.restore(target);
  const unknown = wasDrained ? undefined : unknownTarget(engine, target);
  if (unknown !== undefined) return unknown;
  // What was refused for want of it may be answered now.
  engine.cells.refused.clear();
  const { provider } = halves(target);
  const still = engine.cells.drains.untilMs(target) > engine.runtime.clock.now();
  return still
    ? adminFault(409, "drained", `All of ${provider} is drained; restore ${provider}/*.`, `${provider}/*`)
    : { target, state: "ok", wasDrained };
}

/** How long; `undefined` without an end. */
async function readFor(request: Request): Promise<number | undefined | AdminFault> {
  const bytes = await readWithin(request, BODY_BYTES_MAX);
  const text = bytes === undefined ? "too much" : new TextDecoder().decode(bytes);
  if (text.trim() === "") return undefined;
  const body = parse(text);
  if (typeof body !== "object" || body === null || Array.isArray(body)) return wrongBody();
  if (Object.keys(body).some((key) => key !== "for")) return wrongBody();
  if (!("for" in body)) return undefined;
  const forMs = parseDuration(body.for);
  return forMs !== undefined && forMs > 0 && forMs <= DRAIN_MAX_MS ? forMs : wrongBody();
}

function wrongBody(): AdminFault {
  return adminFault(400, "invalid-request", 'The body is not valid; allowed: none, or { "for": "1h" }, at most 30d.');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A target of some route, one that a pattern could lead to, or all of a provider (`provider/*`). */
function unknownTarget(engine: Engine, target: string): AdminFault | undefined {
  const { provider, model } = halves(target);
  const known = engine.settings.routes.flatMap(({ targets }) => targets);
  const ofProvider = known.filter((one) => one.provider === provider);
  const fits = ofProvider.some(
    (one) => model === "*" || one.model === model || (one.model.endsWith("*") && model !== ""),
  );
  if (fits) return undefined;
  const names = [...new Set(known.flatMap((one) => [`${one.provider}/${one.model}`, `${one.provider}/*`]))];
  const near = nearest(target, names);
  const hint = near === undefined ? "" : ` Did you mean "${near}"?`;
  return adminFault(404, "unknown-target", `No route has the target "${target.slice(0, 200)}".${hint}`, near);
}

function halves(target: string): { readonly provider: string; readonly model: string } {
  const slash = target.indexOf("/");
  return slash < 0
    ? { provider: target, model: "" }
    : { provider: target.slice(0, slash), model: target.slice(slash + 1) };
}
