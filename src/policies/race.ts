// Two attempts of one call side by side. The first to receive content wins; the other is cancelled, by its token while it is
// pending and by `cancel` if its answer still arrives. What is started and whether, the caller says; no rule is in here.

import { CancelSource } from "../core/cancel.ts";
import { FAULTS, fault } from "../core/fault.ts";
import type { Reply } from "../core/reply.ts";
import type { Scope } from "../core/service.ts";

/** A loser that does not end at its cancellation is not waited for. */
const LOSER_MS = 100;

/** Begins an attempt in a scope of its own. */
export type Start = (scope: Scope) => Promise<Reply>;

export interface Racing {
  readonly delayMs: number;
  readonly first: Start;
  /** Called once the delay has passed without content; `undefined`: the first goes on alone. */
  second(): { readonly start: Start /** The first is given up for it. */; readonly instead: boolean } | undefined;
}

export interface Leg {
  /** 0 the first, 1 the second. */
  readonly place: number;
  /** Absent: a loser that did not end in time when it was cancelled. */
  readonly reply: Reply | undefined;
  readonly ms: number;
}

export interface Raced {
  /** In the order in which they ended; the one that decides is last. At least one. */
  readonly legs: readonly Leg[];
}

interface Running {
  readonly place: number;
  readonly cancel: CancelSource;
  readonly beganMs: number;
  reply: Reply | undefined;
}

export function race(scope: Scope, racing: Racing): Promise<Raced> {
  return new Promise((resolve, reject) => new Race(scope, racing, { resolve, reject }));
}

interface Told {
  resolve(raced: Raced): void;
  reject(bug: unknown): void;
}

class Race {
  readonly #scope: Scope;
  readonly #running: Running[] = [];
  readonly #ended: Running[] = [];
  readonly #told: Told;
  #winner: Running | undefined;
  #disarm: () => void;
  #over = false;

  constructor(scope: Scope, racing: Racing, told: Told) {
    this.#scope = scope;
    this.#told = told;
    this.#disarm = scope.runtime.clock.after(racing.delayMs, () => this.#late(racing));
    this.#begin(racing.first);
  }

  #late(racing: Racing): void {
    if (this.#winner !== undefined || this.#scope.cancel.fault !== undefined) return;
    const second = racing.second();
    if (second === undefined) return;
    if (second.instead) this.#supersede(this.#running[0]);
    this.#begin(second.start);
  }

  #begin(start: Start): void {
    const cancel = new CancelSource();
    const off = this.#scope.cancel.onCancel((reason) => cancel.cancel(reason));
    const beganMs = this.#scope.runtime.clock.now();
    const leg: Running = { place: this.#running.length, cancel, beganMs, reply: undefined };
    this.#running.push(leg);
    void start({ ...this.#scope, cancel, heard: () => this.#win(leg) }).then(
      (reply) => {
        // The scope's end must reach an answer for as long as it lives.
        if (reply.ok) void Promise.resolve(reply.ending).then(off);
        else off();
        this.#end(leg, reply);
      },
      (bug: unknown) => {
        off();
        this.#bug(bug);
      },
    );
  }

  #win(leg: Running): void {
    if (this.#winner !== undefined || leg.cancel.fault !== undefined) return;
    this.#winner = leg;
    this.#disarm();
    for (const other of this.#running) if (other !== leg) this.#supersede(other);
  }

  #supersede(leg: Running | undefined): void {
    leg?.cancel.cancel(fault("superseded", "another attempt of the same call was faster"));
  }

  #end(leg: Running, reply: Reply): void {
    if (this.#over) {
      if (reply.ok) reply.cancel.cancel(fault("superseded", "it came when the call was over"));
      return;
    }
    leg.reply = reply;
    this.#ended.push(leg);
    if (reply.ok) this.#win(leg);
    if (reply.ok && this.#winner !== leg) this.#drop(leg, reply);
    // What is final for every target needs no second opinion.
    else if (!reply.ok && FAULTS[reply.fault.kind].retry === "never") this.#win(leg);
    if (this.#ended.length === this.#running.length) this.#finish();
    else if (this.#winner?.reply !== undefined) {
      this.#disarm = this.#scope.runtime.clock.after(LOSER_MS, () => this.#finish());
    }
  }

  #drop(leg: Running, reply: Extract<Reply, { ok: true }>): void {
    const reason = fault("superseded", "another attempt of the same call was faster");
    reply.cancel.cancel(reason);
    leg.reply = { ok: false, fault: reason, trail: reply.trail.map((record) => ({ ...record, fault: reason.kind })) };
  }

  #finish(): void {
    this.#over = true;
    this.#disarm();
    const nowMs = this.#scope.runtime.clock.now();
    const legs = this.#running.map(({ place, reply, beganMs }) => ({ place, reply, ms: Math.round(nowMs - beganMs) }));
    const last = (this.#winner ?? this.#ended.at(-1))?.place ?? 0;
    legs.sort((a, b) => Number(a.place === last) - Number(b.place === last));
    this.#told.resolve({ legs });
  }

  /** A throw is the engine's to report; nothing may be left in flight by it. */
  #bug(bug: unknown): void {
    this.#over = true;
    this.#disarm();
    for (const leg of this.#running) {
      this.#supersede(leg);
      if (leg.reply?.ok === true) leg.reply.cancel.cancel(fault("superseded", "the call failed inside"));
    }
    this.#told.reject(bug);
  }
}
