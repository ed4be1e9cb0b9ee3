// What must happen in time: I3 deadlines are kept, and nothing is begun that cannot be; I10 after the last fault the calls come
// back, and nobody waits for room any more.

import type { GatewayEvent } from "../core/gateway-event.ts";
import type { RouteSettings } from "../core/settings.ts";
import type { ScheduledFault } from "./fault-script.ts";
import type { Rules, Violate, Watched } from "./watch.ts";

/** A deadline's timer, and what it sets off. */
const LATE_MS = 50;
/** The fastest tenth of so many first contents is known well enough; a bucket's width off. */
const SEEN_MIN = 60;
const SEEN_MAX = 512;
const FASTEST = 0.1;
const WIDTH = 0.75;
/** With more time left than this nothing is looked up. */
const SOON_MS = 20_000;
/** Some are begun all the same, so that a target that got faster is noticed; and a few before its times are learnt. */
const TRIED_SHARE = 0.1;
const LEARNING = 4;
/** Back within this after the end of the last fault; and then nobody waits for room. */
const LIVENESS_MS = 180_000;
const BACK = 0.9;
const JUDGED_MIN = 60;
/** Whoever asks to be left alone for longer is. */
const AWAY_MAX_S = 60;

type Of<Type extends GatewayEvent["type"]> = Extract<GatewayEvent, { type: Type }>;

interface Open {
  readonly route: string;
  readonly stream: boolean;
  readonly startMs: number;
  readonly dueMs: number;
  committed: boolean;
}

/** First contents of one target, of streams or of whole answers: the newest. */
interface Times {
  readonly ms: number[];
  next: number;
}

interface Share {
  calls: number;
  first: number;
}

interface Timing {
  readonly watched: Watched;
  readonly violate: Violate;
  readonly routes: ReadonlyMap<string, RouteSettings>;
  readonly calls: Map<string, Open>;
  readonly times: Map<string, Times>;
  /** Of the calls that begin when they must be back, by route. */
  readonly shares: Map<string, Share>;
  readonly backMs: number;
  /** Attempts that could not be in time, and calls that were spared one. */
  readonly hopeless: string[];
  spared: number;
}

export function timeRules(watched: Watched, violate: Violate): Rules {
  const timing: Timing = {
    watched,
    violate,
    routes: new Map(watched.settings.routes.map((route) => [route.name, route])),
    calls: new Map(),
    times: new Map(),
    shares: new Map(),
    backMs: healedMs(watched) + LIVENESS_MS,
    hopeless: [],
    spared: 0,
  };
  return {
    see: (event) => see(timing, event),
    tick: (nowMs) => tick(timing, nowMs),
    atRest: () => atRest(timing),
  };
}

function see(timing: Timing, event: GatewayEvent): void {
  const { watched, routes, calls, times } = timing;
  if (event.type === "call-start") calls.set(event.call, opened(watched, routes.get(event.route), event));
  // What comes back may be another than it was: its habits are learnt anew.
  if (event.type === "belief" && event.state === "ramp") {
    for (const stream of [true, false]) times.delete(keyOf(event.target, stream));
  }
  const open = calls.get(event.call);
  if (open === undefined) return;
  switch (event.type) {
    case "attempt-start":
      begun(timing, open, event);
      return;
    case "attempt-end":
      if (event.firstContentMs !== undefined) learn(times, keyOf(event.target, open.stream), event.firstContentMs);
      return;
    case "call-shed":
      if (event.why === "deadline") timing.spared++;
      return;
    case "call-commit":
      late(timing, event.call, open, event.atMs);
      open.committed = true;
      return;
    case "call-end":
      if (!open.committed) late(timing, event.call, open, event.atMs);
      calls.delete(event.call);
      return;
  }
}

function begun({ routes, times, shares, backMs, hopeless }: Timing, open: Open, event: Of<"attempt-start">): void {
  const { call, target, number, atMs } = event;
  if (number === 1 && atMs >= backMs) countShare(shares, routes.get(open.route), target);
  const leftMs = open.dueMs - atMs;
  if (leftMs >= SOON_MS) return;
  const least = tenthOf(times.get(keyOf(target, open.stream))?.ms ?? []);
  if (leftMs < WIDTH * least) hopeless.push(`${call} at ${target}, ${leftMs} ms of ${least}`);
}

function late({ watched, violate }: Timing, call: string, { startMs, dueMs }: Open, atMs: number): void {
  if (atMs <= dueMs + LATE_MS || isSleptIn(watched, startMs, atMs)) return;
  violate("I3", `${call} waits at ${atMs}, due at ${dueMs}`);
}

function tick(timing: Timing, nowMs: number): void {
  const { watched, violate, routes, calls, backMs } = timing;
  for (const [call, open] of calls) if (!open.committed) late(timing, call, open, nowMs);
  if (nowMs < backMs) return;
  for (const name of routes.keys()) {
    const { waiting } = watched.cells.admission(name);
    if (waiting > 0) violate("I10", `${waiting} calls of ${name} wait for room at ${nowMs}`);
  }
}

function atRest({ hopeless, spared, shares, violate }: Timing): void {
  const { length } = hopeless;
  if (length > LEARNING + TRIED_SHARE * (length + spared)) {
    const some = hopeless.slice(0, 3).join("; ");
    violate("I3", `${length} attempts could not be in time, ${spared} calls were spared one: ${some}`);
  }
  for (const [route, { calls, first }] of shares) {
    if (calls < JUDGED_MIN || first >= BACK * calls) continue;
    violate("I10", `${first} of ${calls} calls of ${route} are back at its first target`);
  }
}

function keyOf(target: string, stream: boolean): string {
  return `${target} ${stream}`;
}

function opened({ deadlineOf }: Watched, route: RouteSettings | undefined, event: Of<"call-start">): Open {
  const { call, atMs: startMs, stream } = event;
  const totalMs = route?.timeouts?.totalMs ?? Number.POSITIVE_INFINITY;
  const dueMs = Math.min(startMs + totalMs, deadlineOf?.(call) ?? Number.POSITIVE_INFINITY);
  return { route: event.route, stream, startMs, dueMs, committed: false };
}

function countShare(shares: Map<string, Share>, route: RouteSettings | undefined, target: string): void {
  const best = route?.targets[0];
  if (route === undefined || best === undefined) return;
  const share = shares.get(route.name) ?? { calls: 0, first: 0 };
  shares.set(route.name, share);
  share.calls++;
  if (target === `${best.provider}/${best.model}`) share.first++;
}

function learn(times: Map<string, Times>, key: string, ms: number): void {
  const one = times.get(key) ?? { ms: [], next: 0 };
  times.set(key, one);
  one.ms[one.next] = ms;
  one.next = (one.next + 1) % SEEN_MAX;
}

function tenthOf(times: readonly number[]): number {
  if (times.length < SEEN_MIN) return 0;
  return [...times].sort((one, other) => one - other)[Math.floor(times.length * FASTEST)] ?? 0;
}

function isSleptIn({ jumps = [] }: Watched, fromMs: number, untilMs: number): boolean {
  return jumps.some(({ atMs, asleepMs }) => asleepMs > 0 && atMs <= untilMs && atMs + asleepMs >= fromMs);
}

/** When the last fault is over, and the calls must come back; `Infinity`: never, or they need not. */
function healedMs({ settings, providers, faults, jumps = [], untilMs }: Watched): number {
  const never = Number.POSITIVE_INFINITY;
  if (untilMs === undefined) return never;
  const all = [...providers.flatMap((provider) => provider.faults), ...faults];
  const firsts = new Set(settings.routes.map(({ targets: [best] }) => best?.provider));
  const isLimited = providers.some(({ name, supply }) => firsts.has(name) && supply !== undefined);
  if (isLimited || all.some(isAwayForLong)) return never;
  const ends = all.map(({ atMs, forMs, everyMs }) => (everyMs === undefined ? atMs + forMs : never));
  return Math.max(0, ...ends, ...jumps.map(({ atMs, asleepMs }) => atMs + asleepMs));
}

function isAwayForLong({ retryAfter }: ScheduledFault): boolean {
  return retryAfter !== undefined && Number(retryAfter) > AWAY_MAX_S;
}
