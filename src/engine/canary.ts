// Keeps evidence of providers alive where no call goes to them: once a minute, at its middle, whoever was not asked anything
// in it is asked for one token, within the budget. For a gateway that runs; a library has no timers of its own.

import type { CanaryCandidate } from "../health/canary.ts";
import { canariesDue, canaryUsd } from "../health/canary.ts";
import { noteAnswer } from "../health/probe-answer.ts";
import { isSleptThrough } from "../health/self.ts";
import type { Engine } from "./engine.ts";
import type { KeyedTarget } from "./keyed-target.ts";
import { askOwn } from "./own-question.ts";
import { PROBE_FORMS } from "./probe-call.ts";

export interface Canaries {
  /** The settings are others from now on. */
  reload(): void;
  /** What was asked is let be answered. */
  stop(): void;
}

const MINUTE_MS = 60_000;
/** Who takes neither form of the question is asked again after this. */
const REST_MS = 3_600_000;
const FORMS_MAX = 4_096;
/** An answer that takes its full time still ends within the minute that it was asked for. */
const MIDDLE_MS = 30_000;

export function keepCanaries(engine: Engine): Canaries {
  const { clock, wallMs } = engine.runtime;
  const forms: Forms = new Map();
  let disarm: (() => void) | undefined;
  const arm = (): void => {
    disarm = clock.after(MINUTE_MS - positive(wallMs() - MIDDLE_MS), tick);
  };
  const tick = (): void => {
    arm();
    const nowMs = clock.now();
    const moment = { usdPerDay: budgetOf(engine), nowMs, minuteMs: nowMs - positive(wallMs()) };
    const minute = Math.floor(wallMs() / MINUTE_MS);
    for (const { target } of canariesDue(engine.cells.canaries, candidatesOf(engine, forms, nowMs), moment)) {
      void ask(engine, forms, target, `canary_${minute}_${target.id}`);
    }
  };
  const reload = (): void => {
    const wanted = budgetOf(engine) > 0;
    if (wanted === (disarm !== undefined)) return;
    disarm?.();
    disarm = undefined;
    if (wanted) arm();
  };
  reload();
  return {
    reload,
    stop() {
      disarm?.();
      disarm = undefined;
    },
  };
}

function positive(ms: number): number {
  return ((ms % MINUTE_MS) + MINUTE_MS) % MINUTE_MS;
}

function budgetOf({ settings }: Engine): number {
  return settings.canaryUsdPerDay ?? 0;
}

/** By identity: which form of the question a target takes. What was learnt is not shared with probes: they must not stop for it. */
type Forms = Map<string, { readonly form: number; readonly restUntilMs: number }>;

interface Candidate extends CanaryCandidate {
  readonly target: KeyedTarget;
}

/** Each once, whichever routes have it. Whom an operator drained, whose provider asked us to stay away and who cannot be asked is let be. */
function candidatesOf({ routes, cells }: Engine, forms: Forms, nowMs: number): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  for (const { natives } of routes.compiled()) {
    for (const target of natives) {
      const { identity, id, made } = target;
      const cell = cells.belief(identity);
      const { pausedMs, noKey } = target.keys(nowMs);
      const pausedUntilMs = Math.max(cells.target(identity).pausedUntilMs, cells.drains.untilMs(id));
      const restUntilMs = Math.max(pausedUntilMs, forms.get(identity)?.restUntilMs ?? 0);
      const isAskable = !noKey && pausedMs <= 0 && restUntilMs <= nowMs;
      if (!isAskable || made.tier === "local" || found.has(identity)) continue;
      const askedMs = Math.max(cell.attempted.atMs, cell.probedAtMs, cell.canaryAtMs);
      found.set(identity, { target, usd: canaryUsd(made.price), left: cell.state !== "healthy", askedMs });
    }
  }
  return [...found.values()];
}

async function ask(engine: Engine, forms: Forms, { identity, made, send }: KeyedTarget, id: string): Promise<void> {
  const { runtime, cells, emit } = engine;
  const { clock } = runtime;
  const cell = cells.belief(identity);
  const beganMs = clock.now();
  cell.canaryAtMs = beganMs;
  const form = forms.get(identity)?.form ?? 0;
  const limitKey = PROBE_FORMS[form] ?? PROBE_FORMS[0];
  try {
    const found = await askOwn({ id, dialect: made.dialect, target: made, limitKey, send, canary: true }, runtime);
    if (found !== undefined) {
      // Its habits are no belief; what it says while it is sick is none of them.
      if (found.answer !== undefined && cell.state === "healthy") noteAnswer(cell.probeHabit, found.answer);
      // Whoever was asked before we slept owed us no answer through it.
      if (found.ok || !isSleptThrough(cells.self, beganMs, found.atMs)) emit(found);
    } else {
      if (forms.size >= FORMS_MAX) forms.clear();
      const next = form + 1;
      const isLast = PROBE_FORMS[next] === undefined;
      forms.set(identity, { form: isLast ? 0 : next, restUntilMs: isLast ? clock.now() + REST_MS : 0 });
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    emit({ type: "bug", atMs: clock.now(), call: id, message });
  }
}
