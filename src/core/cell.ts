// The mutable state that rules read and shells write, as plain data. Cells live in `src/state/` and are keyed by identity
// (provider, url, region, model, key fingerprint), so that two routes share them and a reload keeps them.

import type { DeferralCell } from "./deferral.ts";
import type { FaultKind } from "./fault.ts";
import type { HeadroomCell } from "./headroom-cell.ts";
import type { FlowCell, PaceCell } from "./pace-cell.ts";
import type { LimitKind } from "./rate-limit.ts";
import type { CalledTool, Refusal } from "./reply.ts";
import type { PageHealth } from "./status-page.ts";

/** Tokens of a full retry budget. */
export const BUDGET_TOKENS_MAX = 10;

/** Same-domain retries, funded by successes: a retry takes 1, or what it costs, a success gives a tenth. Starts full. */
export interface BudgetCell {
  tokens: number;
  usd: number;
  /** What a call costs in the mean; 0 while no price is known. */
  meanUsd: number;
}

/** What a route may spend on second requests in parallel; funded by its calls. Starts empty. */
export interface HedgeCell {
  /** Hedges that may be sent. */
  calls: number;
  usd: number;
}

/** Where a conversation goes on. Times are on `Clock`. */
export interface Stay {
  /** Its id. */
  readonly target: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface Conversations {
  isEmpty(nowMs: number): boolean;
  get(key: string, nowMs: number): Stay | undefined;
  set(key: string, stay: Stay): void;
}

/** One key of a provider. Cells are found by a fingerprint, so a new key in the same place starts afresh. */
export interface KeyCell {
  /** Rejected or out of quota: until then (on `Clock`) any other key is better. */
  restUntilMs: number;
  /** How often in a row it was. */
  strikes: number;
  /** The provider's answer leaves no doubt that the key itself is the trouble, not what was asked with it. */
  sure: boolean;
}

/** Targets that an operator took out of rotation, by id; `provider/*` stands for all of a provider. Never evicted. */
export interface Drains {
  /** On `Clock`; 0 when the target is in rotation, `Infinity` until it is restored. */
  untilMs(target: string): number;
  /** False when there is no room for one more. */
  set(target: string, untilMs: number, nowMs: number): boolean;
  /** False when it was not drained. */
  restore(target: string): boolean;
  list(): readonly (readonly [target: string, untilMs: number])[];
}

/** What is under way at one provider, by tenant. No tenant is listed that has nothing there. */
export interface IntakeCell {
  calls: number;
  readonly tenants: Map<string, number>;
  /** The most there was while the provider was well, as of then. */
  peak: number;
  peakAtMs: number;
}

/** A route whose targets are all believed not to answer. */
export interface AdmissionCell {
  /** Calls that were tried all the same, and those of them that a target answered; forgotten exponentially, as of `atMs`. */
  tried: number;
  answered: number;
  atMs: number;
  triedAtMs: number;
  /** Whose turn it is to be tried. */
  turn: number;
  /** Calls that wait for room at some target. */
  waiting: number;
}

/** One target, or one target with one key: until when (on `Clock`) its provider asked us to stay away, and whether a call already waits for that. */
export interface TargetCell {
  pausedUntilMs: number;
  /** It said that a limit of ours is reached: until then (on `Clock`) nobody counts on it. */
  limitedUntilMs: number;
  waiting: boolean;
  /** What went wrong there last; absent: nothing yet. */
  lastFault?: FaultKind;
  /** Of one of several keys at a target; absent: nothing failed with it. */
  evidence?: KeyEvidence;
  /** Of a key at a target: what its provider tells of rate limits; absent: nothing yet. */
  quota?: QuotaCell;
  /** It was asked to go on in the assistant's last message, and said that it does not. */
  refusesPrefix: boolean;
}

/** Log-evidence that a target is sick for one key. */
export interface KeyEvidence {
  score: number;
  sick: boolean;
  /** On `Clock`: when it was last tried since it is. */
  triedAtMs: number;
}

/** A shadow of one of a provider's buckets. Levels may be below 0 by what was sent since. */
export interface QuotaBucket {
  limit: number;
  /** What was left at `atMs`; it grows by `perMs`. */
  level: number;
  atMs: number;
  perMs: number;
  toldAtMs: number;
  /** Sent, and not yet told of. */
  pending: number;
}

export interface QuotaCell {
  readonly buckets: Map<LimitKind, QuotaBucket>;
  /** Until then (on `Clock`) another call would not fit. */
  untilMs: number;
  /** Answers in a row that should not have been. */
  doubts: number;
  ignoredUntilMs: number;
  /** Means of what calls use; `uncachedTokens` is input that came from no prompt cache. */
  uncachedTokens: number;
  inputTokens: number;
  outputTokens: number;
}

/** What became of a call that was refused, so that the same call again spends no second set of attempts. */
export interface RefusedCell {
  readonly refusal: Refusal;
  /** Until then (on `Clock`) the same answer is given without touching a provider. */
  readonly repeatUntilMs: number;
  /** Until then a client's retry is known to be the same logical call. */
  readonly forgetAtMs: number;
  readonly attempts: number;
  /** Targets that failed it, by id. */
  readonly failed: ReadonlySet<string>;
}

/** A route that has last resorts. */
export interface OutageCell {
  /** On `Clock`: the first refusal after which no target has answered; `undefined` while targets answer. */
  sinceMs: number | undefined;
  /** When a call that could do without was last sent all the same. */
  trialMs: number;
}

/** A local model that is a last resort. */
export interface LocalCell {
  /** Under way. */
  calls: number;
  /** What its server says it can hold, prompt and answer together; `undefined`: it did not say. */
  contextTokens: number | undefined;
}

/** An answer that a target gave and a client took, in words. Times are on `Clock`. */
export interface KeptAnswer {
  /** One for each block. */
  readonly texts: readonly string[];
  readonly target: string;
  readonly model: string;
  /** The call that it was given to, and whose it was. */
  readonly call: string;
  readonly tenant: string;
  readonly route: string;
  /** Calls of the client's tools after the text; absent: none. */
  readonly calls?: readonly CalledTool[];
  /** What it is about, as the client named it; absent: it did not say. */
  readonly tags?: readonly string[];
  readonly atMs: number;
  readonly freshUntilMs: number;
  /** From then on it is not given any more, outage or not. */
  readonly goneAtMs: number;
}

/** Hashes of what was asked: of the very words, and of their stems where the question has any. */
export interface AnswerKeys {
  readonly exact: string;
  readonly stem?: string;
}

/** Is told of each change of what is kept, at once; it must not throw. */
export interface AnswerJournal {
  kept(keys: AnswerKeys, answer: KeptAnswer): void;
  dropped(exact: string): void;
}

export interface KeptAnswers {
  readonly bytes: number;
  /** Takes over what an earlier process kept, oldest first, and its secret. From then on `journal` is told. */
  resume(past: Iterable<readonly [AnswerKeys, KeptAnswer]>, secret: Uint8Array, journal: AnswerJournal): void;
  /** What the keys of one partition, those who share answers, are made with. Made with `random` at the first call. */
  secretOf(partition: string, random: () => number): Uint8Array;
  /** The very question's, else that of the same stems. `aliveAtMs`: one that was gone by then is not given. */
  get(keys: AnswerKeys, aliveAtMs: number): KeptAnswer | undefined;
  set(keys: AnswerKeys, answer: KeptAnswer): void;
  /** Of those with answers that wait to be kept: each keeps them at once. */
  readonly waiting: Set<() => void>;
  /** How many there were, those that waited among them. */
  purge(isMeant: (answer: KeptAnswer) => boolean): number;
}

/** `probation`: ejected, and the first probe succeeded. `ramp`: back for a share of its calls. */
export type BeliefState = "healthy" | "suspect" | "ejected" | "probation" | "ramp";

/** Events a second, forgotten exponentially. */
export interface RateCell {
  perS: number;
  atMs: number;
}

/** Calls of one shape that wait for their first content, in slots by when they began. */
export interface SilenceCell {
  /** Rings, by slot number modulo their length. */
  readonly silent: Int32Array;
  readonly answered: Int32Array;
  newestSlot: number;
  /** How long first contents took while all was well, in logarithmic buckets. */
  readonly learnt: Float64Array;
  learntTotal: number;
  learntSinceMs: number;
}

/** How a target used to answer what probes ask; both fade. */
export interface ProbeHabitCell {
  seen: number;
  right: number;
}

/** What one tenant gave a belief within the present 10 s. */
export interface TenantShare {
  sinceMs: number;
  units: number;
}

/** Good probes that a way back needs; each relapse asks for one more, until the target is healthy. */
export const PROBES_WANTED_MIN = 3;

/** What is believed of one target. */
export interface BeliefCell {
  state: BeliefState;
  sinceMs: number;
  /** Log-evidence that it is sick; 0 when there is none. */
  score: number;
  /** The part of it that calls in flight give by their silence, as of `silenceAtMs`. */
  silence: number;
  silenceAtMs: number;
  readonly silences: (SilenceCell | undefined)[];
  /** Of first contents, by the shape of what was asked. */
  readonly paces: (PaceCell | undefined)[];
  /** Of streams once they have begun, in tokens a second. */
  readonly writing: PaceCell;
  readonly flow: FlowCell;
  /** Log-evidence that first contents come later than they used to, and that streams crawl. */
  lateness: number;
  crawling: number;
  slow: boolean;
  slowSinceMs: number;
  /** Calls whose route has this target. */
  readonly offered: RateCell;
  /** Attempts on it. */
  readonly attempted: RateCell;
  readonly tenants: Map<string, TenantShare>;
  /** Prompts that failed: how many successes others had had by then. */
  readonly prompts: Map<string, number>;
  successes: number;
  /** Answers so far, and how many of them were successes of no use; both fade. */
  judged: number;
  useless: number;
  /** Of an answer in the mean; what a call is expected to cost is reckoned with it. */
  outputTokens: number;
  /** The share of its calls that its page's word leaves it where few calls tell; else 1. */
  pageShare: number;
  /** When it last came back, on `Clock`. */
  healedMs: number;
  admission: number;
  admissionMax: number;
  admissionFloor: number;
  windowMs: number;
  windowSinceMs: number;
  windowOutcomes: number;
  cutInWindow: boolean;
  /** Log-evidence that it is well, since the ramp began or reached all calls. */
  well: number;
  probeScore: number;
  probesWanted: number;
  probedAtMs: number;
  probing: boolean;
  /** On `Clock`: asked for evidence alone. */
  canaryAtMs: number;
  /** How a probe is asked for: 0 and 1 by name of the limit, 2 not at all (real calls are tried instead). */
  probeForm: number;
  readonly probeHabit: ProbeHabitCell;
}

/** What a provider's status page says of its API, as belief takes it: never evidence of its own. */
export interface PageWord {
  readonly health: PageHealth;
  /** Of the models that are named where any is; empty: of all. */
  readonly models: readonly string[];
  /** What is open about the API, the newest first. */
  readonly incident?: {
    readonly id: string;
    readonly title: string;
    readonly url?: string;
    /** Milliseconds since the Unix epoch. */
    readonly startedMs?: number;
  };
  /** All that is open about the API is being watched after a repair, by its own word. */
  readonly easing?: true;
  /** On `Clock`: then it is too old to mean anything. */
  readonly untilMs: number;
}

/** What the models of one provider, all together, say of it. */
export interface PoolCell {
  /** Absent: its page is not read, or says nothing that is known. */
  page: PageWord | undefined;
  score: number;
  lastModel: string;
  lastFailedMs: number;
  otherFailedMs: number;
}

/** Whether the trouble may be our own. Times are on `Clock`. */
export interface SelfCell {
  /** Domains under suspicion by their silence: since when, and when last. */
  readonly silent: Map<string, { readonly sinceMs: number; readonly lastMs: number }>;
  /** When anybody last answered. */
  answeredMs: number;
  sinceMs: number;
  untilMs: number;
  told: boolean;
  /** When our event loop last showed that it turns, and how often it is to; 0: nobody watches it. */
  beatMs: number;
  beatEveryMs: number;
  /** It had stood still; until then what was late may have been so for that. */
  laggedUntilMs: number;
  /** When it last went on after so long that whatever was under way says nothing any more. */
  wokeMs: number;
  /** By how much the clock of the wall was ahead at the last beat; `undefined` before the first. */
  aheadMs: number | undefined;
}

/** What probes have cost within a day. */
export interface ProbeBudgetCell {
  dayStartMs: number;
  spentUsd: number;
}

/** What canaries have cost within a day, and what of it went to targets that were merely idle. */
export interface CanaryCell extends ProbeBudgetCell {
  idleUsd: number;
}

export interface Cells {
  belief(identity: string): BeliefCell;
  pool(domain: string): PoolCell;
  intake(provider: string): IntakeCell;
  headroom(identity: string): HeadroomCell;
  readonly probes: ProbeBudgetCell;
  readonly canaries: CanaryCell;
  readonly self: SelfCell;
  readonly answers: KeptAnswers;
  readonly conversations: Conversations;
  target(identity: string): TargetCell;
  key(identity: string): KeyCell;
  readonly drains: Drains;
  budget(domain: string): BudgetCell;
  hedge(route: string): HedgeCell;
  outage(route: string): OutageCell;
  admission(route: string): AdmissionCell;
  readonly deferral: DeferralCell;
  local(identity: string): LocalCell;
  refused: {
    /** True when there is nothing to look up: callers spare themselves the hash. */
    isEmpty(nowMs: number): boolean;
    get(key: string, nowMs: number): RefusedCell | undefined;
    set(key: string, cell: RefusedCell): void;
    /** What was refused may be answered now: an operator changed something. */
    clear(): void;
  };
}
