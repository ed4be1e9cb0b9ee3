// A tiny rehearsal of every target: one token in a whole answer and one in a stream, through the real path, so that url,
// key and model are proven before an outage asks for them. What is to be done about a failure is in `advice.ts`.

import { maxOutputTokens, modelsOf, standIn } from "../../catalog/models.ts";
import { CancelSource } from "../core/cancel.ts";
import type { FaultKind } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Runtime } from "../core/runtime.ts";
import type { ProviderSettings, RouteSettings, Secrets, Settings, TargetSettings } from "../core/settings.ts";
import type { Usage } from "../core/usage.ts";
import { createEngine, type Engine } from "../engine/engine.ts";
import { tinyCall } from "./tiny-call.ts";

export interface Take {
  /** `ok`: it answered. */
  readonly fault: FaultKind | "ok";
  /** What the provider said, where that helps. */
  readonly message?: string;
  readonly ms: number;
}

export interface Rehearsed {
  /** `provider/model`, as a call would be sent. */
  readonly target: string;
  readonly provider: string;
  readonly model: string;
  /** From 1, where the provider has several keys. */
  readonly keyNumber?: number;
  readonly routes: readonly string[];
  readonly whole: Take;
  /** Absent when the whole answer's failure says enough. */
  readonly stream?: Take;
}

export interface Rehearsal {
  readonly results: readonly Rehearsed[];
  /** Targets whose model only a call can say. */
  readonly skipped: readonly string[];
  readonly spent: { readonly calls: number; readonly inputTokens: number; readonly outputTokens: number };
}

export interface RehearsalOptions {
  readonly runtime: Runtime;
  readonly secrets?: Secrets;
  /** For all of it. */
  readonly totalMs: number;
}

/** For one call, unless the route allows less. */
const CALL_MS = 30_000;

/** Providers side by side, the targets of one in turn: a rate limit must not be what a rehearsal finds. */
export async function rehearse(settings: Settings, options: RehearsalOptions): Promise<Rehearsal> {
  const { scenes, skipped } = scenesOf(settings);
  const dueMs = options.runtime.clock.now() + options.totalMs;
  const spent = { calls: 0, inputTokens: 0, outputTokens: 0 };
  const note = (usage: Usage | undefined): void => {
    spent.calls++;
    spent.inputTokens += usage?.inputTokens ?? 0;
    spent.outputTokens += usage?.outputTokens ?? 0;
  };
  const results = await Promise.all(
    settings.providers.map(async ({ name }) => {
      const played: Rehearsed[] = [];
      for (const scene of scenes.filter(({ provider }) => provider.name === name)) {
        played.push(await playScene(scene, { ...options, dueMs, note }));
      }
      return played;
    }),
  );
  return { results: results.flat(), skipped, spent };
}

interface Scene {
  readonly provider: ProviderSettings;
  readonly model: string;
  readonly keyNumber?: number;
  readonly routes: readonly string[];
  readonly route: RouteSettings;
}

function scenesOf(settings: Settings): { readonly scenes: readonly Scene[]; readonly skipped: readonly string[] } {
  const scenes = new Map<string, Scene>();
  const skipped = new Set<string>();
  for (const route of settings.routes) {
    for (const target of [...route.targets, ...localsOf(route)]) {
      const provider = settings.providers.find(({ name }) => name === target.provider);
      const model = concreteModel(target.provider, target.model, route.name);
      if (provider === undefined || model === undefined) {
        skipped.add(`${target.provider}/${target.model}`);
        continue;
      }
      const id = `${provider.name}/${model}`;
      const known = scenes.get(id);
      const routes = [...(known?.routes ?? []), route.name];
      scenes.set(id, known === undefined ? { provider, model, routes, route } : { ...known, routes });
    }
  }
  return { scenes: [...scenes.values()].flatMap(withEveryKey), skipped: [...skipped] };
}

/** Models that are only asked when all else fails: of them one hears of a mistake too late. */
function localsOf({ lastResort = [] }: RouteSettings): readonly TargetSettings[] {
  return lastResort.flatMap((rung) => (rung.type === "local" ? [rung.target] : []));
}

/** The first target of a provider proves each of its keys; the others go with the first. */
function withEveryKey(scene: Scene, index: number, all: readonly Scene[]): Scene[] {
  const { keys } = scene.provider;
  const isFirst = all.findIndex(({ provider }) => provider.name === scene.provider.name) === index;
  if (keys.length < 2) return [scene];
  return keys.slice(0, isFirst ? keys.length : 1).map((key, at) => {
    return { ...scene, provider: { ...scene.provider, keys: [key] }, keyNumber: at + 1 };
  });
}

/** For `provider/*`: a model of the catalog that a call of this route may name. */
function concreteModel(provider: string, model: string, route: string): string | undefined {
  if (!model.endsWith("*")) return model;
  const prefix = model === "*" ? route.slice(0, -1) : model.slice(0, -1);
  const usual = standIn(provider, "balanced");
  if (usual?.name.startsWith(prefix)) return usual.name;
  return modelsOf(provider).find(({ name }) => name.startsWith(prefix))?.name;
}

interface Stage extends RehearsalOptions {
  readonly dueMs: number;
  readonly note: (usage: Usage | undefined) => void;
}

async function playScene(scene: Scene, stage: Stage): Promise<Rehearsed> {
  const { provider, model, keyNumber, routes } = scene;
  const events: GatewayEvent[] = [];
  const engine = createEngine({
    settings: settingsOf(scene),
    runtime: stage.runtime,
    ...(stage.secrets && { secrets: stage.secrets }),
    maxOutput: maxOutputTokens,
    readers: [(event) => void events.push(event)],
  });
  const base = { target: `${provider.name}/${model}`, provider: provider.name, model, routes };
  const numbered = { ...base, ...(keyNumber !== undefined && { keyNumber }) };
  const whole = await play(engine, scene, { ...stage, stream: false, events });
  if (whole.fault !== "ok") return { ...numbered, whole };
  return { ...numbered, whole, stream: await play(engine, scene, { ...stage, stream: true, events }) };
}

const ROUTE = "rehearsal";

/** One route to this one target, tried once, with nothing behind it that could answer instead. */
function settingsOf({ provider, model, route }: Scene): Settings {
  const target = { provider: provider.name, model };
  // Its own first answer must not be what the second one is read from.
  const { cache: _, ...uncached } = route;
  const rehearsal = { ...uncached, name: ROUTE, targets: [target], attempts: 1, retryWaitMs: 0, lastResort: [] };
  const listen = { host: "127.0.0.1", port: 0 };
  return { listen, providers: [provider], routes: [rehearsal], keys: [], passthrough: false };
}

interface Playing extends Stage {
  readonly stream: boolean;
  readonly events: readonly GatewayEvent[];
}

async function play(engine: Engine, { provider, route }: Scene, playing: Playing): Promise<Take> {
  const { clock } = playing.runtime;
  const startMs = clock.now();
  if (startMs >= playing.dueMs) return { fault: "deadline-exceeded", ms: 0 };
  const call = {
    ...tinyCall({
      id: playing.stream ? "stream" : "whole",
      dialect: provider.dialect,
      model: ROUTE,
      stream: playing.stream,
      limitKey: provider.name === "openai" ? "max_completion_tokens" : "max_tokens",
    }),
    deadlineMs: Math.min(playing.dueMs, startMs + Math.min(CALL_MS, route.timeouts.totalMs)),
  };
  const reply = await engine.answer(call, new CancelSource());
  const told = playing.events.findLast((event) => event.type === "attempt-end" && event.call === call.id);
  const message = told?.type === "attempt-end" ? told.message : undefined;
  if (!reply.ok) {
    playing.note(told?.type === "attempt-end" ? told.usage : undefined);
    return { ...verdictOf(reply.fault.kind, message), ms: Math.round(clock.now() - startMs) };
  }
  while ((await reply.frames.read()) !== undefined);
  const ending = await reply.ending;
  playing.note(ending.usage);
  const ms = Math.round(clock.now() - startMs);
  return ending.kind === "complete"
    ? { fault: "ok", ms }
    : { ...verdictOf(ending.fault?.kind ?? "bug", ending.fault?.message), ms };
}

/** A model that thinks may use up its one token unseen, and some say so with a 400: url, key and model are proven all the same. */
const OUT_OF_TOKENS =
  /max_tokens or model output limit was reached|max_(?:completion_)?tokens.{0,40}too (?:small|low)/i;

function verdictOf(kind: FaultKind, message: string | undefined): Omit<Take, "ms"> {
  if (kind === "empty-reply" || (message !== undefined && OUT_OF_TOKENS.test(message))) return { fault: "ok" };
  return { fault: kind, ...(message !== undefined && { message }) };
}
