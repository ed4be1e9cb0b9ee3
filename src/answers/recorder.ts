// Keeps answers behind the calls, never by them: what was delivered waits in a short queue, and is read, hashed and kept when the
// call is over. A queue that is full forgets; a call waits for it only to be given what waits there.

import { standsAt } from "../core/bytes.ts";
import type { Call } from "../core/call.ts";
import type { AnswerKeys, KeptAnswer, KeptAnswers } from "../core/cell.ts";
import type { Told } from "../core/reply.ts";
import type { Clock } from "../core/runtime.ts";
import type { Scope } from "../core/service.ts";
import { type KeyContext, QUESTION_BYTES_MAX, questionKeys } from "./question-key.ts";

const QUEUE_MAX = 256;
/** So many, or half of the bytes, are not waited with. */
const BATCH_MAX = 64;
/** Of questions and answers together. */
const QUEUE_BYTES_MAX = 16_777_216;
/** Many together cost less than each by itself: the code is warm then. */
const BATCH_AFTER_MS = 100;
/** Reading and hashing one takes up to a millisecond: calls under way are let in between. */
const BATCH_MS = 1;
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
  readonly told: Told;
  readonly atMs: number;
  readonly scope: Scope;
  readonly size: number;
}

/** Where kept answers are looked for. */
export interface Shelf {
  /** As `KeptAnswers.get`, and what waits of the very same request, byte for byte, is kept first. */
  find(call: Call, keys: AnswerKeys, aliveAtMs: number): KeptAnswer | undefined;
}

export interface Recorder extends Shelf {
  /** False for a call of which nothing may be kept. */
  wants(call: Call): boolean;
  record(call: Call, target: string, told: Told, scope: Scope): void;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const queue: Waiting[] = [];
  let bytes = 0;
  let disarm: (() => void) | undefined;
  let isSoon = false;
  const arm = (clock: Clock, afterMs: number): void => {
    disarm?.();
    disarm = clock.after(afterMs, () => keepSome(clock));
    isSoon = afterMs < BATCH_AFTER_MS;
  };
  const keepThese = (these: readonly Waiting[]): void => {
    for (const waiting of these) {
      bytes -= waiting.size;
      keepOrTell(options, waiting);
    }
    if (queue.length === 0) options.answers.waiting.delete(keepAll);
  };
  const keepAll = (): void => keepThese(queue.splice(0));
  const keepSome = (clock: Clock): void => {
    disarm = undefined;
    isSoon = false;
    const untilMs = clock.now() + BATCH_MS;
    do keepThese(queue.splice(0, 1));
    while (queue.length > 0 && clock.now() < untilMs);
    if (queue.length > 0) arm(clock, NEXT_BATCH_MS);
  };
  return {
    wants: (call) =>
      call.operation === "generate" && call.cache?.noStore !== true && call.body.length <= QUESTION_BYTES_MAX,
    record(call, target, told, scope) {
      const { clock } = scope.runtime;
      const size = call.body.length + sizeOf(told);
      if (queue.length >= QUEUE_MAX || bytes + size > QUEUE_BYTES_MAX) return;
      bytes += size;
      queue.push({ call, target, told, atMs: clock.now(), scope, size });
      options.answers.waiting.add(keepAll);
      const isMany = queue.length >= BATCH_MAX || bytes > QUEUE_BYTES_MAX / 2;
      if (isMany ? !isSoon : disarm === undefined) arm(clock, isMany ? 0 : BATCH_AFTER_MS);
    },
    find({ body }, keys, aliveAtMs) {
      const isSame = ({ call }: Waiting) => call.body.length === body.length && standsAt(call.body, 0, body);
      // With all before it: what was answered later must be kept later.
      const count = queue.findLastIndex(isSame) + 1;
      if (count > 0) keepThese(queue.splice(0, count));
      return options.answers.get(keys, aliveAtMs);
    },
  };
}

/** Of a stream it is known only once its words are read; it is little. */
function sizeOf(told: Told): number {
  if ("told" in told) return 0;
  return "read" in told ? told.size : told.text.length;
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
  const { call, target, told, atMs, scope } = waiting;
  const words = "told" in told ? told.told() : "read" in told ? told.read() : told;
  const keys = words && questionKeys(call, context, scope.runtime);
  if (words === undefined || keys === undefined) return;
  const freshUntilMs = atMs + ttlMs;
  const kept: { -readonly [Key in keyof KeptAnswer]: KeptAnswer[Key] } = {
    texts: words.text === "" ? [] : [words.text],
    model: words.model,
    target,
    call: call.id,
    tenant: call.tenant,
    route,
    atMs,
    freshUntilMs,
    goneAtMs: freshUntilMs + staleIfErrorMs,
  };
  if (words.calls !== undefined) kept.calls = words.calls;
  const tags = call.cache?.tags;
  if (tags !== undefined) kept.tags = tags;
  answers.set(keys, kept);
}
