// One question that Holdfast asks on its own and how it was answered, as a fact: a probe of a target under suspicion, or a
// canary. Who asks, when and what it may cost are others' business.

import type { Call, DialectId } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { FAULTS, type Fault, fault, isFault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Reply } from "../core/reply.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Scope, Service } from "../core/service.ts";
import type { Target } from "../core/target.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { FrameCutter } from "../dialects/sse.ts";
import { answerIn, type ProbeAnswer } from "../health/probe-answer.ts";
import { drawSum, type ProbeCall, probeCall, type Sum } from "./probe-call.ts";
import { Hearing } from "./usefulness.ts";

type Event<Type extends GatewayEvent["type"]> = Extract<GatewayEvent, { type: Type }>;
export type ProbeFact = Event<"probe">;

export interface OwnQuestion extends Pick<ProbeCall, "id" | "limitKey"> {
  /** What it is asked in. */
  readonly dialect: DialectId;
  readonly target: Target;
  /** One attempt, outside of any pursuit. */
  readonly send: Service;
  readonly canary?: true;
}

/** Whoever says nothing for so long has failed. */
const LIMIT_MS = 10_000;

/** More is not read of what was to be one token. */
const HEARD_CHARS = 64;
const FRAME_BYTES_MAX = 65_536;

/**
 * `undefined`: it says nothing of the target, since it was we who asked wrongly. Nothing else is told of it. `ok`: it answered,
 * whatever it said.
 */
export async function askOwn(question: OwnQuestion, runtime: Runtime): Promise<ProbeFact | undefined> {
  const { id, dialect, target, limitKey, send, canary } = question;
  const { clock } = runtime;
  const beganMs = clock.now();
  const cancel = new CancelSource();
  const disarm = clock.after(LIMIT_MS, () =>
    cancel.cancel(fault("first-token-timeout", "the probe was not answered in time")),
  );
  let end: Event<"attempt-end"> | undefined;
  // No attempt of a call: it has a fact of its own.
  const emit: Scope["emit"] = (event) => {
    if (event.type === "attempt-end") end = event;
  };
  try {
    const sum = drawSum(runtime.random);
    const asked = probeCall({ id, dialect, model: target.model, limitKey, sum });
    const found = isFault(asked) ? asked : await heard(asked, await send(asked, { runtime, cancel, emit }), sum);
    if (isFault(found) && FAULTS[found.kind].blame === "caller") return undefined;
    const atMs = clock.now();
    const { status, requestId, account, usage } = end ?? {};
    const about = { type: "probe", atMs, call: id, target: target.id, tookMs: atMs - beganMs } as const;
    const told = { ...about, ...(canary && { canary }), status, requestId, account, usage };
    return isFault(found) ? { ...told, ok: false, fault: found.kind } : { ...told, ok: true, answer: found };
  } finally {
    disarm();
  }
}

/** Reads an answer to its end. */
async function heard({ dialect }: Call, reply: Reply, { first, second }: Sum): Promise<ProbeAnswer | Fault> {
  if (!reply.ok) return emptyOr(reply.fault);
  const hearing = new Hearing(false, HEARD_CHARS);
  const decoder = DIALECTS[dialect].codec.decoder();
  const cutter = new FrameCutter(FRAME_BYTES_MAX);
  for (;;) {
    const bytes = await reply.frames.read();
    if (bytes === undefined) break;
    for (const frame of cutter.push(bytes)) for (const event of decoder.decode(frame)) hearing.hear(event);
  }
  const { fault: found } = await reply.ending;
  return found === undefined ? answerIn(hearing.text, first + second) : emptyOr(found);
}

/** A success without content is an answer: how much of one is for its habits to tell. */
function emptyOr(found: Fault): ProbeAnswer | Fault {
  return found.kind === "empty-reply" ? "nothing" : found;
}
