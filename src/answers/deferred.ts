// A call that no target can answer is written down, where its client asked for that, and its client told where the answer will
// be. What the store or the room for it does not allow is said in the error, which stays that of the outage.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Call } from "../core/call.ts";
import type { DeferralCell, DeferralDesk, Job, JobReply, NewJob } from "../core/deferral.ts";
import { fault } from "../core/fault.ts";
import type { Outage, Rung } from "../core/last-resort.ts";
import { OneFrame } from "../core/one-frame.ts";
import { type Answer, type Ending, NOTHING_TO_CANCEL, type Refusal, type Reply } from "../core/reply.ts";
import { packCall } from "./packed-call.ts";

export const DEFERRED_TARGET = "holdfast/deferred";
/** When it is worth asking again. */
export const POLL_S = 5;

export function deferred(cell: DeferralCell, route: string): Rung {
  return {
    tellsWhy: true,
    before: (call) => before(cell.desk, call),
    serve: (outage) => async (call) => {
      if (call.defer === undefined || call.defer === "due") return { ok: false, fault: outage.fault, trail: [] };
      if (call.operation === "count-tokens") return refused(outage, "a count of tokens is of no use later");
      if (cell.desk === undefined) return refused(outage, "this gateway has no store");
      const job = newJob(call, route);
      const made = await cell.desk.enqueue(job);
      if ("problem" in made)
        return made.wrong === undefined ? refused(outage, made.problem) : wrongHeader(made.wrong, made.problem);
      return made.hash === job.hash ? accepted(call, made) : otherCall();
    },
  };
}

/** The same call again is the same job: told before any target is asked. */
function before(desk: DeferralDesk | undefined, call: Call): Reply | undefined {
  const { defer } = call;
  if (desk === undefined || defer === undefined || defer === "due") return undefined;
  if (defer.key === undefined && desk.waitingNow === 0) return undefined;
  const hash = hashOf(call);
  const job = find(desk, call, nameOf(call, hash));
  if (job === undefined) return undefined;
  if (job.hash !== hash) return otherCall();
  return job.reply === undefined ? accepted(call, job) : told(call, job.reply);
}

/** A store that cannot be read costs no call anything. */
function find(desk: DeferralDesk, { tenant }: Call, name: string): Job | undefined {
  try {
    return desk.named(tenant, name);
  } catch {
    return undefined;
  }
}

function newJob(call: Call, route: string): NewJob {
  const hash = hashOf(call);
  const named = typeof call.defer === "object" && call.defer.key !== undefined;
  const callback = typeof call.defer === "object" ? call.defer.callback : undefined;
  const made = {
    tenant: call.tenant,
    route,
    name: nameOf(call, hash),
    named,
    hash,
    call: packCall(call),
    body: call.body,
  };
  return callback === undefined ? made : { ...made, callback };
}

function nameOf({ defer }: Call, hash: string): string {
  const key = typeof defer === "object" ? defer.key : undefined;
  return key === undefined ? `call ${hash}` : `key ${bytesToHex(sha256(utf8ToBytes(key)))}`;
}

/** Asked before the targets and after them: a long prompt is hashed once. */
const hashes = new WeakMap<Call, string>();

function hashOf(call: Call): string {
  const known = hashes.get(call);
  if (known !== undefined) return known;
  const hash = makeHash(call);
  hashes.set(call, hash);
  return hash;
}

function makeHash(call: Call): string {
  const { dialect, operation, query, headers, body } = call;
  // Trace headers are those of one request.
  const { traceparent, tracestate, ...asked } = headers;
  const rest = sha256
    .create()
    .update(utf8ToBytes(JSON.stringify([dialect, operation, query, Object.entries(asked).sort()])));
  return bytesToHex(rest.update(body).digest());
}

function accepted(call: Call, { id, position }: Pick<Job, "id" | "position">): Answer {
  const body = new TextEncoder().encode(JSON.stringify({ id, state: "queued", position }));
  return told(call, { status: 202, headers: acceptedHeaders(id), body });
}

/** RFC 7240 and RFC 9110 §15.3.3. */
export function acceptedHeaders(id: string): Readonly<Record<string, string>> {
  return {
    "content-type": "application/json",
    location: `/v1/deferred/${id}`,
    "retry-after": String(POLL_S),
    "preference-applied": "respond-async",
  };
}

function told(call: Call, { status, headers, body }: JobReply): Answer {
  const ending: Ending = { kind: "complete", firstContentMs: 0, tookMs: 0, pausedMs: 0 };
  return {
    ok: true,
    target: headers["x-holdfast-target"] ?? DEFERRED_TARGET,
    dialect: call.dialect,
    status,
    headers,
    frames: new OneFrame(body),
    ending,
    servedBy: "deferred",
    degraded: "deferred",
    lossy: [],
    trail: [],
    cancel: NOTHING_TO_CANCEL,
  };
}

function refused({ fault: reason }: Outage, why: string): Refusal {
  const { retryAfterMs } = reason;
  const message = `No target could answer, and the call was not deferred: ${why}.`;
  return { ok: false, fault: fault("busy", message, retryAfterMs === undefined ? {} : { retryAfterMs }), trail: [] };
}

function wrongHeader(header: string, why: string): Refusal {
  const message = `The call was not deferred: the header ${header} is not valid; ${why}.`;
  return { ok: false, fault: fault("invalid-request", message, { param: header }), trail: [] };
}

function otherCall(): Refusal {
  const message = "This idempotency-key was used for another call; a new call needs a new key.";
  return { ok: false, fault: fault("invalid-request", message, { param: "idempotency-key" }), trail: [] };
}
