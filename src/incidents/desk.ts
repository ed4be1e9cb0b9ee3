// The shell around the rules: it hears the facts, looks once a second, keeps what is to be kept and passes on what has
// changed. Nothing of it runs on a call's path but counting; writing and telling happen behind it, and no trouble of the
// store or of a listener ever reaches a call.

import type { Database } from "../core/database.ts";
import type { FactReader } from "../core/fact-readers.ts";
import type { Incident, Maintenance, PublishPolicy } from "../core/incident.ts";
import type { Runtime } from "../core/runtime.ts";
import type { RouteSettings } from "../core/settings.ts";
import { type Assess, createAssessor } from "./assess.ts";
import { type Book, type Change, createBook, takeChanges } from "./book.ts";
import { type EndedCall, fateOf, noteCall } from "./calls.ts";
import { noteAttemptEnd, noteBelief, noteProbe } from "./follow.ts";
import { createKeeper, type Keeper } from "./keeper.ts";
import { wordsOf } from "./page-word.ts";
import { notePage } from "./pages.ts";
import { type Amendment, amend, type Report, report } from "./people.ts";
import { CLEAN_MS, passTime, setRoutes } from "./recover.ts";
import { noteRouteCall, passRouteTime, type RouteWatches, routeWatchOf } from "./routes.ts";

export interface DeskOptions {
  readonly runtime: Runtime;
  readonly routes: readonly RouteSettings[];
  /** Absent: what is known ends with the process. */
  readonly database?: Database;
  /** Where nothing was set by people: drafts are shown at once where only people of the house see the page. */
  readonly policy: PublishPolicy;
  /** Takes what has changed; within a transaction of the store, where there is one. */
  readonly listener?: (changes: readonly Change[]) => void;
  /** A sentence for whoever runs the gateway. */
  readonly warn?: (message: string) => void;
  /** Default: ten minutes. */
  readonly cleanMs?: number;
  /** Asks the ledger; absent: calls are counted here alone. */
  readonly assess?: Assess;
}

export interface Desk {
  /** For the engine's readers. */
  readonly read: FactReader;
  /** For readers that get a fact together with its call. */
  readonly readCall: FactReader<EndedCall>;
  readonly book: Book;
  readonly watches: RouteWatches;
  readonly maintenances: readonly Maintenance[];
  /** Milliseconds since the Unix epoch, by the clock that does not jump. */
  nowMs(): number;
  /** The configuration was read again. `policy` holds unless people have set another. */
  takeOver(routes: readonly RouteSettings[], policy: PublishPolicy): void;
  amend(incident: Incident, asked: Amendment): void;
  report(asked: Report): Incident;
  announce(maintenance: Omit<Maintenance, "id">): Maintenance;
  cancelMaintenance(id: string): Maintenance | undefined;
  setPolicy(policy: PublishPolicy): void;
  /** Begins to look at the clock. */
  start(): void;
  /** Writes what is not written yet. */
  stop(): void;
}

const TICK_MS = 1_000;
const ROUTES_EVERY_MS = 10_000;
/** Counts alone are written so often; what people are told is written at once. */
const SAVE_EVERY_MS = 5_000;
const MAINTENANCES_MAX = 100;
/** A clock of the wall that differs by more was set, or the machine slept. */
const JUMP_MS = 2_000;

export function createDesk(options: DeskOptions): Desk {
  const { runtime, listener = nobody, warn = nobody, cleanMs = CLEAN_MS } = options;
  const keeper = createKeeper(options.database, warn);
  const time = steadyTime(runtime);
  const state: State = { book: createBook(options.policy), watches: new Map(), maintenances: [], policySet: false };
  const { book, watches } = state;
  Object.assign(state, keeper.load(state, time.nowMs()));
  setRoutes(book, scopesOf(options.routes), time.nowMs());
  const flush = (): void => {
    const changes = takeChanges(book);
    keeper.keep(state, () => {
      if (changes.length > 0) listener(changes);
    });
  };
  const settle = settler(runtime, book, flush);
  const assess = options.assess === undefined ? nobody : createAssessor(book, runtime.clock, options.assess);
  const ticker = createTicker({ runtime, time, state, cleanMs, flush, settle, assess, warn });
  return {
    book,
    watches,
    get maintenances() {
      return state.maintenances;
    },
    nowMs: time.nowMs,
    read: ears(book, time, settle),
    readCall: {
      "call-end": ({ atMs }, call) => hearCall(state, call, atMs + time.offsetMs()),
    },
    takeOver(routes, policy) {
      if (!state.policySet) book.policy = policy;
      setRoutes(book, scopesOf(routes), time.nowMs());
      settle();
    },
    ...hands(state, { keeper, nowMs: time.nowMs, settle }),
    start: ticker.start,
    stop() {
      ticker.stop();
      flush();
    },
  };
}

function nobody(): void {}

interface State {
  readonly book: Book;
  readonly watches: RouteWatches;
  maintenances: Maintenance[];
  /** By people. */
  policySet: boolean;
}

interface SteadyTime {
  nowMs(): number;
  /** From the clock to Unix time. */
  offsetMs(): number;
  /** By how much the wall's clock has been set, where it has. */
  adjust(): number;
}

/** Unix time that does not jump between two looks. */
function steadyTime({ clock, wallMs }: Runtime): SteadyTime {
  let offsetMs = wallMs() - clock.now();
  return {
    nowMs: () => clock.now() + offsetMs,
    offsetMs: () => offsetMs,
    adjust() {
      const jumpMs = wallMs() - clock.now() - offsetMs;
      if (Math.abs(jumpMs) <= JUMP_MS) return 0;
      offsetMs += jumpMs;
      return jumpMs;
    },
  };
}

/** Behind whatever is under way: a call that moved a belief must not wait for a disk. */
function settler({ clock }: Runtime, book: Book, flush: () => void): () => void {
  let waiting = false;
  return () => {
    if (book.changes.length === 0 || waiting) return;
    waiting = true;
    clock.after(0, () => {
      waiting = false;
      flush();
    });
  };
}

/** What is heard of targets. */
function ears(book: Book, { offsetMs }: SteadyTime, settle: () => void): FactReader {
  return {
    "attempt-end"({ target, fault, atMs }) {
      noteAttemptEnd(book, target, fault, atMs + offsetMs());
      settle();
    },
    belief(event) {
      // What a page's word takes or gives is no outcome: a target that was not seen since the start is not seen by it.
      if (event.from !== event.state) noteBelief(book, event, event.atMs + offsetMs());
      settle();
    },
    probe(event) {
      noteProbe(book, event, event.atMs + offsetMs());
      settle();
    },
    status(event) {
      const atMs = event.atMs + offsetMs();
      notePage(book, wordsOf(event, atMs), atMs);
      settle();
    },
  };
}

function hearCall({ book, watches }: State, call: EndedCall, atMs: number): void {
  const fate = fateOf(call);
  if (fate === undefined) return;
  const watch = book.routes.has(call.start.route) ? routeWatchOf(watches, call.start.route, atMs) : undefined;
  if (watch !== undefined) noteRouteCall(watch, fate, atMs);
  noteCall(book, call, fate, atMs);
}

interface Ticking {
  readonly runtime: Runtime;
  readonly time: SteadyTime;
  readonly state: State;
  readonly cleanMs: number;
  readonly flush: () => void;
  readonly settle: () => void;
  readonly assess: (nowMs: number) => void;
  readonly warn: (message: string) => void;
}

function createTicker({ runtime, time, state, cleanMs, flush, settle, assess, warn }: Ticking) {
  let disarm: (() => void) | undefined;
  let routesAtMs = time.nowMs();
  let savedAtMs = time.nowMs();
  let warned = false;
  const tick = (): void => {
    disarm = runtime.clock.after(TICK_MS, tick);
    // Of a timer nobody would catch it, and the gateway would end.
    try {
      look();
    } catch (error) {
      if (!warned)
        warn(`incidents are not followed just now: ${error instanceof Error ? error.message : String(error)}`);
      warned = true;
    }
  };
  const look = (): void => {
    const jumpMs = time.adjust();
    routesAtMs += jumpMs;
    savedAtMs += jumpMs;
    const now = time.nowMs();
    passTime(state.book, now, cleanMs);
    assess(now);
    if (now - routesAtMs >= ROUTES_EVERY_MS) {
      passRouteTime(state.watches, state, now, now - routesAtMs);
      routesAtMs = now;
    }
    if (now - savedAtMs < SAVE_EVERY_MS) settle();
    else {
      savedAtMs = now;
      flush();
    }
  };
  return {
    start() {
      if (disarm === undefined) tick();
    },
    stop() {
      disarm?.();
      disarm = undefined;
    },
  };
}

interface Tools {
  readonly keeper: Keeper;
  readonly nowMs: () => number;
  readonly settle: () => void;
}

/** What people do. */
function hands(
  state: State,
  { keeper, nowMs, settle }: Tools,
): Pick<Desk, "amend" | "report" | "announce" | "cancelMaintenance" | "setPolicy"> {
  const { book } = state;
  const setMaintenances = (all: Maintenance[]): void => {
    state.maintenances = all.slice(-MAINTENANCES_MAX);
    keeper.saveSetting("maintenances", state.maintenances);
  };
  return {
    amend(incident, asked) {
      amend(book, incident, asked, nowMs());
      settle();
    },
    report(asked) {
      const incident = report(book, asked, nowMs());
      settle();
      return incident;
    },
    announce(maintenance) {
      const made = { ...maintenance, id: `mnt_${Math.floor(nowMs()).toString(36)}` };
      setMaintenances([...state.maintenances.filter(({ id }) => id !== made.id), made]);
      return made;
    },
    cancelMaintenance(id) {
      const known = state.maintenances.find((one) => one.id === id);
      if (known === undefined) return undefined;
      const cancelled = { ...known, cancelled: true, updatedMs: nowMs() };
      setMaintenances(state.maintenances.map((one) => (one.id === id ? cancelled : one)));
      return cancelled;
    },
    setPolicy(policy) {
      book.policy = policy;
      state.policySet = true;
      keeper.saveSetting("policy", policy);
    },
  };
}

function scopesOf(routes: readonly RouteSettings[]) {
  return routes.map(({ name, targets }) => ({
    name,
    domains: [...new Set(targets.map(({ provider }) => provider))],
    targets: targets.map(({ provider, model }) => `${provider}/${model}`),
  }));
}
