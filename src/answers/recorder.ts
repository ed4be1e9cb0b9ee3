// Keeps answers behind the calls, never by them: what was delivered waits in a short queue, and is read, hashed and kept when the
// call is over. A queue that is full forgets; a call never waits for it.

import type { Call } from "../core/call.ts";
import type { KeptAnswers } from "../core/cell.ts";
import type { Clock } from "../core/runtime.ts";
import type { Scope } from "../core/service.ts";
import { wordsOf } from "./delivered.ts";
import { type KeyContext, QUESTION_BYTES_MAX, questionKeys } from "./question-key.ts";

const QUEUE_MAX = 64;
const BATCH_AFTER_MS = 20;
/** Reading and hashing one takes up to a millisecond: calls under way are let in between. */
const BATCH_MAX = 4;
const NEXT_BATCH_MS = 1;

export interface RecorderOptions {
  readonly keys: KeyContext;
  readonly route: string;
  readonly answers: KeptAnswers;
  readonly ttlMs: number;
  readonly staleIfErrorMs: number;
}

interface Waiting {
  readonly call: Call;
  readonly target: string;
  readonly pieces: readonly Uint8Array[];
  readonly atMs: number;
  readonly scope: Scope;
}

export interface Recorder {
  /** False for a call of which nothing may be kept. */
  wants(call: Call): boolean;
  record(call: Call, target: string, pieces: readonly Uint8Array[], scope: Scope): void;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const queue: Waiting[] = [];
  const keepSome = (clock: Clock): void => {
    for (const waiting of queue.splice(0, BATCH_MAX)) keepOrTell(options, waiting);
    if (queue.length > 0) clock.after(NEXT_BATCH_MS, () => keepSome(clock));
  };
  return {
    wants: (call) =>
      call.operation === "generate" && call.cache?.noStore !== true && call.body.length <= QUESTION_BYTES_MAX,
    record(call, target, pieces, scope) {
      const { clock } = scope.runtime;
      if (queue.length >= QUEUE_MAX) return;
      queue.push({ call, target, pieces, atMs: clock.now(), scope });
      if (queue.length === 1) clock.after(BATCH_AFTER_MS, () => keepSome(clock));
    },
  };
}

/** Runs on a timer: a throw here would be nobody's. */
function keepOrTell(options: RecorderOptions, waiting: Waiting): void {
  try {
    keep(options, waiting);
  } catch (error) {
    const { scope, call } = waiting;
    const message = error instanceof Error ? error.message : String(error);
    scope.emit({ type: "bug", atMs: scope.runtime.clock.now(), call: call.id, message });
  }
}

function keep({ keys: context, route, answers, ttlMs, staleIfErrorMs }: RecorderOptions, waiting: Waiting): void {
  const { call, target, pieces, atMs, scope } = waiting;
  const words = wordsOf(pieces, call.stream, context.client);
  const keys = words && questionKeys(call, context, scope.runtime.random);
  if (words === undefined || keys === undefined) return;
  const freshUntilMs = atMs + ttlMs;
  answers.set(keys, {
    ...words,
    target,
    call: call.id,
    tenant: call.tenant,
    route,
    atMs,
    freshUntilMs,
    goneAtMs: freshUntilMs + staleIfErrorMs,
  });
}
