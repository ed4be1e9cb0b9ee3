// One question that Holdfast asks on its own and how it was answered, as a fact: a probe of a target under suspicion, or a
// canary. Who asks, when and what it may cost are others' business.

import type { DialectId } from "../core/call.ts";
import { CancelSource } from "../core/cancel.ts";
import { FAULTS, type Fault, fault, isFault } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Reply } from "../core/reply.ts";
import type { Runtime } from "../core/runtime.ts";
import type { Scope, Service } from "../core/service.ts";
import type { Target } from "../core/target.ts";
import { type ProbeCall, probeCall } from "./probe-call.ts";

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

/** `undefined`: it says nothing of the target, since it was we who asked wrongly. Nothing else is told of it. */
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
    const asked = probeCall({ id, dialect, model: target.model, limitKey });
    const found = isFault(asked) ? asked : await ended(await send(asked, { runtime, cancel, emit }));
    const ok = verdictOn(found);
    if (ok === undefined) return undefined;
    const atMs = clock.now();
    const { status, requestId, account, usage } = end ?? {};
    const fact: ProbeFact = { type: "probe", atMs, call: id, target: target.id, ok, tookMs: atMs - beganMs };
    return { ...fact, ...(canary && { canary }), fault: found?.kind, status, requestId, account, usage };
  } finally {
    disarm();
  }
}

/** Reads an answer to its end; what it says is of no interest. */
async function ended(reply: Reply): Promise<Fault | undefined> {
  if (!reply.ok) return reply.fault;
  while ((await reply.frames.read()) !== undefined);
  return (await reply.ending).fault;
}

/** Undefined: it was we who asked wrongly. One token may be spent on thinking: empty is no fault here. */
function verdictOn(found: Fault | undefined): boolean | undefined {
  if (found === undefined || found.kind === "empty-reply") return true;
  return FAULTS[found.kind].blame === "caller" ? undefined : false;
}
