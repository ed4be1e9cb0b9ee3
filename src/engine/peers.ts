// Evidence between gateways: reads this engine's facts into batches for its peers, and lets what they tell move its own
// beliefs by the same rules, at a discount. It sends nothing itself, and nothing here is awaited by a call.

import type { BeliefCell } from "../core/cell.ts";
import type { Evidence, EvidenceBatch, PeerOutcome, ProbeVerdict } from "../core/evidence.ts";
import { FAULTS } from "../core/fault.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import { type Believed, type Change, causeOf, note, probed } from "../health/belief.ts";
import { placeOf } from "../health/ramp.ts";
import { countOne } from "../health/rate.ts";
import { suspectsItself } from "../health/self.ts";
import type { Engine } from "./engine.ts";

/** Of what it would weigh if it had happened here. */
const DISCOUNT = 0.75;
const OUTCOMES_MAX = 1_000;
/** Silence while the sender kept the provider waiting is not the provider's. */
const PAUSED_MS = 5_000;
/** A peer that said nothing for so long is not counted on. */
const HEARD_MS = 5_000;
const PEERS_MAX = 1_000;

export interface Peers {
  /** A reader of this engine's facts. */
  see(event: GatewayEvent): void;
  /** What happened since the last time; absent: nothing to tell. */
  collect(): EvidenceBatch | undefined;
  /** What a peer told. Wrong or hostile values move nothing out of its bounds. */
  hear(batch: EvidenceBatch): void;
}

interface Told {
  offered: number;
  attempted: number;
  outcomes: PeerOutcome[];
  probes: ProbeVerdict[];
}

interface Known {
  readonly id: string;
  readonly identity: string;
  readonly believed: Believed;
  told: Told;
}

/** `id` is this gateway's name in the fleet. */
export function createPeers(engine: Engine, id: string): Peers {
  const known = new Map<string, Known>();
  const byIdentity = new Map<string, Known>();
  for (const { keyed, targets } of engine.routes.compiled()) {
    for (const [place, { identity }] of keyed.entries()) {
      const target = targets[place];
      if (target === undefined || known.has(target.id)) continue;
      const { cells } = engine;
      const { domain, model } = target;
      const believed = { cell: cells.belief(identity), pool: cells.pool(domain), model, self: cells.self, domain };
      const one = { id: target.id, identity, believed, told: nothingYet() };
      known.set(target.id, one);
      byIdentity.set(identity, one);
    }
  }
  const { clock } = engine.runtime;
  const heardAtMs = new Map<string, number>();
  /** One of those who see a target sick asks it, the others listen: the first by a hash that all agree on. */
  const isOutranked = (identity: string): boolean => {
    const nowMs = clock.now();
    const own = rankOf(id, identity);
    for (const [peer, atMs] of heardAtMs) if (nowMs - atMs < HEARD_MS && rankOf(peer, identity) < own) return true;
    return false;
  };
  return {
    see(event) {
      see(engine, known, event);
      if (event.type !== "belief" || (event.state !== "suspect" && event.state !== "ejected")) return;
      const one = known.get(event.target);
      if (one !== undefined && isOutranked(one.identity)) one.believed.cell.probedAtMs = event.atMs;
    },
    collect() {
      // Whoever has lost the network itself has nothing to say of others.
      const silent = suspectsItself(engine.cells.self, clock.now());
      const targets = [...known.values()].flatMap((one) => collected(one, silent));
      return targets.length === 0 ? undefined : { from: id, targets };
    },
    hear({ from, targets }) {
      if (heardAtMs.size < PEERS_MAX || heardAtMs.has(from)) heardAtMs.set(from, clock.now());
      for (const evidence of targets) {
        const one = byIdentity.get(evidence.identity);
        if (one === undefined || from === id) continue;
        if (evidence.onDuty && rankOf(from, one.identity) < rankOf(id, one.identity)) {
          one.believed.cell.probedAtMs = clock.now();
        }
        heard(engine, one, evidence);
      }
    },
  };
}

function nothingYet(): Told {
  return { offered: 0, attempted: 0, outcomes: [], probes: [] };
}

function rankOf(gateway: string, identity: string): number {
  return placeOf(`${gateway}\n${identity}`);
}

function see(engine: Engine, known: ReadonlyMap<string, Known>, event: GatewayEvent): void {
  if (event.type === "call-start") {
    for (const { id } of engine.routes.get(event.route)?.targets ?? []) {
      const one = known.get(id);
      if (one !== undefined) one.told.offered++;
    }
  } else if (event.type === "attempt-start") {
    const one = known.get(event.target);
    if (one !== undefined) one.told.attempted++;
  } else if (event.type === "attempt-end") {
    const told = known.get(event.target)?.told;
    const outcome = outcomeOf(event);
    if (told !== undefined && outcome !== undefined && told.outcomes.length < OUTCOMES_MAX) told.outcomes.push(outcome);
  } else if (event.type === "probe" && event.canary !== true) {
    known.get(event.target)?.told.probes.push(shownBy(event));
  }
}

function shownBy({ ok, answer }: Extract<GatewayEvent, { type: "probe" }>): ProbeVerdict {
  if (!ok) return "sick";
  return answer === "right" ? "well" : "unproven";
}

/** As belief takes it here; `undefined`: it says nothing of the provider. */
function outcomeOf(event: Extract<GatewayEvent, { type: "attempt-end" }>): PeerOutcome | undefined {
  const { tookMs, pausedMs } = event;
  const kind = event.fault ?? event.flaw;
  if (kind === undefined) return { failed: false, weight: 1, agoMs: tookMs };
  const { blame, evidence } = FAULTS[kind];
  if (evidence === 0 || pausedMs > PAUSED_MS || (blame !== "provider" && blame !== "network")) return undefined;
  return { failed: true, weight: evidence, agoMs: tookMs };
}

function collected(one: Known, silent: boolean): Evidence[] {
  const { told, identity, believed } = one;
  const onDuty = !silent && isSick(believed.cell);
  const isEmpty = told.offered + told.attempted + told.outcomes.length + told.probes.length === 0;
  if (isEmpty && !onDuty) return [];
  one.told = nothingYet();
  const said = silent ? { outcomes: [], probes: [] } : { outcomes: told.outcomes, probes: told.probes };
  return [{ identity, offered: told.offered, attempted: told.attempted, ...said, onDuty }];
}

function isSick({ state }: BeliefCell): boolean {
  return state !== "healthy" && state !== "ramp";
}

function heard(engine: Engine, { id, believed }: Known, evidence: Evidence): void {
  const { clock, random } = engine.runtime;
  const moment = { nowMs: clock.now(), random };
  const { cell } = believed;
  const tell = (change: Change | undefined): void => {
    if (change === undefined) return;
    const { nowMs: atMs } = moment;
    const cause = causeOf(believed, atMs);
    engine.emit({ type: "belief", atMs, call: "", target: id, domain: believed.domain, ...change, cause });
  };
  for (let count = bounded(evidence.offered); count > 0; count--) countOne(cell.offered, moment.nowMs);
  for (let count = bounded(evidence.attempted); count > 0; count--) countOne(cell.attempted, moment.nowMs);
  for (const { failed, weight, agoMs } of evidence.outcomes.slice(0, OUTCOMES_MAX)) {
    if (!(weight > 0 && weight <= 2 && agoMs >= 0)) continue;
    const beganMs = moment.nowMs - agoMs;
    tell(note(believed, { failed, weight: DISCOUNT * weight, beganMs, last: true }, moment));
  }
  // A probe counts where it was asked for: among those who hold the target for sick.
  if (!isSick(cell)) return;
  for (const verdict of evidence.probes.slice(0, OUTCOMES_MAX)) tell(probed(believed, verdict, moment));
}

function bounded(count: number): number {
  return Number.isFinite(count) ? Math.min(OUTCOMES_MAX, Math.max(0, Math.floor(count))) : 0;
}
