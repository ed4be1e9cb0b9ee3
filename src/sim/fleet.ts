// Several gateways in one world, each the real engine with cells of its own, and what they tell each other of the targets:
// over a bus that loses and delays. Who calls which gateway is drawn for each call.

import type { EvidenceBatch } from "../core/evidence.ts";
import type { GatewayEvent } from "../core/gateway-event.ts";
import type { Settings } from "../core/settings.ts";
import { createEngine, type Engine } from "../engine/engine.ts";
import { createPeers, type Peers } from "../engine/peers.ts";
import { createChecker, type Invariant } from "./checkers.ts";
import { randomStream } from "./random.ts";
import type { World } from "./world.ts";

export interface FleetOptions {
  readonly world: World;
  readonly settings: Settings;
  readonly seed: number;
  readonly gateways: number;
  /** Absent: they tell each other nothing. */
  readonly bus?: Bus | undefined;
  /** Until then (on the world's clock) they talk. */
  readonly untilMs: number;
  readonly reader?: (event: GatewayEvent, gateway: number) => void;
}

export interface Bus {
  /** Share of batches that a peer does not get. */
  readonly loss: number;
  /** Each takes between these. */
  readonly delayMs: readonly [number, number];
}

export interface Fleet {
  readonly engines: readonly Engine[];
  /** The gateway that a call with this number comes to. */
  engineOf(number: number): Engine;
  atRest(): void;
  invariants(): readonly Invariant[];
}

const TELL_EVERY_MS = 250;

export function createFleet({ world, settings, seed, gateways, bus, untilMs, reader }: FleetOptions): Fleet {
  const checker = createChecker({ attemptsMax: () => Math.max(...settings.routes.map(({ attempts }) => attempts)) });
  const peers: Peers[] = [];
  const engines = Array.from({ length: gateways }, (_, gateway) => {
    const read = (event: GatewayEvent): void => {
      checker.see(event);
      world.record(event);
      peers[gateway]?.see(event);
      reader?.(event, gateway);
    };
    // Chance of its own: gateways that draw the same numbers would move in step.
    const runtime = { ...world.runtime, random: randomStream(seed, `gateway#${gateway}`) };
    return createEngine({ settings, runtime, maxOutput: () => 4_096, readers: [read] });
  });
  if (bus !== undefined) {
    for (const [gateway, engine] of engines.entries()) peers.push(createPeers(engine, `gateway${gateway}`));
    talk({ world, peers, bus, untilMs, random: randomStream(seed, "bus") });
  }
  const door = randomStream(seed, "door");
  const doors: number[] = [];
  return {
    engines,
    engineOf(number) {
      while (doors.length <= number) doors.push(Math.floor(door() * gateways));
      // There is at least one.
      return engines[doors[number] ?? 0] as Engine;
    },
    atRest: () => checker.atRest({ inFlight: world.inFlight(), timers: world.timers() }),
    invariants: () => checker.invariants(),
  };
}

interface Talk {
  readonly world: World;
  readonly peers: readonly Peers[];
  readonly bus: Bus;
  readonly untilMs: number;
  readonly random: () => number;
}

function talk({ world: { clock }, peers, bus, untilMs, random }: Talk): void {
  const [leastMs, mostMs] = bus.delayMs;
  const deliver = (batch: EvidenceBatch, sender: number): void => {
    for (const [receiver, peer] of peers.entries()) if (receiver !== sender && random() >= bus.loss) peer.hear(batch);
  };
  const tell = (sender: number): void => {
    const batch = peers[sender]?.collect();
    if (batch !== undefined) clock.after(leastMs + random() * (mostMs - leastMs), () => deliver(batch, sender));
    if (clock.now() + TELL_EVERY_MS < untilMs) clock.after(TELL_EVERY_MS, () => tell(sender));
  };
  for (const sender of peers.keys()) clock.after(random() * TELL_EVERY_MS, () => tell(sender));
}
