// A call that is answered later: what a client asked for, and what those who hold such jobs promise. Where they are kept is
// state/, who runs them is server/.

import type { HeaderMap } from "./runtime.ts";

/** `queued` is waiting or running, `dead` was given up after too many failures; both `done` and `dead` have a reply. */
export type JobState = "queued" | "done" | "dead" | "expired" | "cancelled";

/** Where the client is told that its call is over. */
export interface Callback {
  /** Somewhere public, over TLS: checked each time that it is used. */
  readonly url: string;
  /** Of Standard Webhooks: what the message is signed with. */
  readonly secret: string;
}

/** `Prefer: respond-async` (RFC 7240), with the client's own `Idempotency-Key`; `due`: a job of ours, run now. */
export type DeferWish = { readonly key?: string; readonly callback?: Callback } | "due";

/** What becomes of the call in the end. */
export interface JobReply {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
}

export interface NewJob {
  readonly tenant: string;
  readonly route: string;
  /** The same tenant's job of the same name is the same job. */
  readonly name: string;
  /** The client gave the name: it is remembered for as long as the reply. Otherwise it ends with the waiting. */
  readonly named: boolean;
  /** Of the call itself: another one may not take the same name. */
  readonly hash: string;
  /** What the call is beside its body, as its reader wrote it. */
  readonly call: string;
  readonly body: Uint8Array;
  readonly callback?: Callback;
}

export interface Job {
  readonly id: string;
  readonly tenant: string;
  readonly route: string;
  readonly hash: string;
  readonly state: JobState;
  /** Among the waiting jobs of its tenant, from 1; 0 once it does not wait. */
  readonly position: number;
  readonly running: boolean;
  readonly reply?: JobReply;
}

export interface DeferralDesk {
  /** How many wait, those that are just being written included. */
  readonly waitingNow: number;
  /** The job of that name, unless it expired or was cancelled. Throws when the store cannot be read. */
  named(tenant: string, name: string): Job | undefined;
  /** Resolves once the job is safe on disk; or with why it is not, in words. `wrong`: the client's own header at fault. Never rejects. */
  enqueue(
    job: NewJob,
  ): Promise<Pick<Job, "id" | "position" | "hash"> | { readonly problem: string; readonly wrong?: string }>;
}

/** Set where there is a store; a route's rung reads it with each call. */
export interface DeferralCell {
  desk: DeferralDesk | undefined;
}
