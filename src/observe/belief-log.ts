// The changes of belief, with why, for whoever asks later "why did we leave it at 14:12": in memory, bounded, the newest
// of each target. A reader of the one stream.

import type { BeliefCause } from "../core/belief-cause.ts";
import type { BeliefState } from "../core/cell.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";

/** As `/admin/v1/beliefs` shows it. */
export interface BeliefChange {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly from: BeliefState;
  readonly state: BeliefState;
  /** The share of calls that went there first from then on. */
  readonly admission: number;
  /** One sentence. */
  readonly why: string;
  readonly cause: BeliefCause;
}

export interface BeliefLog {
  read(event: GatewayEvent): void;
  /** Newest first. */
  of(target: string): readonly BeliefChange[];
  /** The change that held at a moment, in milliseconds since the Unix epoch, and why it was out of rotation if it was. */
  at(target: string, wallMs: number): { readonly held: BeliefChange; readonly left?: BeliefChange } | undefined;
}

const CHANGES_MAX = 50;
const TARGETS_MAX = 1_000;

export function createBeliefLog(wallMs: () => number): BeliefLog {
  const targets = new Map<string, BeliefChange[]>();
  return {
    read(event) {
      if (event.type !== "belief" || event.cause === undefined) return;
      const { target, from, state, admission, cause } = event;
      let changes = targets.get(target);
      if (changes === undefined) {
        const oldest = targets.size >= TARGETS_MAX ? targets.keys().next().value : undefined;
        if (oldest !== undefined) targets.delete(oldest);
        changes = [];
        targets.set(target, changes);
      }
      const at = new Date(wallMs()).toISOString();
      changes.unshift({ at, from, state, admission, why: whyChanged({ from, state, admission, cause }), cause });
      changes.length = Math.min(changes.length, CHANGES_MAX);
    },
    of: (target) => targets.get(target) ?? [],
    at(target, moment) {
      const past = (targets.get(target) ?? []).filter(({ at }) => Date.parse(at) <= moment);
      const [held] = past;
      if (held === undefined) return undefined;
      const left = held.state === "healthy" ? undefined : past.find(({ state }) => state === "ejected");
      return left === undefined ? { held } : { held, left };
    },
  };
}

interface Changed {
  readonly from: BeliefState;
  readonly state: BeliefState;
  readonly admission: number;
  readonly cause: BeliefCause;
}

/** One sentence for people. */
function whyChanged({ from, state, admission, cause }: Changed): string {
  if (from === state) return whyHalved(admission, cause);
  switch (state) {
    case "probation":
      return "a probe succeeded; it takes more of them before calls go there again";
    case "ramp":
      return "enough probes succeeded: a growing share of its calls goes there again";
    case "healthy":
      return from === "ramp" ? "all of its calls went there again, and they succeed" : "its calls succeed again";
    case "suspect":
      return `${evidenceText(cause)}, half of the ${cause.ejectAt} at which it is left${saidText(cause)}`;
    case "ejected":
      if (from === "ramp") return `calls that went there again failed${saidText(cause)}`;
      if (from === "probation") return "probes failed again";
      return `left: ${evidenceText(cause)}, and ${cause.ejectAt} is enough${saidText(cause)}`;
  }
}

/** What the page's word does where few calls tell. */
function whyHalved(admission: number, cause: BeliefCause): string {
  if (admission >= 1)
    return "its calls are enough to tell, or its status page says it is down no more: all of them go there";
  const rest =
    admission > 0 ? "half of them go there first, and it is probed" : "a probe failed, too: none goes there first";
  return `too few calls come to tell; ${rest}${saidText(cause)}`;
}

function evidenceText({ outcomes, silence, siblings, page }: BeliefCause): string {
  const parts: readonly (readonly [number, string])[] = [
    [outcomes, "failed calls"],
    [silence, "calls without an answer"],
    [siblings, "failures of other models there"],
    [page, "its status page beside them"],
  ];
  const told = parts.filter(([weight]) => weight > 0).map(([weight, what]) => `${what} weigh ${weight}`);
  return told.length === 0 ? "no evidence of its own" : told.join(", ");
}

function saidText({ said }: BeliefCause): string {
  if (said === undefined) return "; what its status page said is not known";
  if (said.health === "operational") return "; its status page said that all was well";
  const { incident } = said;
  return `; its status page said ${said.health.replaceAll("_", " ")}${incident === undefined ? "" : ` (${incident.title})`}`;
}
