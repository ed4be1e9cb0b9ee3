// `GET /admin/v1/deferred`: which calls were deferred and how they do, the newest first. Neither prompts nor replies.

import { type AdminFault, adminFault } from "./admin-fault.ts";
import type { Deferral } from "./deferral.ts";

const LISTED_MAX = 200;

export function listDeferred(deferral: Pick<Deferral, "jobs"> | undefined) {
  if (deferral === undefined) return adminFault(404, "not-found", "This gateway defers nothing: it has no store.");
  const { jobs } = deferral;
  try {
    const listed = jobs
      .list(LISTED_MAX)
      .map(({ createdMs, status, givenUp, callbackAttempts, callbackProblem, ...job }) => ({
        ...job,
        createdAt: new Date(createdMs).toISOString(),
        ...(status !== null && { status }),
        ...(givenUp !== null && {
          callback: {
            state: givenUp === 0 ? "waiting" : "given-up",
            attempts: callbackAttempts,
            ...(callbackProblem !== null && { problem: callbackProblem }),
          },
        }),
      }));
    const { jobs: kept, bytes, waiting } = jobs.counts;
    return { waiting, kept, bytes, deferred: listed };
  } catch {
    return storeFails();
  }
}

function storeFails(): AdminFault {
  return adminFault(503, "store-failed", "The store of deferred calls cannot be read at present.");
}
