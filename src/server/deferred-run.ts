// One run of a deferred call: what its tenant may do now, the engine's answer read to its end, and what the client will be given.

import { dialectOf, type Present, unpackCall } from "../answers/packed-call.ts";
import { concat } from "../core/bytes.ts";
import type { DialectId } from "../core/call.ts";
import type { CancelSource } from "../core/cancel.ts";
import type { JobReply } from "../core/deferral.ts";
import { type Fault, fault, isFault } from "../core/fault.ts";
import type { Answer } from "../core/reply.ts";
import { DIALECTS } from "../dialects/registry.ts";
import { answerHeaders, refusal } from "../engine/deliver.ts";
import type { Engine } from "../engine/engine.ts";
import type { WaitingJob } from "../state/deferred-jobs.ts";
import { JOB_BYTES_MAX } from "../state/deferred-room.ts";

/** With `fault`: no answer, and `reply` is what the client is told if it ends with that. */
export interface Run {
  readonly fault?: Fault;
  readonly reply: JobReply;
}

export interface RunOptions {
  /** Of the call that this run is. */
  readonly id: string;
  readonly cancel: CancelSource;
}

const FACTS = { servedBy: "deferred", degraded: "deferred" } as const;
const FACT_HEADERS = { "x-holdfast-served-by": "deferred", "x-holdfast-degraded": "deferred" } as const;

export async function runJob(engine: Engine, job: WaitingJob, { id, cancel }: RunOptions): Promise<Run> {
  const present = presentOf(engine, job.tenant, id);
  const call = isFault(present) ? present : unpackCall(job.call, job.body, present);
  if (isFault(call)) return refusedRun(dialectOf(job.call), id, call, []);
  const { clock } = engine.runtime;
  const startMs = clock.now();
  const reply = await engine.answer(call, cancel);
  if (!reply.ok) return refusedRun(call.dialect, id, reply.fault, reply.trail);
  const body = await readAll(reply);
  if (isFault(body)) return refusedRun(call.dialect, id, body, reply.trail);
  const type = call.stream ? "text/event-stream; charset=utf-8" : "application/json";
  const headers = { ...answerHeaders(id, { ...reply, ...FACTS }, clock.now() - startMs), "content-type": type };
  return { reply: { status: reply.status, headers, body } };
}

/** The job's key may be gone since, or may use other routes. */
function presentOf({ settings: { keys } }: Engine, tenant: string, id: string): Present | Fault {
  const key = keys.find(({ name }) => name === tenant);
  if (key === undefined && (keys.length > 0 || tenant !== "default")) {
    return fault("unauthorized", "The gateway key that deferred this call is no longer valid.");
  }
  return { id, tenant, routes: key?.routes };
}

async function readAll({ frames, ending }: Answer): Promise<Uint8Array | Fault> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = await frames.read();
    if (part === undefined) break;
    length += part.length;
    // It is read to its end all the same, so that everything settles.
    if (length <= JOB_BYTES_MAX) parts.push(part);
  }
  const { kind, fault: reason } = await ending;
  if (length > JOB_BYTES_MAX) return fault("too-large", `The answer is over the limit of ${JOB_BYTES_MAX} bytes.`);
  return kind === "complete" ? concat(parts) : (reason ?? fault("stream-broken", "The answer broke off."));
}

function refusedRun(dialect: DialectId, id: string, reason: Fault, trail: Answer["trail"]): Run {
  const { status, headers, body } = refusal(DIALECTS[dialect].wire, { id }, { ok: false, fault: reason, trail });
  const bytes = body instanceof Uint8Array ? body : new Uint8Array(0);
  return { fault: reason, reply: { status, headers: { ...headers, ...FACT_HEADERS }, body: bytes } };
}
