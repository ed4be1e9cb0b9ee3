// `/v1/deferred/{id}`: how a deferred call does, its reply once there is one, and the way to cancel it. A job is its tenant's
// alone: to everybody else it does not exist.

import { acceptedHeaders } from "../answers/deferred.ts";
import type { Job } from "../core/deferral.ts";
import { fault } from "../core/fault.ts";
import type { Clock } from "../core/runtime.ts";
import type { Tenant } from "./access.ts";
import type { Deferral } from "./deferral.ts";
import { progress, stateOf } from "./deferred-progress.ts";
import { type Asker, notAllowed, notFound, refuse } from "./refuse.ts";

export const DEFERRED = "/v1/deferred/";

export interface DeferredRequest {
  readonly method: string;
  readonly id: string;
  readonly tenant: Tenant;
  readonly asker: Asker;
  readonly wantsProgress: boolean;
  readonly clock: Clock;
}

export function answerDeferred(deferral: Deferral | undefined, asked: DeferredRequest): Response {
  const { method, id, tenant, asker, wantsProgress, clock } = asked;
  if (method !== "GET" && method !== "HEAD" && method !== "DELETE") return notAllowed(asker, method, "GET, DELETE");
  if (deferral === undefined) return notFound(asker, "This gateway defers nothing: it has no store.");
  try {
    const job = deferral.jobs.find(tenant.name, id);
    if (job === undefined) return notFound(asker, "No such deferred call: it never was, or it is long gone.");
    if (method === "GET" && job.state === "queued" && wantsProgress) {
      return progress(deferral.seats, () => deferral.jobs.find(tenant.name, id), job, clock) ?? told(job, asker);
    }
    if (method !== "DELETE") return told(job, asker);
    return deferral.cancel(tenant.name, id) ? Response.json({ id, state: "cancelled" }) : gone(job, asker);
  } catch {
    return refuse(asker, fault("busy", "The store of deferred calls cannot be read or written at present."));
  }
}

function told(job: Job, asker: Asker): Response {
  const { id, state, reply } = job;
  if (state === "queued") {
    const { "preference-applied": applied, ...headers } = acceptedHeaders(id);
    const facts = { "x-holdfast-served-by": "deferred", "x-holdfast-degraded": "deferred" };
    return Response.json(stateOf(job), { status: 202, headers: { ...headers, ...facts, "cache-control": "no-store" } });
  }
  if (reply === undefined) return gone(job, asker);
  // A Uint8Array is a body; the types disagree on its buffer.
  const { status, headers, body } = reply;
  return new Response(body as BodyInit, { status, headers: { ...headers, "cache-control": "no-store" } });
}

function gone({ state }: Job, asker: Asker): Response {
  return refuse(asker, fault("not-found", `This deferred call is ${state}.`), {}, 410);
}
