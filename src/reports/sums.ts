// The running sums of a report: the series of a ledger gathered by provider and model, and by route and whose failure a call
// met. A minute is summed by itself first, because some questions are about minutes, then added to the totals.

import { FAILURE_CLASSES } from "../core/sla.ts";
import { ATTEMPT, CALL, createVector, type Vector } from "../observe/ledger/fields.ts";
import { isOwn, OTHER, type SeriesName } from "../observe/ledger/series.ts";

export interface Evidence {
  readonly valid: number;
  readonly failed: number;
}

export interface Sums {
  /** Those that the report is about. */
  readonly providers: readonly string[];
  readonly routes: readonly string[];
  begin(): void;
  /** Where an entry of a minute goes; for `foldPacked`. */
  readonly attempts: (series: number) => Vector | undefined;
  readonly calls: (series: number) => Vector | undefined;
  /** Adds the minute to the totals. */
  end(): void;
  /** Of this minute: calls that the provider might have been asked, and how its attempts, probes and canaries went. */
  minuteCalls(provider: string): number;
  minuteEvidence(provider: string): Evidence;
  /** Of this minute: calls that met this provider's failure, or were led past it because of one. */
  minuteHitBy(provider: string): number;
  /** Of this minute: each vector of calls that were hit, by the providers in question. */
  minuteHits(): readonly Vector[];
  minuteAll(): number;
  minuteAttempts(provider: string): Evidence;
  modelTotals(provider: string): readonly (readonly [model: string, total: Vector])[];
  attemptTotal(provider: string): Vector;
  /** Of what Holdfast asked on its own, which is in none of the others. */
  ownTotal(provider: string): Vector;
  callTotal(): Vector;
  hitTotal(): Vector;
  routeTotal(route: string): Vector;
  routeHitTotal(route: string): Vector;
  clientsOf(provider: string): { readonly calls: number; readonly rawErrors: number };
}

/** One set of series that are counted together. */
interface Group {
  readonly provider: string;
  readonly model: string;
  readonly route: string;
  /** Probes and canaries. */
  readonly own: boolean;
  readonly minute: Vector;
  readonly total: Vector;
  touched: boolean;
}

/** Models beyond this are counted together. */
const GROUPS_MAX = 500;

export function createSums(names: ReadonlyMap<number, SeriesName>, only: string | undefined): Sums {
  const uses = usesOf(names);
  const providers = [...uses.keys()].filter((provider) => only === undefined || provider === only).sort();
  const routesOf = (provider: string): ReadonlySet<string> => uses.get(provider) ?? new Set();
  const routes = new Set(providers.flatMap((provider) => [...routesOf(provider)]));
  // Calls that reached no provider belong to a report about all of them.
  if (only === undefined) for (const { kind, route } of names.values()) if (kind === "calls") routes.add(route);
  const isIn = ({ kind, provider, route }: SeriesName) =>
    kind === "attempts" ? providers.includes(provider) : routes.has(route);
  const groups = groupsOf(new Map([...names].filter(([, name]) => isIn(name))));
  const touched: Group[] = [];
  const into = (found: Group | undefined): Vector | undefined => {
    if (found === undefined) return undefined;
    if (!found.touched) {
      found.touched = true;
      touched.push(found);
    }
    return found.minute;
  };
  const isHit = ({ provider }: Group) => only === undefined || provider === only;
  const wanted = { isHit, routesOf };
  return {
    providers,
    routes: [...routes].filter((route) => route !== "").sort(),
    begin() {
      touched.length = 0;
    },
    attempts: (series) => into(groups.attempts.by[series]),
    calls: (series) => into(groups.calls.by[series]),
    end() {
      for (const group of touched) {
        addTo(group.total, group.minute);
        group.minute.fill(0);
        group.touched = false;
      }
    },
    ...minuteSums(groups, touched, wanted),
    ...totals(groups, wanted),
  };
}

interface Wanted {
  isHit(group: Group): boolean;
  routesOf(provider: string): ReadonlySet<string>;
}

type Groups = Readonly<Record<SeriesName["kind"], Grouped>>;
type MinuteSums = Pick<
  Sums,
  "minuteCalls" | "minuteEvidence" | "minuteHitBy" | "minuteAttempts" | "minuteHits" | "minuteAll"
>;

function minuteSums({ attempts, calls }: Groups, touched: readonly Group[], { isHit, routesOf }: Wanted): MinuteSums {
  const callsNow = () => touched.filter((group) => calls.all.has(group));
  const askedNow = (provider: string) =>
    touched.filter((group) => group.provider === provider && attempts.all.has(group));
  const attemptsNow = (provider: string) => askedNow(provider).filter(({ own }) => !own);
  const ownNow = (provider: string) => askedNow(provider).filter(({ own }) => own);
  return {
    minuteCalls: (provider) =>
      sum(
        callsNow().filter(({ route }) => routesOf(provider).has(route)),
        owedIn,
      ),
    minuteEvidence: (provider) => ({
      valid: sum(attemptsNow(provider), validIn) + sum(ownNow(provider), ownIn),
      failed: sum(attemptsNow(provider), failedIn) + sum(ownNow(provider), ownFailedIn),
    }),
    minuteHitBy: (provider) =>
      sum(
        callsNow().filter((group) => group.provider === provider),
        hitIn,
      ),
    minuteAttempts: (provider) => ({
      valid: sum(attemptsNow(provider), validIn),
      failed: sum(attemptsNow(provider), failedIn),
    }),
    minuteHits: () =>
      callsNow()
        .filter(isHit)
        .map(({ minute }) => minute),
    minuteAll: () => sum(callsNow(), callsIn),
  };
}

type Totals = Pick<
  Sums,
  "modelTotals" | "attemptTotal" | "ownTotal" | "callTotal" | "hitTotal" | "routeTotal" | "routeHitTotal" | "clientsOf"
>;

function totals({ attempts, calls }: Groups, { isHit, routesOf }: Wanted): Totals {
  const groupsAt = (provider: string, own: boolean) =>
    attempts.list.filter((group) => group.provider === provider && group.own === own);
  const attemptGroups = (provider: string) => groupsAt(provider, false);
  const total = (of: (group: Group) => boolean) => totalOf(calls.list.filter(of));
  return {
    modelTotals: (provider) => attemptGroups(provider).map(({ model, total: vector }) => [model, vector]),
    attemptTotal: (provider) => totalOf(attemptGroups(provider)),
    ownTotal: (provider) => totalOf(groupsAt(provider, true)),
    callTotal: () => total(() => true),
    hitTotal: () => total(isHit),
    routeTotal: (wanted) => total(({ route }) => route === wanted),
    routeHitTotal: (wanted) => total((group) => group.route === wanted && isHit(group)),
    clientsOf(provider) {
      const vector = total(({ route }) => routesOf(provider).has(route));
      return { calls: owedIn(vector), rawErrors: at(vector, CALL.refused) + at(vector, CALL.broken) };
    },
  };
}

/** By provider: the routes that ask it. */
function usesOf(names: ReadonlyMap<number, SeriesName>): ReadonlyMap<string, Set<string>> {
  const uses = new Map<string, Set<string>>();
  for (const { provider, route } of names.values()) {
    if (provider === "") continue;
    const routes = uses.get(provider) ?? new Set();
    uses.set(provider, routes);
    if (route !== "") routes.add(route);
  }
  return uses;
}

interface Grouped {
  readonly by: readonly (Group | undefined)[];
  readonly list: readonly Group[];
  readonly all: ReadonlySet<Group>;
}

function groupsOf(names: ReadonlyMap<number, SeriesName>): Groups {
  const made = new Map<string, Group>();
  const by: Record<SeriesName["kind"], (Group | undefined)[]> = { attempts: [], calls: [] };
  for (const [id, { kind, provider, model, route }] of names) {
    const isFull = made.size >= GROUPS_MAX;
    const own = isOwn({ kind, route });
    const what =
      kind === "attempts" ? { provider, model: isFull ? OTHER : model, route: "" } : { provider, model: "", route };
    const key = `${kind}\n${own}\n${what.provider}\n${what.model}\n${what.route}`;
    const group = made.get(key) ?? { ...what, own, minute: createVector(), total: createVector(), touched: false };
    made.set(key, group);
    by[kind][id] = group;
  }
  const grouped = (kind: SeriesName["kind"]): Grouped => {
    const all = new Set(by[kind].filter((group) => group !== undefined));
    return { by: by[kind], list: [...all], all };
  };
  return { attempts: grouped("attempts"), calls: grouped("calls") };
}

function at(vector: Vector, field: number): number {
  return vector[field] ?? 0;
}

function addTo(sum: Vector, more: Vector): void {
  for (let field = 0; field < more.length; field++) sum[field] = at(sum, field) + at(more, field);
}

function totalOf(groups: readonly Group[]): Vector {
  const sum = createVector();
  for (const { total } of groups) addTo(sum, total);
  return sum;
}

function sum(groups: readonly Group[], of: (vector: Vector) => number): number {
  let total = 0;
  for (const { minute } of groups) total += of(minute);
  return total;
}

/** All of them: the outcomes exclude one another. */
export function callsIn(vector: Vector): number {
  let total = 0;
  for (let field = CALL.answered; field <= CALL.ours; field++) total += at(vector, field);
  return total;
}

/** Calls that were owed an answer: neither wrong in themselves nor left, nor refused by us. */
export function owedIn(vector: Vector): number {
  return callsIn(vector) - at(vector, CALL.callerErrors) - at(vector, CALL.left) - at(vector, CALL.ours);
}

const HITS = [CALL.rescued, CALL.stale, CALL.local, CALL.canned, CALL.deferred, CALL.refused, CALL.broken];

/** Calls that met a failure and did not leave because of it. */
function hitIn(vector: Vector): number {
  return HITS.reduce((total, field) => total + at(vector, field), 0);
}

/** Probes of earlier versions are counted, and of no class. */
function ownIn(vector: Vector): number {
  return at(vector, ATTEMPT.probes) + at(vector, ATTEMPT.canaries);
}

function ownFailedIn(vector: Vector): number {
  return at(vector, ATTEMPT.probesFailed) + at(vector, ATTEMPT.canariesFailed);
}

const FAILURES = FAILURE_CLASSES.map((name) => ATTEMPT[name]);

/** Attempts that the provider failed, whatever the class. */
export function failedIn(vector: Vector): number {
  let total = 0;
  for (const field of FAILURES) total += at(vector, field);
  return total;
}

/** Attempts that the provider owed an answer to. */
export function validIn(vector: Vector): number {
  return at(vector, ATTEMPT.ok) + failedIn(vector);
}
